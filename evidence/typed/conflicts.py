"""A difference between a claim and a sentence that one rule found, before it is put into words."""

from dataclasses import dataclass

from evidence.verdicts import Rule


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two stretches of tokens that differ by one rule. Each keeps a claim from being supported.

    Attributes:
        claim: first and last-plus-one token in the claim.
        source: the same in the sentence; None where the sentence has nothing there.
        opposed: the sentence says otherwise, if it speaks of the same thing.
        elsewhere: the difference means that the sentence speaks of something else, so it contradicts nothing.
    """

    rule: Rule
    claim: tuple[int, int]
    source: tuple[int, int] | None = None
    opposed: bool = False
    elsewhere: bool = False
