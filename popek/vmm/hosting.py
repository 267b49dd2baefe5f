"""What a guest has to do with others on the same real machine."""

from typing import Generic, TypeVar

from attrs import frozen

T = TypeVar("T")


@frozen
class Hosting(Generic[T]):
    """What monitors of one kind have `in_common` there, compiled or generated, and what an exit takes."""

    in_common: T
    exit_ticks: int
