"""Verifiers by name: built-in ones and those of installed packages; what cannot be had is told with its cure."""

import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django import Settings

from evidence.verifiers.registry import NoVerifier, made
from prometheus_site import checks
from tests.evidence.plugins import installed

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(installed(tmp_path)))
    return tmp_path


def verifier(name: str, **built_in: str) -> object:
    return made({"PROMETHEUS_VERIFIER": name}, built_in=built_in)


def test_without_a_name_there_is_none() -> None:
    assert verifier("") is None


@pytest.mark.usefixtures("packages")
def test_a_package_brings_a_verifier_by_its_entry_point() -> None:
    found = made({"PROMETHEUS_VERIFIER": "lenient-made"}, built_in={})
    assert found is not None
    assert found.id == "lenient-1"


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nil", r"PROMETHEUS_VERIFIER is 'nil'; use one of those that are installed: .*http.*lenient-made"),
        ("lenient-lost", r"'lenient-lost', and lenient_gone:made raised ModuleNotFoundError; mend the package"),
        ("lenient-moody", r"'lenient-moody', and lenient_verifier:moody raised RuntimeError; mend the package"),
        ("lenient-picky", r"cannot be used: PROMETHEUS_VERIFIER_FOLDER is empty; name a folder"),
        ("lenient-nothing", r"returned no verifier: it needs align\(\) and an id of 1 to 60 characters"),
    ],
)
def test_what_cannot_be_had_is_told_with_its_cure(settings: Settings, name: str, message: str) -> None:
    with pytest.raises(NoVerifier, match=message) as caught:
        verifier(name, http="evidence.nowhere:made")
    assert "sesame" not in str(caught.value)
    settings.PROMETHEUS_VERIFIER = {"PROMETHEUS_VERIFIER": name}
    (error,) = checks.verifier_is_there(None)
    assert error.id == "prometheus.E005"


def test_two_packages_with_one_name_are_refused(packages: Path) -> None:
    installed(packages, project="other")
    with pytest.raises(NoVerifier, match="all call themselves; uninstall all but one"):
        verifier("shared")


@pytest.mark.usefixtures("packages")
def test_no_package_takes_a_built_in_name() -> None:
    with pytest.raises(NoVerifier, match="all call themselves"):
        verifier("lenient-made", **{"lenient-made": "evidence.somewhere:made"})


@pytest.mark.usefixtures("packages")
def test_a_verifier_that_can_be_had_passes_the_check(settings: Settings) -> None:
    settings.PROMETHEUS_VERIFIER = {"PROMETHEUS_VERIFIER": "lenient-made"}
    assert checks.verifier_is_there(None) == []
    settings.PROMETHEUS_VERIFIER_SECONDS = 0
    assert [str(found.id) for found in checks.verifier_is_there(None)] == ["prometheus.E006"]


def test_nothing_is_loaded_unless_it_is_named() -> None:
    script = (
        "import sys; from evidence.verifiers.registry import made; made({}, built_in={'http': 'http.server:x'}); "
        "assert not {'http.server', 'orchestration'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)
