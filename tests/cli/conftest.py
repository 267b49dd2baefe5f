"""The program, called as a function: fast, and with everything that it writes."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from popek.cli.main import main

ROOT = Path(__file__).parents[2]


@frozen
class Answer:
    """What came of a call: exit status, standard output, standard error."""

    status: int
    out: str
    err: str


Call = Callable[..., Answer]


@pytest.fixture(name="call")
def _call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Call the program in this process."""
    monkeypatch.setenv("COLUMNS", "80")

    def call(*arguments: str) -> Answer:
        capsys.readouterr()
        status = main(arguments)
        captured = capsys.readouterr()
        return Answer(status, captured.out, captured.err)

    return call


@pytest.fixture(name="start")
def _start() -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Start the program as a process of its own, its streams piped."""

    def start(
        *arguments: str, env: Mapping[str, str] | None = None, **others: Any
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-m", "popek", *arguments],
            cwd=others.pop("cwd", ROOT),
            env={**os.environ, **environment(), **(env or {})},
            capture_output=True,
            timeout=60,
            check=False,
            **others,
        )

    return start


def environment() -> dict[str, str]:
    """Return what a process needs to find the package that is tested."""
    return {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
