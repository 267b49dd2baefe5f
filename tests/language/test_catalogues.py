"""Catalogues say all that popek says: nothing is missing, nothing repeats the English, and terms are the course's."""

import json
import re
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.pofile import read_po
from messages import CATALOGUES, Message, messages, text_of

from popek.language import catalogue
from popek.language.carried import arrived, carried
from popek.language.catalogue import Catalogue
from popek.language.phrase import listed, say
from popek.language.speaking import speaking, told
from popek.language.words import word, words

SIMPLIFIED = frozenset("这们发对时为设监执认证拟级态权结")
"""Characters that are written so in the simplified script alone, among those that are frequent here."""

MESSAGES = tuple(messages())

SAME = re.compile(
    r"[^A-Za-z]*|pc|ISA|NOVA|classic|VMware Workstation|Itanium|PowerPC|ARMv7-A|DEC VAX|DEC PDP-11/45|SDS Sigma 7"
    r"|IBM System/3[67]0( Model 67)?|Motorola 680[01]0|Intel \d+|(\{\w+(:,)?\}[ \n]*)+"
)
"""What is the same in every language: names of products and of registers, and what has no words in it."""

NAMES = re.compile(r"theorem-1|virtual VAX", re.IGNORECASE)
"""What shows that a sentence lists names that are typed, or has the word in the name of a system."""

TERMS = {
    "virtual machine": ("虛擬機", "虛擬"),
    "privileged": ("特權",),
    "sensitive": ("敏感",),
    "critical": ("關鍵",),
    "innocuous": ("無害",),
    "theorem": ("定理", "定 1"),
    "bare machine": ("裸機",),
    "guest mode": ("客戶機模式",),
    "hypercall": ("超呼叫",),
    "interrupt": ("中斷",),
    "equivalence is": ("等價性",),
    "resource control": ("資源控制",),
}
"""Terms of the glossary, and what a translation of a sentence that has one must have."""


GLOSSARY = Path(__file__).parents[2] / "docs" / "glossary.md"


@pytest.fixture(name="spoken", params=CATALOGUES, ids=lambda p: p.stem)
def _spoken(request: pytest.FixtureRequest) -> Catalogue:
    return catalogue.read(request.param.stem)


def test_no_message_lacks_a_translation(spoken: Catalogue) -> None:
    """What is said is in the catalogue, and what is in the catalogue is said: `python docs/messages.py` keeps it so."""
    assert [m.form for m in MESSAGES if not spoken.told.get(m.form)] == []
    assert sorted(spoken.told.keys() - {m.form for m in MESSAGES}) == []


def test_none_repeats_the_english(spoken: Catalogue) -> None:
    """A translation that is its original is none, unless there is nothing in it to translate."""
    assert [f for f, told in spoken.told.items() if f == told and not SAME.fullmatch(f)] == []


def places(form: str) -> set[tuple[str, str, str]]:
    """Return what a form has places for, each with how it is written."""
    return {(name, spec or "", how or "") for _, name, spec, how in Formatter().parse(form) if name is not None}


def test_places_agree(spoken: Catalogue) -> None:
    """A translation has the places of its original, and no others; a number may be written as a number."""
    filled = [m for m in MESSAGES if re.search(r"\{\w+[^{}]*\}", m.form) and _formatted(m)]
    assert len(filled) > 100
    assert [m.form for m in filled if places(m.many or m.form) != places(spoken.get(m.form))] == []


def _formatted(message: Message) -> bool:
    """Say whether a message is filled in: code that is shown as an example has braces of its own."""
    try:
        return all(name.isidentifier() for name, _, _ in places(message.form))
    except ValueError:
        return False


def test_terms_are_the_courses(spoken: Catalogue) -> None:
    """A sentence that has a term of the glossary has it in the other language, too."""
    for term, terms in TERMS.items():
        said = [
            m.form for m in MESSAGES if re.search(rf"(?<![-.\w`]){term}(?![-\w`])", m.form) and not NAMES.search(m.form)
        ]
        assert said, term
        assert [f for f in said if not any(w in spoken.get(f) for w in terms)] == [], term


def test_punctuation_is_chinese(spoken: Catalogue) -> None:
    """After a Chinese character stands no punctuation of English, nor a character of the simplified script."""
    half = re.compile(r"[\u4e00-\u9fff][,;:!?](?=\s|$|[\u4e00-\u9fff])")
    assert [t for t in spoken.told.values() if half.search(t) or SIMPLIFIED & set(t)] == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda p: p.stem)
def test_the_reader_reads_what_babel_reads(path: Path) -> None:
    """The catalogue that the program reads is the one that gettext's tools see."""
    other = read_po(path.read_bytes().splitlines(keepends=True))
    theirs = {(m.id if isinstance(m.id, str) else m.id[0]): text_of(m) for m in other if m.id}
    assert theirs == catalogue.read(path.stem).told


COURSE = (
    *("虛擬機", "特權指令", "敏感指令", "關鍵指令", "客戶機", "寄宿機", "全虛擬化", "旁虛擬化", "硬體支持虛擬化"),
    *("寄宿型", "單石型", "微核型", "裸金屬架構"),
)
"""What courses in Taiwan say."""

MAINLAND = (
    "軟件",
    "硬件",
    "內存",
    "寄存器",
    "程序",
    "默認",
    "用戶",
    "信息",
    "數據",
    "字節",
    "緩存",
    "內核",
    "調度",
    "宿主機",
    "支持的",
)
"""What is said elsewhere."""


def test_chinese_and_latin_are_apart(spoken: Catalogue) -> None:
    """By a space, which is in the translations, or comes between where what fills a place decides it."""
    close = re.compile("[\u4e00-\u9fff][A-Za-z0-9`]|[A-Za-z0-9`][\u4e00-\u9fff]")
    assert [text for text in spoken.told.values() if close.search(text)] == []
    with speaking(spoken.tag):
        assert told(say("Does {name} hold", name=say("theorem {number}", number=1))) == "定理 1 是否成立"
        assert told(say("Does {name} hold", name=word("equivalence"))) == "等價性是否成立"
        assert told(say("there is no system `{name}`", name="作業1")) == "沒有系統 `作業1`"


def test_names_in_a_row_stay_names(spoken: Catalogue) -> None:
    """An instruction that is called like a word is not translated: only phrases are."""
    assert {"wait", "svc", "trap"} <= spoken.told.keys()
    with speaking(spoken.tag):
        assert [told(listed(names)) for names in (["wait"], ["wait", "svc"])] == ["wait", "wait、svc"]
        assert told(words(["trap", "svc"])) == "陷阱、監督者呼叫"
        carried_ = arrived(json.loads(json.dumps(carried(say("{kind}: {cause}", kind="wait", cause=word("wait"))))))
        assert told(carried_) == "wait：等待"


def test_messages_use_the_courses_terms(spoken: Catalogue) -> None:
    """Each term is said somewhere, and not only listed in the glossary; and none of another standard's is."""
    said = "".join(spoken.told.values())
    assert [term for term in COURSE if term not in said] == []
    assert [word for word in MAINLAND if word in said] == []


def test_the_glossary_has_both_languages() -> None:
    """The terms of the courses, each in a row of its own, and the words that translations are held to."""
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE)
    english, chinese = zip(*rows[1:], strict=True)
    assert set(COURSE) <= set(chinese)
    assert len(set(english)) == len(english)
    assert not [word for word in chinese if re.search("[a-z]", word)]
    held = [words[0] for words in TERMS.values()]
    assert [w for w in held if not any(w in word for word in chinese)] == []
