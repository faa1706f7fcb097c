"""Packages with guardians, as ``pip`` would leave them: a module and a dist-info folder with its entry points."""

from pathlib import Path

# The example of docs/guardians.md: a whole guardian in twenty lines.
TONE = """
import hashlib
import re

from audit.spans import Span
from guardians.guardian import Ballot, Finding, Part
from guardians.guest import voted

WORDS = r"obviously|trust me|everybody knows"


class Tone:
    name = "tone"
    version = "1+" + hashlib.sha256(WORDS.encode()).hexdigest()[:12]
    seconds = 1.0

    def review(self, material):
        (answer,) = (piece for piece in material.pieces if piece.part is Part.ANSWER)
        places = [Span(*found.span()) for found in re.finditer(WORDS, answer.text, re.IGNORECASE)]
        findings = [Finding("tone.word", "PRESUMPTION", answer.part, answer.ref, span, 1.0) for span in places]
        return voted(self, material, Ballot.ESCALATE if findings else Ballot.ALLOW, findings)


def made(settings):
    return Tone()
"""

# Guardians that do what none should.
POOR = """
import os
import sys
import time
from dataclasses import replace

from guardians.guardian import Ballot, Basis
from guardians.guest import Calibration, voted
from tone_guardian import Tone


class Poor(Tone):
    def __init__(self, name, do):
        self.name = name
        self.do = do

    def review(self, material):
        return self.do(voted(self, material, Ballot.ALLOW), material)


def hang(vote, material):
    time.sleep(60)


def die(vote, material):
    sys.exit("killed")


def spoil(vote, material):
    for name in list(material.facts):
        material.facts[name] = "spoiled"
    return vote


DOES = {
    "hang": hang,
    "die": die,
    "crash": lambda vote, material: 1 / 0,
    "nan": lambda vote, material: replace(vote, score=float("nan")),
    "other": lambda vote, material: replace(vote, material="0" * 64),
    "posing": lambda vote, material: replace(vote, guardian="safety"),
    "spoil": spoil,
    "guess": lambda vote, material: replace(vote, basis=Basis.STATISTICAL, score=0.5),
    "mute": lambda vote, material: None,
}


def maker(name):
    return lambda settings: Poor(name, DOES[name])


hang_made, die_made, crash_made, nan_made, other_made, posing_made, spoil_made, guess_made, mute_made = map(maker, DOES)


def sure_made(settings):
    found = Poor("sure", DOES["guess"])
    found.calibration = Calibration("sure-2026", 0.4, 0.6)
    return found


def moody(settings):
    raise RuntimeError("sesame")


def picky(settings):
    raise ValueError("PROMETHEUS_GUARDIAN_WORDS is empty; name a file")


def nothing(settings):
    return object()


def unversioned(settings):
    found = Tone()
    found.name, found.version = "unversioned", ""
    return found


def instant(settings):
    found = Tone()
    found.name, found.seconds = "instant", 0
    return found


def vague(settings):
    found = Tone()
    found.name, found.calibration = "vague", "good"
    return found
"""
DOES = ("hang", "die", "crash", "nan", "other", "posing", "spoil", "guess", "mute")
BROKEN = ("moody", "picky", "nothing", "unversioned", "instant", "vague")


def package(folder: Path, module: str, text: str, points: dict[str, str]) -> None:
    (folder / f"{module}.py").write_text(text, encoding="utf-8")
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n", encoding="utf-8")
    lines = ["[prometheus.guardians]", *(f"{name} = {value}" for name, value in points.items()), ""]
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")


def installed(folder: Path) -> Path:
    """Install both packages into a folder."""
    package(folder, "tone_guardian", TONE, {"tone": "tone_guardian:made"})
    points = {name: f"poor_guardian:{name}_made" for name in (*DOES, "sure")}
    points |= {name: f"poor_guardian:{name}" for name in BROKEN}
    points |= {"lost": "gone_guardian:made", "safety": "poor_guardian:spoil_made"}
    package(folder, "poor_guardian", POOR, points)
    return folder
