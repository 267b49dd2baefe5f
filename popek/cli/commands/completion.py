"""`popek completion`: the script that teaches a shell our names."""

import click
from click.shell_completion import ShellComplete, get_completion_class

from popek.cli import options
from popek.cli.terminal import write


@click.command("completion")
@click.argument("shell", metavar="SHELL", type=options.OneOf("bash", "zsh", "fish"))
@click.pass_context
def command(ctx: click.Context, shell: str) -> int:
    """Print the completion script for SHELL: bash, zsh or fish.

    In bash: eval "$(popek completion bash)".
    """
    found = get_completion_class(shell)
    assert found is not None, shell
    write(ShellComplete.source(found(ctx.find_root().command, {}, "popek", "_POPEK_COMPLETE")) + "\n")
    return 0
