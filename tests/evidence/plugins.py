"""A package with a verifier, as ``pip`` would leave it: a module and a dist-info folder with its entry points."""

from pathlib import Path

MODULE = """
from evidence.verifiers.scored import ScoredVerifier


class Scorer:
    id = "lenient-1"
    binary = False

    def score(self, pairs):
        return [(0.9, 0.0) for _ in pairs]


def made(settings):
    return ScoredVerifier(Scorer())


def moody(settings):
    raise RuntimeError("sesame")


def picky(settings):
    raise ValueError("PROMETHEUS_VERIFIER_FOLDER is empty; name a folder")


def nothing(settings):
    return object()
"""
NAMES = ("made", "moody", "picky", "nothing")


def installed(folder: Path, *, project: str = "lenient") -> Path:
    """Install the package into a folder, with an entry point for each of its functions and one that leads nowhere."""
    (folder / f"{project}_verifier.py").write_text(MODULE, encoding="utf-8")
    info = folder / f"{project}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n", encoding="utf-8")
    lines = [f"{project}-{name} = {project}_verifier:{name}" for name in NAMES]
    lines += [f"{project}-lost = {project}_gone:made", f"shared = {project}_verifier:made"]
    (info / "entry_points.txt").write_text("\n".join(["[prometheus.verifiers]", *lines, ""]), encoding="utf-8")
    return folder
