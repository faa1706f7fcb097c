"""Static word vectors read from a folder that model2vec wrote. Needs the extra ``vectors``; opens no connection.

A text's vector is the mean of the vectors of its tokens (Tulkens and van Dongen, "Model2Vec", 2024). Its config.json
says nothing that a cosine depends on, and holds the path it was built at: it is not read.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load
from tokenizers import Tokenizer

from evidence.vectors import Nearness, VectorsError

FILES = ("model.safetensors", "tokenizer.json")
TOKENS = 512  # of a text; what comes after is not looked at


@dataclass(frozen=True, slots=True)
class StaticVectors:
    """Vectors of tokens.

    Attributes:
        rows: (tokens, size), each finite; a token's weight is in it.
        unknown: the token that stands for what the vocabulary does not hold, if there is one.
    """

    digest: str
    tokenizer: Tokenizer
    rows: NDArray[np.float16 | np.float32]
    unknown: int | None

    def over(self, texts: Sequence[str]) -> Nearness:
        known = np.stack([self.vector(text) for text in texts]) if texts else self.rows[:0].astype(np.float32)

        def nearness(text: str) -> Sequence[float]:
            cosines: list[float] = (known @ self.vector(text)).tolist()
            return cosines

        return nearness

    def vector(self, text: str) -> NDArray[np.float32]:
        """Return a text's vector, of length 1, or of zeros where it has no known token."""
        # Text by text: a batch would start threads, which a fork does not survive. Lone surrogates are no UTF-8.
        readable = text.encode("utf-8", "replace").decode()
        ids = self.tokenizer.encode(readable, add_special_tokens=False).ids
        places = [place for place in ids if place != self.unknown][:TOKENS]
        # In 32 bits: sums and products of 16 overflow to NaN.
        total = self.rows[places].astype(np.float32).sum(axis=0)
        length = float(np.linalg.norm(total))
        return total / np.float32(length) if length > 0 else np.zeros_like(total)


def read(folder: Path) -> StaticVectors:
    """Return the vectors that a folder holds.

    Raises:
        VectorsError: a file cannot be read, or the two do not fit each other.
    """
    try:
        model, vocabulary = ((folder / name).read_bytes() for name in FILES)
    except OSError as error:
        cure = f"it must hold {' and '.join(FILES)}, readable for the user who runs this"
        raise VectorsError(f"{error.filename} cannot be read ({error.strerror}): {cure}") from error
    tokenizer, unknown = tokenizer_of(vocabulary, folder)
    rows = rows_of(tensors_of(model, folder), tokenizer.get_vocab_size(), folder)
    return StaticVectors(hashlib.sha256(digests(model, vocabulary)).hexdigest(), tokenizer, rows, unknown)


def digests(*files: bytes) -> bytes:
    return b"".join(hashlib.sha256(data).digest() for data in files)


def tokenizer_of(vocabulary: bytes, folder: Path) -> tuple[Tokenizer, int | None]:
    try:
        tokenizer = Tokenizer.from_buffer(vocabulary)
        model: Mapping[str, Any] = json.loads(vocabulary)["model"]
    except Exception as error:  # the library raises nothing narrower
        raise VectorsError(f"tokenizer.json in {folder} is no tokenizer: write the model anew") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    named = model.get("unk_token")
    return tokenizer, model.get("unk_id") if named is None else tokenizer.token_to_id(named)


def tensors_of(model: bytes, folder: Path) -> Mapping[str, NDArray[Any]]:
    try:
        found: Mapping[str, NDArray[Any]] = load(model)
    except (SafetensorError, KeyError) as error:  # KeyError: of a type that numpy does not know
        raise VectorsError(f"model.safetensors in {folder} cannot be read: write the model anew") from error
    return found


def rows_of(tensors: Mapping[str, NDArray[Any]], tokens: int, folder: Path) -> NDArray[np.float16 | np.float32]:
    """Return one row a token; where tokens share rows, or have weights, these are put in."""
    rows = tensors.get("embeddings", np.zeros(0))
    if rows.ndim != 2 or rows.dtype not in (np.float16, np.float32):
        raise VectorsError(f"model.safetensors in {folder} has no matrix 'embeddings' of 16 or 32 bits: write it anew")
    try:
        rows = rows[tensors["mapping"]] if "mapping" in tensors else rows
        rows = rows * tensors["weights"].astype(np.float32)[:, None] if "weights" in tensors else rows
    except (IndexError, ValueError) as error:
        raise VectorsError(f"mapping or weights in {folder} do not fit the matrix: write the model anew") from error
    if len(rows) < tokens or not rows.size:
        raise VectorsError(f"{folder} has {tokens} tokens and {len(rows)} vectors: take both files from one model")
    if not np.isfinite(rows).all():
        raise VectorsError(f"a vector in {folder} is not finite: write the model anew")
    return rows
