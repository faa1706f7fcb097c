"""The texts that Safety's text model is made from and measured on.

Families of invented attacks and harmless texts; the training part of BIPIA (attacks and e-mails) from a folder that is
not kept here; and technical documents: descriptions and docstrings of the packages of this environment, which the locks
pin. Projects and families are kept apart between what is fitted, calibrated and measured.
"""

import ast
import hashlib
import json
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

SUITES = Path(__file__).parents[2] / "tests" / "guardians" / "suites"
FAMILIES = SUITES / "families"
BLANK = re.compile(r"\{([^{}]*)\}")
EXPANSIONS = 60
PARTS = ("fitted", "fitted", "calibrated", "measured")
DOCUMENT_LEAST, DOCUMENT_MOST, DOCUMENTS_OF_PROJECT, SOURCE_MOST = 300, 6_000, 20, 200_000


@dataclass(frozen=True, slots=True)
class Bipia:
    """The training part of BIPIA: attacks by class, and e-mails without one."""

    attacks: Mapping[str, Sequence[str]]
    code_attacks: Mapping[str, Sequence[str]]
    mails: Sequence[str]


@cache
def templates(name: str) -> Mapping[str, Any]:
    known: Mapping[str, Any] = yaml.safe_load((FAMILIES / f"{name}.yaml").read_text(encoding="utf-8"))
    return known


def families(name: str, *, times: int, seed: int = 1) -> dict[str, list[str]]:
    """Return the texts of each family of a file: every template expanded so many times, without repetitions."""
    found = {}
    for family, sources in templates(name).items():
        dice = random.Random(f"{seed} {family}")  # noqa: S311 - repeatable, not secret
        found[family] = sorted({expanded(source, dice) for source in sources for _ in range(times)})
    return found


def expanded(template: str, dice: random.Random) -> str:
    """Return a template with every blank filled: from the slot of its name, or by one of its alternatives."""
    for _ in range(EXPANSIONS):
        blank = BLANK.search(template)
        if blank is None:
            break
        filled = dice.choice(templates("slots").get(blank[1]) or blank[1].split("|"))
        template = f"{template[: blank.start()]}{filled}{template[blank.end() :]}"
    return template


def bipia(folder: Path) -> Bipia:
    """Read the files of ``folder``/injection.

    Raises:
        OSError: a file is missing.
    """
    place = folder / "injection"
    attacks, code = (json.loads((place / f"bipia_{kind}_attack_train.json").read_text()) for kind in ("text", "code"))
    lines = (place / "bipia_email_train.jsonl").read_text(encoding="utf-8").splitlines()
    return Bipia(attacks, code, [json.loads(line)["context"] for line in lines])


def questions(folder: Path) -> list[str]:
    """Return the questions of ``folder``/evidence/halueval_qa_one_turn_1_250.jsonl.

    Raises:
        OSError: the file is missing.
    """
    lines = (folder / "evidence" / "halueval_qa_one_turn_1_250.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines]


def forbidden(part: str, *, times: int = 12) -> list[str]:
    """Return requests for forbidden content of one part (tuned, measured), without repetitions."""
    dice = random.Random(f"5 {part}")  # noqa: S311 - repeatable, not secret
    sources = [source for known in templates("harm")[part].values() for source in known]
    return sorted({expanded(source, dice) for source in sources for _ in range(times)})


@cache
def unfitted() -> Mapping[str, Sequence[str]]:
    """Return ``attacks`` and ``harmless`` requests that nothing was made from."""
    known: Mapping[str, Sequence[str]] = yaml.safe_load((SUITES / "unfitted.yaml").read_text(encoding="utf-8"))
    return known


def planted(host: str, attack: str, dice: random.Random) -> str:
    """Return a text with an attack before it, after it or between two of its sentences."""
    sentences = re.split(r"(?<=[.!?])\s", host)
    place = dice.choice([0, len(sentences), dice.randrange(len(sentences))])
    return "\n".join(filter(None, (" ".join(sentences[:place]), attack, " ".join(sentences[place:]))))


def part_of(project: str) -> str:
    return PARTS[int(hashlib.sha256(project.encode()).hexdigest(), 16) % len(PARTS)]


@cache
def technical(part: str) -> tuple[str, ...]:
    """Return documents of the projects of one part (fitted, calibrated, measured), shuffled once and for all."""
    known = {(one.metadata["Name"] or "").lower(): one for one in metadata.distributions()}
    found = [text for name in sorted(known) if part_of(name) == part for text in documents_of(known[name])]
    random.Random(part).shuffle(found)  # noqa: S311 - repeatable, not secret
    return tuple(found)


def documents_of(project: metadata.Distribution) -> Iterator[str]:
    """Yield a project's description and the docstrings of its modules, each cut to ``DOCUMENT_MOST`` characters."""
    description = project.metadata.json.get("description", "")
    if isinstance(description, str) and len(description) >= DOCUMENT_LEAST:
        yield description[:DOCUMENT_MOST]
    given = 0
    for file in sorted(project.files or (), key=str):
        text = docstrings(Path(str(file.locate()))) if file.suffix == ".py" else ""
        if len(text) >= DOCUMENT_LEAST:
            yield text[:DOCUMENT_MOST]
            given += 1
        if given == DOCUMENTS_OF_PROJECT:
            return


def docstrings(path: Path) -> str:
    if not path.is_file() or path.stat().st_size > SOURCE_MOST:
        return ""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return ""
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef
    return "\n\n".join(filter(None, (ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, kinds))))
