"""Build JupyterLite with all beside it that the notebooks need: `python docs/lite/site.py PYODIDE OUT`.

PYODIDE is the unpacked npm package `pyodide`, in the version that jupyterlite-pyodide-kernel wants; OUT is where the
site is put. It needs jupyterlite-core, jupyterlite-pyodide-kernel, jupyter-server, jupyterlab-widgets, anywidget and
packaging, and fetches wheels with pip. What is built asks nobody for anything: the wheels stand in Pyodide's own list.
"""

import hashlib
import json
import shutil
import subprocess
import sys
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parents[2]
ROOTS = ("micropip", "packaging", "ipython", "jedi", "comm", "anywidget", "z3-solver")
"""What the kernel and popek ask for; the solver's wheel for WebAssembly among it."""

PLATFORM = ("--platform", "pyemscripten_2026_0_wasm32", "--python-version", "3.14", "--implementation", "py")
ENVIRONMENT = {"python_version": "3.14", "sys_platform": "emscripten", "platform_system": "Emscripten", "extra": ""}
EXTRAS = {"popek": ["anywidget"]}
"""The extra `notebook`, which nothing in a notebook imports by name."""


def _run(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", *arguments], check=True)  # noqa: S603 - pip, and JupyterLite itself


def _fetch(wheels: Path) -> None:
    """Collect the wheels: popek's, built here, and those that it and the kernel need."""
    _run("pip", "wheel", "-q", "--no-deps", "-w", str(wheels), str(PROJECT))
    own = next(wheels.glob("popek-*.whl"))
    binary = ("--only-binary=:all:", *PLATFORM)
    _run("pip", "download", "-q", "-d", str(wheels), *binary, str(own), *ROOTS)


def _entry(wheel: Path) -> tuple[str, dict[str, Any]]:
    """Return a wheel's name, and its entry in Pyodide's list of packages."""
    with ZipFile(wheel) as archive:
        names = archive.namelist()
        text = archive.read(next(n for n in names if n.endswith(".dist-info/METADATA"))).decode("utf-8")
    found: Message = Parser().parsestr(text)
    name = canonicalize_name(str(found["Name"]))
    needed = [r for r in map(Requirement, found.get_all("Requires-Dist", [])) if _holds(r)]
    tops = {n.split("/")[0].removesuffix(".py") for n in names}
    return name, {
        "name": found["Name"],
        "version": found["Version"],
        "file_name": wheel.name,
        "install_dir": "site",
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
        "package_type": "package",
        "imports": sorted(t for t in tops if not t.endswith((".dist-info", ".data"))),
        "depends": [canonicalize_name(r.name) for r in needed] + EXTRAS.get(name, []),
        "unvendored_tests": False,
    }


def _holds(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate(ENVIRONMENT)


def main(pyodide: str, out: str) -> None:
    """Build the site."""
    work = Path(out).absolute().with_name(f"{Path(out).name}.work")
    shutil.rmtree(work, ignore_errors=True)
    distribution, wheels, files = work / "static" / "pyodide", work / "wheels", work / "files"
    shutil.copytree(pyodide, distribution)
    wheels.mkdir()
    _fetch(wheels)
    path = distribution / "pyodide-lock.json"
    lock = json.loads(path.read_text(encoding="utf-8"))
    lock["packages"] |= dict(_entry(wheel) for wheel in sorted(wheels.glob("*.whl")))
    path.write_text(json.dumps(lock), encoding="utf-8")
    for wheel in wheels.glob("*.whl"):
        shutil.copy(wheel, distribution)
    shutil.copytree(PROJECT / "docs" / "notebooks", files, ignore=shutil.ignore_patterns(".*"))
    _run("jupyter", "lite", "build", "--lite-dir", str(work), "--contents", str(files), "--output-dir", out)


if __name__ == "__main__":
    main(*sys.argv[1:])
