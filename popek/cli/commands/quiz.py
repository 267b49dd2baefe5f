"""`popek quiz`: questions made from a seed, and their answers."""

import click

from popek.cli import options
from popek.cli.options import Number
from popek.cli.progress import waiting
from popek.cli.terminal import answer
from popek.exercises import topics
from popek.language.phrase import say


@click.command("quiz")
@click.argument("topic", required=False)
@click.option("-s", "--seed", type=Number(), default=0, help="Which question (0): the same seed asks the same.")
@click.option("-c", "--solve", is_flag=True, help="Print the answer as well, and why.")
@options.as_json
def command(*, topic: str | None, seed: int, solve: bool, as_json: bool) -> int:
    """Ask a question about TOPIC; without one, list the topics.

    Answers are found by proof or by running the guest, when they are asked for.
    """
    with waiting(say("finding the answer")):
        question = topics.quiz(topic, seed, solve=solve)
    answer("quiz", question, as_json=as_json)
    return 0
