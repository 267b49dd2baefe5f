"""Questions, answers and marks as text."""

from rich.console import Group, RenderableType

from popek.exercises.graded import Graded
from popek.exercises.question import Asked
from popek.exercises.topics import Topics
from popek.language.phrase import Phrase, say, say_many
from popek.language.speaking import told
from popek.library.required import Grade
from popek.report.drawing import (
    BAD,
    GOOD,
    HEAD,
    OPEN,
    QUIET,
    drawing,
    hints,
    indented,
    safe,
    stack,
    table,
    title,
    verbatim,
)
from popek.report.marks import NO, YES, outcome
from popek.report.speech import Text

MARKS = {
    Grade.MET: (YES, say("right"), GOOD),
    Grade.NOT_MET: (NO, say("wrong"), BAD),
    Grade.OPEN: ("?", say("not known"), OPEN),
}


@drawing.register
def _asked(value: Asked, width: int) -> RenderableType:
    del width
    question = value.question
    parts: list[RenderableType] = [
        title(f"{question.topic} {question.seed}"),
        Text(question.asks),
        indented(Text(safe(told(question.given).strip("\n")))),
        Text(say("Answer with {form}.", form=question.form), style=QUIET),
    ]
    if not value.solved:
        return stack(*parts, hints(f"popek quiz {question.topic} -s {question.seed} -c"))
    answer = Text(say("answer"), style=HEAD)
    return stack(
        *parts,
        Group(answer, indented(verbatim(told(question.answer)))),
        Text(question.because),
        hints(question.see, f"popek quiz {question.topic} -s {question.seed + 1}"),
    )


@drawing.register
def _topics(value: Topics, width: int) -> RenderableType:
    del width
    drawn = table(say("topic"), say("asks"))
    for topic in value.each:
        drawn.add_row(Text(topic.name, style=HEAD), Text(topic.doc))
    return stack(drawn, hints(f"popek quiz {value.each[0].name} -s 1", f"popek quiz {value.each[0].name} -s 1 -c"))


@drawing.register
def _graded(value: Graded, width: int) -> RenderableType:
    del width
    drawn = table("", say("asked"), say("given"), "")
    for item in value.items:
        sign, word, style = MARKS[item.grade]
        drawn.add_row(
            Text(f"{sign} " + word, style=style, no_wrap=True),
            Text(Phrase(item.what)),
            Text(item.given),
            Text(item.says),
        )
    said = say(
        "{points} of {count}",
        points=value.points,
        count=say_many("{count:,} point", "{count:,} points", len(value.items)),
    )
    return stack(title(value.file, Phrase(value.kind.value)), drawn, outcome(value.passed, said))
