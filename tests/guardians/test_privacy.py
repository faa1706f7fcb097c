"""The Privacy guardian: what it finds where, how it votes on it, and that it asks nobody and stays quick."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.stakes import Stakes
from guardians import privacy
from guardians.guardian import Ballot, Basis, Finding, Guardian, Material, Part, Piece, Vote, cast
from guardians.privacy import Coverage, Privacy
from guardians.privacyrules import names
from guardians.redaction import TOKEN, mask

ROOT = Path(privacy.__file__).parent.parent
DEMO = ROOT / "deploy" / "demo"
KEY = b"k" * 32
# Put together here, so that no scanner takes this file for a leak.
API_KEY = "ghp_" + "a1B2c3D4e5F6" * 3
JWT = ".".join(("eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiJhZGEifQ", "c2lnbmF0dXJlc2lnbmF0dXJl"))
PRIVATE_KEY = "-----BEGIN RSA PRIVATE " + "KEY-----\n" + "MIIEpAIBAAKCAQEA" * 4 + "\n-----END RSA PRIVATE " + "KEY-----"


def material(*pieces: tuple[Part, str]) -> Material:
    return Material(tuple(Piece(part, f"text {n}", text) for n, (part, text) in enumerate(pieces)), {}, Stakes.LOW, "p")


def vote(*pieces: tuple[Part, str]) -> Vote:
    return Privacy(Coverage.DIRECT).review(material(*pieces))


def seen(text: str, findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(finding.kind, finding.span.of(text)) for finding in findings if finding.span]


def in_answer(text: str) -> list[tuple[str, str]]:
    return seen(text, vote((Part.ANSWER, text)).findings)


def test_the_four_personal_texts_of_the_demonstration_are_masked() -> None:
    (request,) = [r for r in json.loads((DEMO / "requests.json").read_text(encoding="utf-8")) if r["id"] == "d"]
    cast_vote = vote((Part.REQUEST, request["question"]))
    masked = mask(request["question"], cast_vote.findings, key=KEY).text
    assert [value for _, value in seen(request["question"], cast_vote.findings)] == request["expected"]["masked"]
    assert not [value for value in request["expected"]["masked"] if value in masked]
    assert masked.endswith("prothrombin complex concentrate be delivered to Northgate Hospital?")


@pytest.mark.parametrize("path", sorted((DEMO / "corpus").glob("*.md")), ids=lambda path: str(path.stem))
def test_the_pathways_of_a_hospital_hold_no_personal_data(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [kind for kind, _ in in_answer(text)] == (["EMAIL"] if "newsletter" in path.name else [])


@pytest.mark.parametrize(
    ("request_text", "answer", "ballot"),
    [
        ("When is it stopped?", "Warfarin is stopped five days before.", Ballot.ALLOW),
        ("My name is Rosalind Achterberg.", "Warfarin is stopped five days before.", Ballot.ALLOW),
        ("Who asked?", "Write to rosalind@example.org.", Ballot.ALLOW_WITH_REDACTION),
        ("What is it?", "The password is Tr0ub4dor&3x.", Ballot.ALLOW_WITH_REDACTION),
        ("What is it?", f"The key is {API_KEY}.", Ballot.DENY),
        ("What is it?", f"Authorization: Bearer {JWT}", Ballot.DENY),
        ("What is it?", PRIVATE_KEY, Ballot.DENY),
        (f"Is {API_KEY} valid?", "Ask its issuer.", Ballot.ALLOW),
    ],
)
def test_the_answer_decides_the_ballot(request_text: str, answer: str, ballot: Ballot) -> None:
    cast_vote = vote((Part.REQUEST, request_text), (Part.ANSWER, answer))
    assert (cast_vote.ballot, cast_vote.hard) == (ballot, ballot is Ballot.DENY)
    assert cast_vote.basis is Basis.DETERMINISTIC


def test_what_sources_hold_is_recorded_and_does_not_change_the_ballot() -> None:
    document, result = "Ring +44 20 7946 0018.", f"token {API_KEY}"
    cast_vote = vote((Part.DOCUMENT, document), (Part.TOOL_RESULT, result), (Part.ANSWER, "Nothing."))
    assert cast_vote.ballot is Ballot.ALLOW
    assert [(f.kind, f.part, f.ref) for f in cast_vote.findings] == [
        ("PHONE", Part.DOCUMENT, "text 0"),
        ("API_KEY", Part.TOOL_RESULT, "text 1"),
    ]


def test_the_reason_says_what_was_looked_with_and_quotes_nobody() -> None:
    cast_vote = vote((Part.REQUEST, "I am Ada Lovelace"), (Part.ANSWER, "Write to rosalind@example.org."))
    assert cast_vote.reason == (
        "the answer holds EMAIL; 1 in the request, 0 elsewhere; "
        "coverage: direct data by patterns, validators, cues and gazetteer; no model"
    )
    assert vote((Part.ANSWER, API_KEY + " ada@example.org")).reason.startswith("the answer holds API_KEY;")


@pytest.mark.parametrize("coverage", Coverage)
def test_a_vote_says_how_much_was_looked_for(coverage: Coverage) -> None:
    said = Privacy(coverage).review(material((Part.ANSWER, "Wanda Kowalska paid.")))
    assert f"; coverage: {coverage} data by patterns, validators, cues and gazetteer; no model" in said.reason
    assert said.version.endswith(f"+{coverage}")
    assert bool(said.findings) is (coverage is Coverage.EVERYTHING)


def test_a_reason_fits_its_column_however_many_kinds_there_are() -> None:
    findings = [Finding("r", f"KIND_{n}" * 5, Part.ANSWER, "answer", None, 1.0) for n in range(50)]
    assert len(privacy.reason_of(findings)) <= 300


def test_the_score_is_that_of_the_surest_finding() -> None:
    assert vote((Part.ANSWER, "Nothing.")).score == 0
    assert vote((Part.ANSWER, "Mr Ward, ward@example.org")).score == 0.99


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        (f"use {API_KEY}.", "API_KEY", API_KEY),
        ("AKIA" + "Q3X7" * 4, "API_KEY", "AKIA" + "Q3X7" * 4),
        ("sk-proj-" + "aB3_" * 12, "API_KEY", "sk-proj-" + "aB3_" * 12),
        (f"see {JWT} here", "JWT", JWT),
        (f"\n{PRIVATE_KEY}\nand more", "PRIVATE_KEY", PRIVATE_KEY),
        (PRIVATE_KEY.partition("\n-----END")[0], "PRIVATE_KEY", PRIVATE_KEY.partition("\n-----END")[0]),
        ("postgres://ada:n0tebook@db.example.org/x", "SECRET", "ada:n0tebook"),
        ('"api_key": "9f86d081884c7d65"', "SECRET", "9f86d081884c7d65"),
        ("password = Tr0ub4dor&3x;", "SECRET", "Tr0ub4dor&3x"),
    ],
)
def test_secrets_are_found_by_their_shape_or_their_name(text: str, kind: str, value: str) -> None:
    assert in_answer(text) == [(kind, value)]


@pytest.mark.parametrize(
    "text",
    [
        "password: must be at least twelve characters",
        "password: <your-password>, secret = your_secret_1, api_key=changeme123",
        'api_key = os.environ["KEY"], token: aaaaaaaa1111',
        "postgres://user:${PASSWORD}@db.example.org/x",
        "AKIAIOSFODNN7" + "EXAMPLE",
        "eyJhbGciOiJIUzI1NiJ9 and eyJub3QiOiJhIn0.eyJhIjoxfQ.abcd and eyJ!!!!!!!!!.aaaa.aaaa",
        "eyJbMSwyLDNd.eyJbMSwyLDNd.abcd",
        "-----BEGIN CERTIFICATE-----",
    ],
)
def test_placeholders_and_rules_about_passwords_are_no_secrets(text: str) -> None:
    assert in_answer(text) == []


def test_a_value_that_a_cue_gave_away_is_found_in_every_text() -> None:
    request, answer = (
        "I am Rosalind Achterberg, passport 123456789.",
        "Rosalind Achterberg shows 123456789, 1234567890.",
    )
    cast_vote = vote((Part.REQUEST, request), (Part.ANSWER, answer))
    (name, passport) = [finding for finding in cast_vote.findings if finding.part is Part.ANSWER]
    assert seen(answer, (name, passport)) == [("PERSON", "Rosalind Achterberg"), ("PASSPORT", "123456789")]
    assert (name.rule, cast_vote.ballot) == ("privacy.repeated", Ballot.ALLOW_WITH_REDACTION)


def test_a_single_name_is_not_looked_for_elsewhere() -> None:
    assert in_answer("Mr Brown has brown hair, says Brown Street.") == [("PERSON", "Brown")]


def test_the_findings_of_a_source_are_limited_and_those_of_an_answer_are_not() -> None:
    directory = " ".join(f"a{n}@example.org" for n in range(80))
    cast_vote = vote((Part.DOCUMENT, directory), (Part.ANSWER, directory))
    counted = [sum(finding.part is part for finding in cast_vote.findings) for part in (Part.DOCUMENT, Part.ANSWER)]
    assert counted == [privacy.SOURCE_FINDINGS, 80]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("to ros\u200balind@exam\u00adple.org now", "ros\u200balind@exam\u00adple.org"),
        ("０２０ ７９４６ ００１８", "０２０ ７９４６ ００１８"),
        ("Mr Jose\u0301 came", "Jose\u0301"),
    ],
)
def test_hidden_and_foreign_characters_hide_nothing(text: str, value: str) -> None:
    assert [found for _, found in in_answer(text)] == [value]


@pytest.mark.parametrize(
    "text",
    [
        "Dr Rosalind Achterberg, my wife Anna, NHS number 999 000 0018, MRN 00482913",
        "Dear Rosalind,\nwrite to ada@example.org or 22 Acacia Avenue, Springfield, IL 62704\nKind regards,\nAda",
        "password = Tr0ub4dor&3x, https://ada:n0tebook@example.org/users/ada, born on 4 May 1961",
        "Call +44 20 7946 0018 ext. 12, 4929 5785 6933 9117, GB82 WEST 1234 5698 7654 32, passport 123456789",
    ],
)
def test_nothing_more_is_found_once_an_answer_is_masked(text: str) -> None:
    masked = mask(text, vote((Part.ANSWER, text)).findings, key=KEY).text
    assert TOKEN.search(masked)
    assert in_answer(masked) == []


def refused(*_: object, **__: object) -> NoReturn:
    raise AssertionError("a socket was opened")


def test_it_opens_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refused)
    assert in_answer("See https://example.org/users/ada, ada@example.co.uk, +44 20 7946 0018, 10.218.6.131.")


def test_an_address_is_judged_without_what_could_ask_for_its_domain() -> None:
    code = (
        "import sys; from guardians.privacy import found_in; from guardians.guardian import Part, Piece;"
        "text = '\\x22ada lovelace\\x22@example.org';"
        "print(len(list(found_in([Piece(Part.ANSWER, 'answer', text)]))), 'dns' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["1", "False"]


SIZE = 200_000
HOSTILE = (
    "1", "1.", "a@a.", "1 ", "020 7946 0018 ", "\n ", "1 Aaaa Aaaa Aaaa ", "１２３４ ", "://a:",
    "-----BEGIN PRIVATE " + "KEY-----",
)  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_text_takes_time_in_proportion_to_its_length(unit: str) -> None:
    text = (unit * (SIZE // len(unit) + 1))[:SIZE]
    started = time.process_time()
    vote((Part.ANSWER, text))
    # Half a second to one without a tracer; what is not linear takes minutes.
    assert time.process_time() - started < 40


words = st.sampled_from(
    ["Mr ", "Ada", " ", "@", ".", "+44 20 7946 0018", "my name is ", "-", "<", "\n", "é", "\ud800", "\u200b"]
)
texts = st.lists(st.one_of(words, st.text(st.characters(), max_size=8)), max_size=20).map("".join)


@given(texts, st.sampled_from(list(Part)))
def test_any_text_gets_a_vote_that_holds_at_the_border(text: str, part: Part) -> None:
    guardian: Guardian = Privacy()
    assert cast(guardian, material((part, text)), clock=lambda: 0).ballot is not Ballot.ABSTAIN


def test_the_version_changes_with_the_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    before = privacy.table_hash()
    monkeypatch.setattr(names, "STOP", names.STOP | {"rosalind"})
    assert privacy.table_hash() != before
    assert Privacy(Coverage.DIRECT).version == f"{privacy.REVISION}+{before}+direct"


def test_the_version_is_the_same_in_every_process() -> None:
    code = "from guardians.privacy import Privacy; print(Privacy().version)"
    environments = [{**os.environ, "PYTHONHASHSEED": seed} for seed in ("1", "2")]
    runs = [
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
        for env in environments
    ]
    assert [run.stdout.strip() for run in runs] == [Privacy().version] * 2


def test_what_was_found_is_remembered_of_short_texts_only() -> None:
    privacy.remembered.cache_clear()
    short, long = "Call +44 20 7946 0018.", "Call +44 20 7946 0018. " + "Nothing else. " * 400
    for _ in range(2):
        assert seen(short, vote((Part.ANSWER, short)).findings) == seen(long, vote((Part.ANSWER, long)).findings)
    assert privacy.remembered.cache_info().currsize == 1
