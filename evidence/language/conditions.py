"""Conditions: the clauses of a sentence that say when it holds."""

from collections.abc import Sequence
from dataclasses import dataclass

from evidence.language.lexicon import words
from evidence.language.text import Kind, Token

OPENERS = words("if unless when whenever provided")


@dataclass(frozen=True, slots=True)
class Condition:
    """Tokens ``first`` (the word that opens it) to ``end``."""

    first: int
    end: int
    opener: str

    def holds(self, at: int) -> bool:
        return self.first <= at < self.end


def find(tokens: Sequence[Token]) -> tuple[Condition, ...]:
    """Return the conditional clauses of a sentence, in order and apart."""
    found: list[Condition] = []
    for at, token in enumerate(tokens):
        if token.kind is Kind.WORD and token.folded in OPENERS and not (found and at < found[-1].end):
            found.append(Condition(at, clause_end(tokens, at), token.folded))
    return tuple(found)


def clause_end(tokens: Sequence[Token], at: int) -> int:
    """Return where a clause ends: at the comma after it when it opens the sentence, else at a stop."""
    for place in range(at + 1, len(tokens)):
        if tokens[place].text in {".", ";"} or (tokens[place].text == "," and at == 0):
            return place
    return len(tokens)
