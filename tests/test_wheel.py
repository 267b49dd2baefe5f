"""What is built is complete: every file of the package is in the wheel, and the program runs from there alone."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tarfile import open as open_tar

import pytest

ROOT = Path(__file__).parents[1]


def _build(target: str, directory: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(directory)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = directory.iterdir()
    return built


def _sources() -> dict[str, bytes]:
    """Return every file of the package by name, as it is in the source tree."""
    files = (p for p in (ROOT / "popek").rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return {p.relative_to(ROOT).as_posix(): p.read_bytes() for p in files}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a wheel that was built and unpacked."""
    unpacked = tmp_path_factory.mktemp("unpacked")
    shutil.unpack_archive(_build("wheel", tmp_path_factory.mktemp("wheel")), unpacked, "zip")
    return unpacked


def test_the_wheel_has_every_file_of_the_package(wheel: Path) -> None:
    """Programs, schemas and the marker of typed packages are as little forgotten as code."""
    there = {p.relative_to(wheel).as_posix(): p.read_bytes() for p in (wheel / "popek").rglob("*") if p.is_file()}
    assert there == _sources()
    assert {"popek/py.typed", "popek/guests/hello.s"} <= there.keys()


def test_the_wheel_has_a_program(wheel: Path) -> None:
    """The metadata names the program and the licence."""
    (info,) = wheel.glob("*.dist-info")
    assert "popek = popek.cli.main:run" in (info / "entry_points.txt").read_text(encoding="utf-8")
    assert (info / "licenses" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["guests"],
        ["isa", "classic"],
        ["run", "hello", "--monitor", "trap-and-emulate"],
        ["verdict", "classic", "--json"],
    ],
    ids=" ".join,
)
def test_the_program_runs_from_the_wheel(wheel: Path, tmp_path: Path, arguments: list[str]) -> None:
    """Elsewhere, with the wheel's package and not the source tree's, it does what it should."""
    environment = {**os.environ, "PYTHONPATH": str(wheel)}
    where = subprocess.run(
        [sys.executable, "-c", "import popek; print(popek.__file__)"],
        cwd=tmp_path, env=environment, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert Path(where.stdout.strip()).is_relative_to(wheel)
    done = subprocess.run(
        [sys.executable, "-m", "popek", *arguments],
        cwd=tmp_path, env=environment, check=False, capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def test_the_source_archive_is_complete(tmp_path: Path) -> None:
    """From it the tests can be run and the documents written."""
    with open_tar(_build("sdist", tmp_path)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert _sources().keys() <= names
    assert {"README.md", "LICENSE", "pyproject.toml", "docs/generate.py", "tests/test_wheel.py"} <= names
