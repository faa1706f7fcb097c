"""A natural language inference (NLI) model from a local folder as a scorer of pairs. Nothing is ever downloaded.

What runs a model is imported when the first pair is scored, so web processes and checks never load it.
"""

import importlib
import importlib.util
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from evidence.verifiers import classes
from evidence.verifiers.classes import Classes
from evidence.verifiers.modelfolder import Kind, ModelFolder, ModelUnusable, look
from evidence.verifiers.scored import ScoredVerifier

__all__ = ["ModelUnusable", "NliScorer", "from_folder", "made"]

FOLDER = "PROMETHEUS_VERIFIER_FOLDER"

# Rises when a score of the same files could change.
VERSION = 1
BATCH_WINDOWS, BATCH_TOKENS = 16, 4096
NEEDED = {
    Kind.ONNX: (
        ("onnxruntime", "tokenizers", "numpy"),
        "python -m pip install --require-hashes --no-deps -r deploy/locks/nli.txt",
    ),
    Kind.SAFETENSORS: (
        ("torch", "transformers", "safetensors", "tokenizers"),
        "python -m pip install torch transformers safetensors, or export the model to ONNX",
    ),
}
CLASSES = {Kind.ONNX: ("onnxmodel", "OnnxModel"), Kind.SAFETENSORS: ("torchmodel", "TorchModel")}


class Model(Protocol):
    """Windows in, a row of logits for each out. ``alone``: a window's logits would depend on others beside it."""

    alone: bool

    def logits(self, windows: Sequence[Any]) -> list[list[float]]: ...


@dataclass(frozen=True, slots=True)
class Loaded:
    """A tokenizer and a model in memory."""

    reader: Any
    model: Model


class Residents:
    """Models in memory, each once a process, whoever asks first; and those that could not be loaded. Thread-safe."""

    def __init__(self) -> None:
        self.clear()
        # A lock that another thread held would stay locked in the child, and runtimes do not promise to survive a fork.
        os.register_at_fork(after_in_child=self.clear)

    def clear(self) -> None:
        self.turn = Lock()
        self.known: dict[str, Loaded | ModelUnusable] = {}

    def get(self, name: str, load: Callable[[], Loaded]) -> Loaded:
        with self.turn:
            if name not in self.known:
                try:
                    self.known[name] = load()
                except ModelUnusable as error:
                    self.known[name] = error
            one = self.known[name]
        if isinstance(one, ModelUnusable):
            raise ModelUnusable(str(one))
        return one


RESIDENTS = Residents()


@dataclass(frozen=True)
class NliScorer:
    """Scores claims beside passages by a model of a folder. The model itself is loaded with the first pair."""

    folder: ModelFolder
    classes: Classes

    @property
    def id(self) -> str:
        """Return what names the model: 43 or 50 characters that change when a file that decides a score does."""
        return f"nli-{VERSION}-{self.folder.kind}-{self.folder.digest[:32]}"

    @property
    def binary(self) -> bool:
        return self.classes.binary

    def load(self) -> Loaded:
        """Return the model in memory, which is there once a process.

        Raises:
            ModelUnusable: a package is missing, or a file is broken or has changed. It stays so until a restart.
        """
        return RESIDENTS.get(f"{self.folder.root} {self.id}", lambda: loaded(self.folder))

    def score(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, float]]:
        """Return p_supported and p_contradicted for each (passage, claim), 0 to 1 each, at most 1 together.

        Of a passage that takes several windows the strongest support and the strongest contradiction count, and
        support is never more than contradiction leaves of 1. A passage without a word says nothing: (0, 0).

        Raises:
            ModelUnusable: the model cannot be loaded.
            VerifierFault: the model cannot see all of a claim, or gave what are no logits.
        """
        if not pairs:
            return []
        ready = self.load()
        for claim in dict.fromkeys(claim for _, claim in pairs):
            ready.reader.check_claim(claim)
        windows = [(place, one) for place, pair in enumerate(pairs) for one in ready.reader.windows(*pair)]
        supported, contradicted = [0.0] * len(pairs), [0.0] * len(pairs)
        for batch in batches(windows, alone=ready.model.alone):
            rows = ready.model.logits([window for _, window in batch])
            for (place, _), row in zip(batch, rows, strict=True):
                for_it, against = self.classes.probabilities(row)
                supported[place] = max(supported[place], for_it)
                contradicted[place] = max(contradicted[place], against)
        return [(min(yes, 1.0 - no), no) for yes, no in zip(supported, contradicted, strict=True)]


def batches(windows: Sequence[tuple[int, Any]], *, alone: bool) -> Iterator[list[tuple[int, Any]]]:
    """Yield windows of about one length together, at most 16 and 4,096 tokens with padding; or each alone."""
    batch: list[tuple[int, Any]] = []
    for one in sorted(windows, key=lambda item: len(item[1].ids)):
        if batch and (alone or len(batch) == BATCH_WINDOWS or (len(batch) + 1) * len(one[1].ids) > BATCH_TOKENS):
            yield batch
            batch = []
        batch.append(one)
    if batch:
        yield batch


def made(settings: Mapping[str, str]) -> ScoredVerifier:
    """Return the verifier whose model lies in the folder that the settings name.

    Raises:
        ModelUnusable: no folder is named, or as ``from_folder`` does.
    """
    folder = settings.get(FOLDER, "")
    if not folder:
        raise ModelUnusable(f"{FOLDER} is not set; name the folder that holds the model's config.json")
    return ScoredVerifier(from_folder(Path(folder)))


def from_folder(folder: Path) -> NliScorer:
    """Return a scorer for the model of a folder. Reads and hashes its files; loads no model.

    Raises:
        ModelUnusable: the folder, its classes or the installed packages are not in order; says the cure.
    """
    seen = look(folder)
    meant = classes.read(seen)
    check_packages(seen.kind)
    return NliScorer(seen, meant)


def check_packages(kind: Kind) -> None:
    packages, cure = NEEDED[kind]
    if missing := [name for name in packages if importlib.util.find_spec(name) is None]:
        raise ModelUnusable(f"models in {kind} need the packages {', '.join(missing)}: {cure}")


def loaded(folder: ModelFolder) -> Loaded:
    check_packages(folder.kind)
    os.environ["HF_HUB_OFFLINE"] = "1"
    module, name = CLASSES[folder.kind]
    try:
        windows = importlib.import_module("evidence.verifiers.windows")
        runtime = importlib.import_module(f"evidence.verifiers.{module}")
    except ImportError as error:
        raise ModelUnusable(f"a package for models in {folder.kind} is broken: {NEEDED[folder.kind][1]}") from error
    return Loaded(windows.Reader(folder), getattr(runtime, name)(folder))
