"""Guardians of other packages: by a real entry point, behind the same Protocol; what is broken abstains."""

import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django import Settings

from guardians.guest import Absent, Guest
from guardians.registry import NoGuardian, faults, made, seated
from prometheus_site import checks
from tests.guardians.plugins import TONE, installed

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(installed(tmp_path)))
    return tmp_path


def guardian(name: str) -> Guest:
    return made(name, {}, seconds=10.0)


@pytest.mark.usefixtures("packages")
def test_a_package_brings_a_guardian_by_its_entry_point() -> None:
    tone = guardian("tone")
    assert (tone.name, tone.seconds, tone.calibration) == ("tone", 1.0, None)
    assert tone.version.startswith("1+")


@pytest.mark.usefixtures("packages")
def test_its_version_names_the_calibration_that_its_band_comes_from() -> None:
    sure = guardian("sure")
    assert sure.version.endswith("/sure-2026")
    assert sure.calibration is not None
    assert sure.calibration.band.holds(0.5)


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nil", r"PROMETHEUS_GUARDIANS names 'nil'; use those that are installed: .*tone"),
        ("safety", r"PROMETHEUS_GUARDIANS names 'safety'; use those that are installed: "),
        ("lost", r"'lost', and gone_guardian:made raised ModuleNotFoundError; mend the package, or leave the name out"),
        ("moody", r"'moody', and poor_guardian:moody raised RuntimeError; mend the package"),
        ("picky", r"cannot be used: PROMETHEUS_GUARDIAN_WORDS is empty; name a file"),
        ("nothing", r"cannot be used: it needs review\(\) and the name 'nothing'"),
        ("unversioned", r"cannot be used: it needs a version of 1 to 59 characters"),
        ("instant", r"cannot be used: its seconds are no number above 0"),
        ("vague", r"cannot be used: its calibration needs an id of 1 to 20 characters and 0 <= low <= high <= 1"),
    ],
)
def test_what_cannot_be_had_is_told_with_its_cure_and_abstains(settings: Settings, name: str, message: str) -> None:
    with pytest.raises(NoGuardian, match=message) as caught:
        guardian(name)
    assert "sesame" not in str(caught.value)
    settings.PROMETHEUS_GUARDIANS = [name]
    assert [str(found.id) for found in checks.guardians_are_there(None)] == ["prometheus.E020"]
    assert seated([name], {}, seconds=10.0) == (Absent(name),)


@pytest.mark.usefixtures("packages")
def test_two_packages_with_one_name_are_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    other = installed(tmp_path_factory.mktemp("other"))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(other))
        (other / "tone_guardian-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: tone2\n")
        (other / "tone_guardian-1.0.dist-info").rename(other / "tone2-1.0.dist-info")
        with pytest.raises(NoGuardian, match="all call themselves; uninstall all but one"):
            guardian("tone")


@pytest.mark.usefixtures("packages")
def test_who_has_to_vote_and_is_not_named_is_a_fault(settings: Settings) -> None:
    assert faults(["tone"], ["tone", "privacy"], {}, seconds=1.0) == ()
    settings.PROMETHEUS_REQUIRED = {"LOW": [], "MEDIUM": ["tone"], "HIGH": []}
    (error,) = checks.guardians_are_there(None)
    assert error.msg == "'tone' is required and not among PROMETHEUS_GUARDIANS; name it there"


def test_without_seconds_nobody_votes_and_the_check_says_so(settings: Settings) -> None:
    assert checks.guardians_are_there(None) == []
    settings.PROMETHEUS_GUARDIAN_SECONDS = 0
    assert [str(found.id) for found in checks.guardians_are_there(None)] == ["prometheus.E021"]


def test_nothing_is_loaded_unless_it_is_named(packages: Path) -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(packages)!r}); from guardians.registry import seated; "
        "seated([], {}, seconds=1.0); assert 'tone_guardian' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


def test_the_example_of_the_manual_is_the_one_that_is_tested() -> None:
    manual = (ROOT / "docs" / "guardians.md").read_text(encoding="utf-8")
    assert TONE.strip() in manual
