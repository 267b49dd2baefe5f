"""Run very many random guests in all ways, and keep what they came to: `python docs/multitude.py`, for an hour or two.

    python docs/multitude.py --guests 1000000 --seed 10000000 --processes 2

writes docs/measured/guests.json, of which `python docs/generate.py` makes a part of the page about performance. Whoever
stops it early keeps what was done so far. Exit status 1 if any guest came to something else than by the reference.
"""

import argparse
import json
import multiprocessing
import subprocess
import sys
from pathlib import Path

from popek.testing.multitude import Survey, survey

ROOT = Path(__file__).parents[1]
EVERY = 1000


def main() -> int:
    """Run them, and write what was found, again and again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--guests", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=10_000_000, help="of the first guest")
    parser.add_argument("--processes", type=int, default=1, help="that share the work")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "measured" / "guests.json")
    given = parser.parse_args()
    commit = subprocess.run(
        [  # noqa: S607 - whichever git there is
            "git",
            "rev-parse",
            "--short",
            "HEAD",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    begun, end = commit.stdout.strip(), given.seed + given.guests
    stretches = [range(at, min(at + EVERY, end)) for at in range(given.seed, end, EVERY)]
    found = Survey(given.seed)
    with multiprocessing.get_context("spawn").Pool(given.processes) as pool:
        for some in pool.imap(survey, stretches):
            found.add(some)
            given.to.write_text(json.dumps({"commit": begun, **found.to_dict()}, indent=1) + "\n", encoding="utf-8")
            print(  # noqa: T201 - what the run is for
                f"{found.guests:,} guests, {len(found.differing)} differing", file=sys.stderr, flush=True
            )
    return 1 if found.differing else 0


if __name__ == "__main__":
    sys.exit(main())
