"""Witnesses as files: what is saved can be run again, and fails as long as the fault is there."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from popek.cli.main import popek
from popek.library.witness_files import shows


@pytest.mark.parametrize(
    ("isa", "blame", "claim"),
    [
        ("jrst1", "jsu", "equivalence"),
        ("spill", "st", "isolation"),
        ("open-disk", "disk", "resource_control"),
        ("add-traps", "add", "efficiency"),
    ],
)
def test_a_saved_guest_shows_the_fault_on_the_faulty_isa_alone(
    isa: str, blame: str, claim: str, tmp_path: Path
) -> None:
    """The program that was written shows the refutation again, and nothing on `classic`."""
    done = CliRunner().invoke(popek, ["prove", isa, "--property", claim.replace("_", "-"), "--save", str(tmp_path)])
    assert done.exit_code == 0, done.output
    (program,) = tmp_path.glob("*.s")
    text = program.read_text(encoding="utf-8")
    assert shows(text, isa, "trap-and-emulate", claim, blame)
    assert shows(text, "classic", "trap-and-emulate", claim, blame) is None


def test_a_saved_test_fails_on_the_faulty_isa_and_passes_once_it_is_mended(tmp_path: Path) -> None:
    """With an ISA of flags, the test reads it from the file beside it, where it can be mended."""
    arguments = ["prove", "classic", "--execute", "getmode", "--property", "equivalence", "--save", str(tmp_path)]
    assert CliRunner().invoke(popek, arguments).exit_code == 0
    assert _pytest(tmp_path) == 1
    isa = tmp_path / "isa.toml"
    isa.write_text(
        isa.read_text(encoding="utf-8").replace('getmode = "executes"', 'getmode = "traps"'), encoding="utf-8"
    )
    assert _pytest(tmp_path) == 0


def _pytest(folder: Path) -> int:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    return subprocess.run(command, capture_output=True, check=False, cwd=folder).returncode
