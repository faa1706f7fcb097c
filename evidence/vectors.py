"""Static word vectors, an optional extra: they help to find passages, and never say that one carries a claim.

Sentences whose vectors lie close are about the same things, and may say opposite ones: measured, such a cosine is close
to worthless as proof. Hence it ranks beside BM25 and decides nothing.
"""

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

Nearness = Callable[[str], Sequence[float]]


class VectorsError(Exception):
    """The vectors cannot be used; the message says the folder, what is wrong with it, and the cure."""


class Vectors(Protocol):
    """A model that gives texts vectors.

    Attributes:
        digest: SHA-256 of all that a vector depends on, in hex.
    """

    digest: str

    def over(self, texts: Sequence[str]) -> Nearness:
        """Return what gives the cosine of a text to each of ``texts``, -1 to 1: 0 where either has no known word."""
        ...


def load(folder: Path) -> Vectors:
    """Return the vectors of a local folder in model2vec's layout: model.safetensors and tokenizer.json.

    Raises:
        VectorsError: the extra ``vectors`` is not installed, or the folder holds no such model.
    """
    try:
        # By name, because what it imports comes with the extra only.
        module = importlib.import_module("evidence.staticvectors")
    except ImportError as error:
        cure = "python -m pip install --require-hashes --no-deps -r deploy/locks/vectors.txt"
        raise VectorsError(f"the vectors in {folder} need {error.name}, which is not installed: {cure}") from error
    loaded: Vectors = module.read(folder)
    return loaded
