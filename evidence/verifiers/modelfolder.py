"""A folder with a model: which of its files decide a score, read with care, and one hash over them."""

import hashlib
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeGuard

import orjson

SIZES = {"config.json": 1_000_000, "verifier.json": 1_000_000, "tokenizer_config.json": 10_000_000}
TOKENIZER_SIZE = 100_000_000
# A protobuf message can be no larger, and a graph is read as one.
GRAPH_SIZE = 2**31 - 1
GRAPHS = ("model.onnx", "onnx/model.onnx", "model_quantized.onnx", "onnx/model_quantized.onnx")
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
SETTINGS = {"labels", "weights", "max_tokens"}
# Models of these families count positions from behind the padding token's number.
SHIFTED = frozenset({"camembert", "longformer", "mpnet", "roberta", "roberta-prelayernorm", "xlm-roberta"})
LEAST_TOKENS, MOST_TOKENS = 32, 512


class ModelUnusable(ValueError):
    """A model's folder, or what it takes to run it, is not in order. It says what, and the cure."""


class Kind(StrEnum):
    """What runs the model."""

    ONNX = "onnx"
    SAFETENSORS = "safetensors"


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A folder as it was looked at.

    Attributes:
        root: absolute, without links.
        hashes: SHA-256 in hex of each file that decides a score, by its name in the folder.
        graph: the name of the ONNX file; empty for safetensors.
        config, settings: what stands in ``config.json`` and in the operator's ``verifier.json``.
        max_tokens: of passage, claim and marks together, 32 to 512.
    """

    root: Path
    kind: Kind
    hashes: Mapping[str, str]
    graph: str
    config: Mapping[str, Any]
    settings: Mapping[str, Any]
    max_tokens: int

    @property
    def digest(self) -> str:
        """Return one SHA-256 in hex over the names and contents of all files that decide a score."""
        lines = "".join(f"{sha256}  {name}\n" for name, sha256 in sorted(self.hashes.items()))
        return hashlib.sha256(lines.encode()).hexdigest()

    def read(self, name: str) -> bytes:
        """Return the bytes of a file that are the ones that were hashed.

        Raises:
            ModelUnusable: the file is gone, or another one than when the folder was looked at.
        """
        path = needed(self.root, name)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise unreadable(path, error) from error
        if hashlib.sha256(content).hexdigest() != self.hashes[name]:
            raise changed(path)
        return content

    def check(self) -> None:
        """Raise ModelUnusable where a file is another one than when the folder was looked at."""
        for name, sha256 in self.hashes.items():
            path = needed(self.root, name)
            if hash_of(path) != sha256:
                raise changed(path)


def look(folder: Path) -> ModelFolder:
    """Read what a folder holds and hash it: about a second for a gigabyte. No model is loaded.

    Raises:
        ModelUnusable: a file is missing, unreadable, too large or a link that leaves the folder; or the model needs
            what is not run here: pickled weights, code of its own, adapters.
    """
    try:
        root = folder.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise unreadable(folder, error) from error
    if not root.is_dir():
        raise ModelUnusable(f"{folder} is not a folder; name the folder that holds config.json")
    settings = document(root, "verifier.json") if found(root, "verifier.json") else {}
    if strange := sorted(settings.keys() - SETTINGS):
        raise ModelUnusable(f"{root}/verifier.json has {', '.join(strange)}; it may have {', '.join(sorted(SETTINGS))}")
    config = document(root, "config.json")
    limits = document(root, "tokenizer_config.json") if found(root, "tokenizer_config.json") else {}
    tokenizer = find_tokenizer(root)
    graph = find_graph(root, settings)
    weights = (graph,) if graph else safetensors(root, config)
    optional = [name for name in ("tokenizer_config.json", "verifier.json") if found(root, name)]
    names = ("config.json", tokenizer, *optional, *weights)
    return ModelFolder(
        root=root,
        kind=Kind.ONNX if graph else Kind.SAFETENSORS,
        hashes={name: hash_of(needed(root, name)) for name in names},
        graph=graph,
        config=config,
        settings=settings,
        max_tokens=max_tokens(root, config, limits, settings),
    )


def found(root: Path, name: str) -> Path | None:
    """Return the file of that name, or None.

    Raises:
        ModelUnusable: it is a link that leaves the folder, no regular file, or cannot be reached.
    """
    place = root / name
    try:
        real = place.resolve(strict=True)
        mode = real.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, RuntimeError) as error:
        raise unreadable(place, error) from error
    if not real.is_relative_to(root):
        cure = f"copy it with its files (cp -rL {root} COPY) and name the copy"
        raise ModelUnusable(f"{place} leads out of the folder, where it can change unseen; {cure}")
    if not stat.S_ISREG(mode):
        raise ModelUnusable(f"{place} is not a regular file; put the model's own file there")
    return real


def needed(root: Path, name: str) -> Path:
    path = found(root, name)
    if path is None:
        raise ModelUnusable(f"{root / name} is missing; a model's folder holds config.json, tokenizer.json and weights")
    return path


def document(root: Path, name: str) -> Mapping[str, Any]:
    path = needed(root, name)
    try:
        content = orjson.loads(sized(path, SIZES[name]).read_bytes())
    except OSError as error:
        raise unreadable(path, error) from error
    except orjson.JSONDecodeError as error:
        raise ModelUnusable(f"{path} is no JSON (line {error.lineno}); fetch the model's file again") from error
    if not isinstance(content, dict):
        raise ModelUnusable(f"{path} is no JSON object; fetch the model's file again")
    return content


def sized(path: Path, limit: int) -> Path:
    size = path.stat().st_size
    if size > limit:
        raise ModelUnusable(f"{path} has {size} bytes; at most {limit} are read")
    return path


def find_tokenizer(root: Path) -> str:
    path = found(root, "tokenizer.json")
    if path is None:
        cure = "AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER) of the package transformers writes it"
        raise ModelUnusable(f"{root}/tokenizer.json is missing; {cure}")
    sized(path, TOKENIZER_SIZE)
    return "tokenizer.json"


def find_graph(root: Path, settings: Mapping[str, Any]) -> str:
    """Return the name of the ONNX file: the one that ``verifier.json`` names, or the first that is there."""
    named = settings.get("weights")
    if named is not None and not (isinstance(named, str) and named.endswith(".onnx")):
        raise ModelUnusable(f"{root}/verifier.json: weights is {named!r}; name an .onnx file of the folder")
    for name in (named,) if named else GRAPHS:
        if path := (needed(root, name) if named else found(root, name)):
            sized(path, GRAPH_SIZE)
            return name
    return ""


def safetensors(root: Path, config: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the weights that the package transformers would load, and of their index.

    Raises:
        ModelUnusable: there are none, or the model needs code or adapters beside them.
    """
    names = sorted(path.name for path in root.glob("*.safetensors"))
    if not names:
        pickled = sorted({path.name for pattern in PICKLES for path in root.glob(pattern)})
        if pickled:
            reason = f"{root} has pickled weights only ({', '.join(pickled)}), which can run code when they are opened"
            raise ModelUnusable(f"{reason}; use the model's safetensors, or export it to ONNX")
        raise ModelUnusable(f"{root} has no weights; it needs {', '.join(GRAPHS[:2])} or model.safetensors")
    if "auto_map" in config:
        raise ModelUnusable(f"{root}/config.json asks for code of the model's own, which is not run; export it to ONNX")
    if found(root, "adapter_config.json"):
        raise ModelUnusable(f"{root} has an adapter; merge it into the model (merge_and_unload) and save that")
    index = "model.safetensors.index.json"
    return (*names, index) if found(root, index) else tuple(names)


def max_tokens(root: Path, config: Mapping[str, Any], limits: Mapping[str, Any], settings: Mapping[str, Any]) -> int:
    """Return how many tokens the model is given at most: the least of what it, its tokenizer and the operator say."""
    positions = config.get("max_position_embeddings")
    shift = 1 + (config.get("pad_token_id") or 0) if config.get("model_type") in SHIFTED else 0
    reads = positions - shift if is_count(positions) else None
    said = (reads, limits.get("model_max_length"), settings.get("max_tokens"))
    least = int(min([MOST_TOKENS, *filter(is_count, said)]))
    if least < LEAST_TOKENS:
        raise ModelUnusable(f"{root}: the model reads {least} tokens; at least {LEAST_TOKENS} are needed")
    return least


def is_count(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def hash_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> ModelUnusable:
    reason = getattr(error, "strerror", None) or type(error).__name__
    return ModelUnusable(f"{path} cannot be read ({reason}); name a folder that this process's user may read")


def changed(path: Path) -> ModelUnusable:
    return ModelUnusable(f"{path} is another file than when this process began; restart it, and calibrate anew")
