"""What a notebook shows: elements with a meaning, legible without colour, in light and in dark."""

import re
from html.parser import HTMLParser
from io import StringIO
from itertools import pairwise, product
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

import popek
from popek.engine.state import printed
from popek.library import sampling
from popek.library.proving import prove
from popek.report.picture import DARK, LIGHT
from popek.report.rendering import html, picture, rendered
from popek.shown import Shown

GUEST = popek.assemble("ldi r1, 3 \n getmode r2 \n halt")


def machine() -> Any:
    """Return a virtual machine that has done two steps."""
    vm = popek.virtual("classic", GUEST)
    vm.step()
    vm.step()
    return vm


VALUES: dict[str, Any] = {
    "verdict": popek.verdict("jrst1", monitor="trap-and-emulate"),
    "verdicts": popek.verdict("classic", "jrst1", monitor="trap-and-emulate"),
    "classes": popek.classify("jrst1"),
    "one class": popek.classify("jrst1", "jsu")["jsu"],
    "explanation": popek.explain("jrst1", "jsu"),
    "comparison": popek.compare("probe-jrst1", isa="jrst1"),
    "run": popek.run("os", monitor="trap-and-emulate", stats=True),
    "shared": popek.run("hello", "sieve", monitor="trap-and-emulate"),
    "deep": popek.run("timer", depth=2, stats=True),
    "proof": prove("jrst1"),
    "lattice": popek.lattice("classic"),
    "repairs": popek.repair("jrst1"),
    "machine": popek.machine("classic", GUEST),
    "virtual machine": machine(),
    "session": popek.debug("os", monitor="trap-and-emulate"),
    "question": popek.quiz("classify", seed=1),
    "port": popek.port("probe-popf", isa="popf"),
}
VALUES["theorem"] = VALUES["verdict"].theorem(1)
VALUES["property"] = VALUES["verdict"]["trap-and-emulate"].equivalence
VALUES["witness"] = VALUES["property"].witness

PICTURES = ("verdict", "classes", "run", "deep", "machine", "virtual machine", "session")
each = pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())


class _Page(HTMLParser):
    """What there is to be read on a page, and that its elements are closed in order."""

    VOID = ("br", "path", "rect")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.said: list[str] = []
        self.loads: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [str(v) for n, v in attrs if n in ("src", "href")]
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag, attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "svg"} & set(self.open):
            self.said.append(data)


def words(text: str) -> str:
    """Return a text without what lays it out."""
    return re.sub(r"\s+", "", text)


@each
def test_a_notebook_says_what_a_terminal_says(value: Shown) -> None:
    """The same words in the same order, in elements that are closed; nothing is loaded from anywhere."""
    page = _Page(html(value))
    assert page.open == []
    assert page.loads == []
    sheet = StringIO()
    Console(file=sheet, width=100, highlight=False, markup=False, emoji=False).print(rendered(value))
    lines = sorted(words(sheet.getvalue()))
    assert lines == sorted(words("".join(page.said)))


@each
def test_it_is_read_aloud(value: Shown) -> None:
    """A table with headings has them as such, and one that only lays out says so."""
    text = html(value)
    for table in re.findall(r"<table.*?>.*?(?=<tbody>)", text):
        assert ("<th scope=" in table) == ('role="table"' in table)
        assert ("<thead>" in table) or 'role="presentation"' in table


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_says_what_it_shows(name: str) -> None:
    """It is well-formed, has a title and a description, and is part of what a notebook shows."""
    drawn = picture(VALUES[name])
    assert drawn is not None
    root = ET.fromstring(drawn)  # noqa: S314 - our own
    told = {child.tag.split("}")[1]: child.text or "" for child in root}
    assert len(told["title"]) > 10
    assert len(told["desc"]) > 20
    assert root.get("role") == "img"
    assert drawn in html(VALUES[name])
    rules = re.findall(r"^  ([^{@]+) \{", drawn, re.MULTILINE)
    assert all(f"#{root.get('id')}" in rule for rule in rules), "a style for itself alone"


