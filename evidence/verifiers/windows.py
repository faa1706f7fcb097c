"""A passage and a claim as a model reads them: tokens, and windows over a passage that is too long for it.

Needs the package tokenizers.
"""

from dataclasses import dataclass

import orjson
from tokenizers import Tokenizer

from evidence.verifiers.modelfolder import ModelFolder, ModelUnusable
from evidence.verifying import VerifierFault

MOST_WINDOWS = 64


@dataclass(frozen=True, slots=True)
class Window:
    """A passage, or a part of it, with the whole claim: numbers of tokens, and which of the two each is of."""

    ids: tuple[int, ...]
    sides: tuple[int, ...]


class Reader:
    """Cuts pairs into windows. A passage is cut where it is too long, a claim never."""

    def __init__(self, folder: ModelFolder) -> None:
        """Raise ModelUnusable where ``tokenizer.json`` cannot be used for pairs."""
        content = folder.read("tokenizer.json")
        try:
            self.tokenizer = Tokenizer.from_str(content.decode())
            self.unknown = unknown_token(content, self.tokenizer)
        except Exception as error:  # The package raises Exception itself.
            raise ModelUnusable(f"{folder.root}/tokenizer.json cannot be read; fetch the model's file again") from error
        marks = self.tokenizer.num_special_tokens_to_add(True)  # noqa: FBT003 - the package's signature
        if not marks:
            cure = "use a model that was made to compare two texts"
            raise ModelUnusable(f"{folder.root}/tokenizer.json puts no mark between passage and claim; {cure}")
        self.longest_claim = folder.max_tokens // 2 - marks
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(folder.max_tokens, stride=folder.max_tokens // 4, strategy="only_first")

    def check_claim(self, claim: str) -> None:
        """Raise VerifierFault where the model could not see all of a claim."""
        ids = self.tokenizer.encode(claim, add_special_tokens=False).ids
        if not ids:
            raise VerifierFault("the claim has no token that the model knows")
        if len(ids) > self.longest_claim:
            raise VerifierFault(f"the claim has more tokens than {self.longest_claim}, the most that the model takes")
        if self.unknown in ids:
            raise VerifierFault("the claim has a token that the model does not know")

    def windows(self, passage: str, claim: str) -> list[Window]:
        """Return the pair's windows, which overlap by a quarter of the model's length; none for an empty passage.

        Raises:
            VerifierFault: the passage takes more than 64 windows.
        """
        whole = self.tokenizer.encode(passage, claim)
        if 0 not in whole.sequence_ids:
            return []
        if len(whole.overflowing) >= MOST_WINDOWS:
            raise VerifierFault(
                f"the passage takes {len(whole.overflowing) + 1} windows; at most {MOST_WINDOWS} are read"
            )
        return [Window(tuple(one.ids), tuple(one.type_ids)) for one in (whole, *whole.overflowing)]


def unknown_token(content: bytes, tokenizer: Tokenizer) -> int | None:
    """Return the number of the token that stands for everything the model does not know, if it has one."""
    model = orjson.loads(content)["model"]
    if model.get("unk_id") is not None:
        return int(model["unk_id"])
    name = model.get("unk_token")
    return tokenizer.token_to_id(name) if name else None
