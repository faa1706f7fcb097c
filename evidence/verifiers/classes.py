"""What each class of a model means, by its name and never by its place; and from its logits to probabilities."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from evidence.verifiers.modelfolder import ModelFolder, ModelUnusable
from evidence.verifying import VerifierFault


class Meaning(StrEnum):
    """What a class of a model says of a claim beside a passage."""

    SUPPORTED = "SUPPORTED"
    CONTRADICTED = "CONTRADICTED"
    NEITHER = "NEITHER"


NAMES = {
    Meaning.SUPPORTED: ("entailment", "entail", "entails", "entailed", "supported", "supports", "support"),
    Meaning.CONTRADICTED: (
        "contradiction", "contradict", "contradicts", "contradicted", "refuted", "refutes", "refute",
    ),
    Meaning.NEITHER: (
        "neutral", "not_entailment", "non_entailment", "not_entailed", "not_supported", "unsupported",
        "not_enough_info", "not_enough_information", "nei",
    ),
}  # fmt: skip
MEANINGS = {name: meaning for meaning, names in NAMES.items() for name in names}
CURE = 'say what each means in verifier.json: {"labels": {"0": "entailment", "1": "neutral", "2": "contradiction"}}'
PLACES = 6


@dataclass(frozen=True, slots=True)
class Classes:
    """The meaning of each of a model's outputs, in their order; one alone is read by the logistic function."""

    meanings: tuple[Meaning, ...]

    @property
    def binary(self) -> bool:
        """Tell whether the model cannot say "contradicted": it has no such class, or no third one to tell it from."""
        return len(self.meanings) < 3 or Meaning.CONTRADICTED not in self.meanings

    def probabilities(self, logits: Sequence[float]) -> tuple[float, float]:
        """Return p_supported and p_contradicted, 0 to 1 each, at most 1 together, to six places.

        Raises:
            VerifierFault: as many logits as there are classes are needed, all finite.
        """
        if len(logits) != len(self.meanings):
            raise VerifierFault(f"the model gave {len(logits)} logits for {len(self.meanings)} classes")
        if not all(math.isfinite(logit) for logit in logits):
            raise VerifierFault("the model gave a logit that is no finite number")
        # One output is one of two classes: its logit is the difference to the other.
        pair = logits if len(logits) > 1 else (*logits, 0.0)
        weights = [math.exp(logit - max(pair)) for logit in pair]
        shares = [weight / math.fsum(weights) for weight in weights]
        supported = round(shares[self.meanings.index(Meaning.SUPPORTED)], PLACES)
        if self.binary:
            return supported, 0.0
        contradicted = round(shares[self.meanings.index(Meaning.CONTRADICTED)], PLACES)
        return supported, min(contradicted, 1.0 - supported)


def read(folder: ModelFolder) -> Classes:
    """Return what the classes mean, by ``verifier.json`` where it says so, else by ``config.json``.

    Raises:
        ModelUnusable: a name is not known, or the names cannot be those of a verifier.
    """
    said = folder.settings.get("labels")
    names = by_number(said, where=f"{folder.root}/verifier.json") if said is not None else configured(folder)
    unknown = sorted(name for name in names if plain(name) not in MEANINGS)
    if unknown:
        raise ModelUnusable(f"{folder.root}: classes {', '.join(unknown)[:200]} are not known by name; {CURE}")
    meanings = tuple(MEANINGS[plain(name)] for name in names)
    if meanings.count(Meaning.SUPPORTED) != 1 or meanings.count(Meaning.CONTRADICTED) > 1:
        raise ModelUnusable(
            f"{folder.root}: classes {', '.join(names)[:200]}; one has to mean supported, at most one contradicted"
        )
    return Classes(meanings)


def configured(folder: ModelFolder) -> tuple[str, ...]:
    config, where = folder.config, f"{folder.root}/config.json"
    if config.get("problem_type") == "multi_label_classification":
        raise ModelUnusable(f"{where}: the model's classes do not exclude each other; use a model whose classes do")
    forward, backward = config.get("id2label"), config.get("label2id")
    if forward is None and isinstance(backward, dict):
        return by_number({str(number): name for name, number in backward.items()}, where=where)
    names = by_number(forward, where=where)
    if isinstance(backward, dict) and backward != {name: number for number, name in enumerate(names)}:
        raise ModelUnusable(f"{where}: id2label and label2id disagree; {CURE}")
    return names


def by_number(said: object, *, where: str) -> tuple[str, ...]:
    """Return names in the order of their numbers, which go from 0 without a gap."""
    if not isinstance(said, dict) or not said or set(said) != {str(number) for number in range(len(said))}:
        raise ModelUnusable(f"{where} does not name the model's classes 0, 1, …; {CURE}")
    names = tuple(said[str(number)] for number in range(len(said)))
    if not all(isinstance(name, str) for name in names):
        raise ModelUnusable(f"{where} names a class by what is no text; {CURE}")
    return names


def plain(name: str) -> str:
    return name.strip().casefold().replace("-", "_").replace(" ", "_")