@pytest.mark.parametrize("name", [n for n in VALUES if n not in PICTURES])
def test_the_others_have_none(name: str) -> None:
    """Nothing is drawn where words say it all."""
    assert picture(VALUES[name]) is None


def _luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, as WCAG 2.2 defines it."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _themes() -> list[tuple[str, str, str, float]]:
    """Return what stands on what, and how far it has to stand out: words more than lines."""
    drawn = [
        (t["back"], t[n]) for t, n in product((LIGHT, DARK), ("text", "blue", "orange", "green", "purple", "line"))
    ]
    found = [("picture", back, colour, 4.5 if colour in (LIGHT["text"], DARK["text"]) else 3) for back, colour in drawn]
    rules = re.findall(r"\.popek \{ (--ground[^}]*)\}", html(VALUES["theorem"]))
    assert len(rules) == 4
    for rule in rules:
        colours = dict(re.findall(r"--(\w+): (#\w{6})", rule))
        found += [("text", colours["ground"], colours[n], 4.5) for n in ("text", "quiet", "good", "bad", "open")]
    return found


@pytest.mark.parametrize(("what", "ground", "colour", "least"), _themes())
def test_it_is_legible_in_light_and_in_dark(what: str, ground: str, colour: str, least: float) -> None:
    """As WCAG 2.2 AA asks: 4.5 to 1 for words, 3 to 1 for what is drawn."""
    assert contrast(ground, colour) >= least, what


@pytest.mark.parametrize("attribute", ["prefers-color-scheme", "data-jp-theme-light", "data-theme"])
def test_it_follows_the_theme(attribute: str) -> None:
    """The page's theme goes before the reader's preference, in words and in pictures."""
    text = html(VALUES["verdict"])
    assert text.count(attribute) >= 2
    assert text.index("prefers-color-scheme") < text.index("data-jp-theme-light")


def test_the_state_map_shows_where_the_guest_lies() -> None:
    """The allotment, R within it, and the pc as the real machine has it."""
    drawn = picture(VALUES["virtual machine"])
    assert drawn is not None
    base = VALUES["virtual machine"].allotment.base
    assert f"pc at {base + 18:,}" in drawn
    assert "the guest&#x27;s, in R" in drawn
    assert "16,368 words from 16: the monitor" in drawn


def test_exits_over_time_are_the_exits_of_the_run() -> None:
    """Looking at a run now and then changes nothing in it; the moments are in order, and the last is the end."""
    watched, plain = VALUES["run"], popek.run("os", monitor="trap-and-emulate")
    assert watched.result == plain.result
    assert watched.over_time[0].exits == {}
    assert watched.over_time[-1] == sampling.Moment(plain.result.instructions, plain.exits)
    times = [m.instructions for m in watched.over_time]
    assert times == sorted(times)
    assert 16 < len(times) <= sampling.MOST + 1


def test_a_long_run_is_seen_from_further_away() -> None:
    """However long it is, the moments are few, and it is run by the same engine as if nobody looked."""
    vm, plain = popek.virtual("classic", _loop()), popek.virtual("classic", _loop())
    moments = sampling.run(vm, 100_000)
    plain.run(100_000)
    assert vm.counts == plain.counts
    assert printed(vm.state) == printed(plain.state)
    assert len(moments) <= sampling.MOST + 1
    gaps = [b.instructions - a.instructions for a, b in pairwise(moments)]
    assert max(gaps) <= 4 * 100_000 // sampling.MOST
    assert set(vm.sprinted) == set(plain.sprinted)


def _loop() -> Any:
    return popek.assemble("loop: getmode r1 \n ldi r2, 64 \n spin: addi r2, r2, -1 \n bne r2, r0, spin \n jal r3, loop")
