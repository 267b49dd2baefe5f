"""A file of answers: TOML, with a table `[[answer]]` for each question, by topic and seed."""

from collections.abc import Iterator, Mapping
from typing import Any

from popek.errors import PopekError, Problem, nearest
from popek.exercises.graded import Item
from popek.exercises.topics import TOPICS
from popek.isa.toml import Document, printable
from popek.library.required import Grade

KEYS = ("topic", "seed", "answer")
EXAMPLE = '[[answer]], then topic = "classify", seed = 7, answer = "privileged, sensitive"'


def marked(document: Document) -> tuple[Item, ...]:
    """Mark every answer of a file; raise `PopekError` with all that is wrong in its form."""
    tables = document.data["answer"]
    if not isinstance(tables, list) or not all(isinstance(t, Mapping) for t in tables):
        raise PopekError(Problem("answers are tables", document.key("answer"), f"for example: {EXAMPLE}"))
    problems = [p for n, table in enumerate(tables) for p in _problems(document, n, table)]
    strange = [k for k in document.data if k not in ("answer", "student")]
    problems += [
        Problem(f"there is no key `{printable(k)}`", document.key(k), "only `answer` and `student`") for k in strange
    ]
    if problems:
        raise PopekError(*problems)
    return tuple(_item(t["topic"], t["seed"], t["answer"]) for t in tables)


def _problems(document: Document, number: int, table: Mapping[str, Any]) -> Iterator[Problem]:
    place = document.key("answer", number)
    for key in KEYS:
        if key not in table:
            yield Problem(f"answer {number + 1} has no `{key}`", place, f"for example: {EXAMPLE}")
    for key, value in table.items():
        here = document.value("answer", number, key)
        if key not in KEYS:
            yield Problem(
                f"there is no key `{printable(key)}`", document.key("answer", number, key), nearest(key, KEYS)
            )
        elif key == "seed" and (not isinstance(value, int) or isinstance(value, bool)):
            yield Problem("a seed is a whole number", here)
        elif key != "seed" and not isinstance(value, str):
            yield Problem(f"`{key}` is a text", here, "in quotes")
        elif key == "topic" and value not in TOPICS:
            yield Problem(f"there are no questions about `{printable(value)}`", here, nearest(value, TOPICS))


def _item(topic: str, seed: int, answer: str) -> Item:
    question = TOPICS[topic].question(seed)
    mark = TOPICS[topic].mark(question, answer)
    given = " ".join(answer.split())
    return Item(f"{topic} {seed}", printable(given), Grade.MET if mark.right else Grade.NOT_MET, mark.says)
