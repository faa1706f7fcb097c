"""The notation of weighted rules: what fires, and what it weighs in the mouth of whom.

In a ``spoken`` rule every line is an alternative or the continuation of one, a blank stands for whatever may separate
two words, and ``~3 `` for up to three words. All text is folded and in lower case when the rules read it. Every
repetition is bounded, so no text can make a rule run away.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

GAP = r"[\W_]{1,8}"
WORD = r"[a-z0-9]{1,30}"
SKIPPED = re.compile(r"~(\d) ?")


class Head(StrEnum):
    """Which weights count."""

    DIRECT = "direct"
    INDIRECT = "indirect"


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern with its weights.

    Attributes:
        needs: pieces of words, one of which is in whatever the pattern matches; () when there are no such pieces.
            They are found many times faster than the pattern is.
    """

    id: str
    pattern: re.Pattern[str]
    direct: float
    indirect: float
    needs: tuple[str, ...]

    def weight(self, head: Head) -> float:
        return self.direct if head is Head.DIRECT else self.indirect

    def may_fire(self, text: str) -> bool:
        return not self.needs or any(needed in text for needed in self.needs)


def joined(source: str) -> str:
    return "".join(line.strip() for line in source.splitlines())


def phrase(source: str) -> str:
    """Return the pattern of a spoken rule."""
    spread = SKIPPED.sub(lambda found: f"(?:{WORD}{GAP}){{0,{found[1]}}}", joined(source))
    return spread.replace(" ?", f"(?:{GAP})?").replace(" ", GAP)


def spoken(name: str, source: str, *, direct: float, indirect: float, needs: str = "") -> Rule:
    return written(name, rf"\b(?:{phrase(source)})\b", direct=direct, indirect=indirect, needs=needs)


def written(name: str, source: str, *, direct: float, indirect: float, needs: str = "") -> Rule:
    pattern = re.compile(joined(source), re.MULTILINE)
    return Rule(f"injection.{name}", pattern, direct=direct, indirect=indirect, needs=tuple(needs.split()))
