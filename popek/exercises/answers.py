"""A file of answers: TOML, with a table `[[answer]]` for each question, by topic and seed."""

from collections.abc import Iterator, Mapping
from typing import Any

from popek.errors import PopekError, Problem, nearest
from popek.exercises.graded import Item
from popek.exercises.topics import TOPICS
from popek.isa.toml import Document, printable
from popek.language.phrase import say
from popek.library.required import Grade

KEYS = ("topic", "seed", "answer")
EXAMPLE = '[[answer]], then topic = "classify", seed = 7, answer = "privileged, sensitive"'


def marked(document: Document) -> tuple[Item, ...]:
    """Mark every answer of a file; raise `PopekError` with all that is wrong in its form."""
    tables = document.data["answer"]
    if not isinstance(tables, list) or not all(isinstance(t, Mapping) for t in tables):
        raise PopekError(
            Problem(say("answers are tables"), document.key("answer"), say("for example: {example}", example=EXAMPLE))
        )
    problems = [p for n, table in enumerate(tables) for p in _problems(document, n, table)]
    strange = [k for k in document.data if k not in ("answer", "student")]
    problems += [
        Problem(
            say("there is no key `{name}`", name=printable(k)),
            document.key(k),
            say("only `answer` and `student`"),
        )
        for k in strange
    ]
    if problems:
        raise PopekError(*problems)
    return tuple(_item(t["topic"], t["seed"], t["answer"]) for t in tables)


def _problems(document: Document, number: int, table: Mapping[str, Any]) -> Iterator[Problem]:
    place = document.key("answer", number)
    for key in KEYS:
        if key not in table:
            yield Problem(
                say("answer {number} has no `{key}`", number=number + 1, key=key),
                place,
                say("for example: {example}", example=EXAMPLE),
            )
    for key, value in table.items():
        here = document.value("answer", number, key)
        if key not in KEYS:
            yield Problem(
                say("there is no key `{name}`", name=printable(key)),
                document.key("answer", number, key),
                nearest(key, KEYS),
            )
        elif key == "seed" and (not isinstance(value, int) or isinstance(value, bool)):
            yield Problem(say("a seed is a whole number"), here)
        elif key != "seed" and not isinstance(value, str):
            yield Problem(say("`{key}` is a text", key=key), here, say("in quotes"))
        elif key == "topic" and value not in TOPICS:
            yield Problem(
                say("there are no questions about `{name}`", name=printable(value)),
                here,
                nearest(value, TOPICS),
            )


def _item(topic: str, seed: int, answer: str) -> Item:
    question = TOPICS[topic].question(seed)
    mark = TOPICS[topic].mark(question, answer)
    given = " ".join(answer.split())
    return Item(f"{topic} {seed}", printable(given), Grade.MET if mark.right else Grade.NOT_MET, mark.says)
