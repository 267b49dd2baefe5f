"""The suite that a course can copy, as pytest runs it for them: from outside, with the plugin, on a faulty monitor."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SUITE = ROOT / "docs" / "course-suite"


def _outside(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a directory of its own, which knows popek as an installed package with a plugin."""
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    asked = [sys.executable, "-m", "pytest", "-p", "popek.testing.plugin", "-p", "no:cacheprovider", *arguments]
    given = {**os.environ, "PYTHONPATH": paths, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(asked, cwd=directory, env=given, capture_output=True, encoding="utf-8", check=False)


@pytest.fixture(name="course")
def _course(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SUITE, tmp_path / "course"))


def test_it_finds_the_planted_fault_and_prints_the_guest(course: Path) -> None:
    """The timer that stays pending is found by random guests, and the guest can be read and pasted."""
    ran = _outside(course, "-q", "-k", "random")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "timer_pending is 0 bare and 1 virtual" in ran.stdout
    assert re.search(r"guest = Guest\(\d+, \{.*\}, Allotment\(\d+, \d+\)", ran.stdout)
    assert re.search(r"the guest:\n(.*\n)+?.*settimer", ran.stdout)


def test_a_right_monitor_passes(course: Path) -> None:
    """With other random guests and the drawn ones, once the routine clears what is pending as well."""
    monitor = course / "my_monitor.py"
    text = monitor.read_text(encoding="utf-8")
    mended = text.replace("slot import TIMER", "slot import TIMER, TIMER_PENDING").replace(
        "{TIMER: ra}", "{TIMER: ra, TIMER_PENDING: 0}"
    )
    assert mended != text
    monitor.write_text(mended, encoding="utf-8")
    ran = _outside(course, "-q", "-k", "not shipped", "--popek-seed=1")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_seed_is_said_and_decides(tmp_path: Path) -> None:
    """The same seed gives the same guests, another others; the header says which, unless it is the usual one."""
    shown = "print(popek_seed, [g.paste() for g in popek_guests('classic', 3)])"
    text = f"def test_it(popek_guests, popek_seed):\n    {shown}\n"
    (tmp_path / "test_seed.py").write_text(text, encoding="utf-8")
    runs = [_outside(tmp_path, "-s", f"--popek-seed={seed}").stdout for seed in (5, 5, 0)]
    printed = [re.search(r"^(?:.*? )?(\d+ \[.*\])", run, re.MULTILINE) for run in runs]
    assert all(printed)
    said = [found.group(1) for found in printed if found]
    assert said[0] == said[1] != said[2]
    assert ["random guests from seed" in run for run in runs] == [True, True, False]
