"""A half-open range of code points in a text: the unit in which evidence, findings and claims are shown."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Code points ``start <= i < end`` of one text."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"span {self.start}..{self.end} is not a range; 0 <= start <= end is needed")

    def of(self, text: str) -> str:
        return text[self.start : self.end]

    def overlaps(self, other: "Span") -> bool:
        return self.start < other.end and other.start < self.end

    def shift(self, distance: int) -> Self:
        return type(self)(self.start + distance, self.end + distance)
