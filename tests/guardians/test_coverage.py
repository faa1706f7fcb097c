"""Where everything is looked for, names, places, organisations, dates and whole addresses are found; terms are not."""

import socket
import time

import pytest

from guardians.guardian import Part, Piece
from guardians.privacy import Coverage, found_in


def found(text: str, coverage: Coverage = Coverage.EVERYTHING) -> list[tuple[str, str]]:
    findings = found_in([Piece(Part.ANSWER, "answer", text)], coverage=coverage)
    return [(finding.kind, finding.span.of(text)) for finding in findings if finding.span]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Wanda Kowalska paid.", [("PERSON", "Wanda Kowalska")]),
        ("the invoice of wanda kowalska is late", [("PERSON", "wanda kowalska")]),
        ("Grace Okafor and Hans van der Berg met.", [("PERSON", "Grace Okafor"), ("PERSON", "Hans van der Berg")]),
        ("It was told by Zubrycki.", [("PERSON", "Zubrycki")]),
        ("They had 3: Anna, Rose and Zbyszko.", [("PERSON", "Anna"), ("PERSON", "Rose"), ("PERSON", "Zbyszko")]),
        ("Élodie Núñez paid.", [("PERSON", "Élodie Núñez")]),
        ("He moved to Thessaloniki.", [("LOCATION", "Thessaloniki")]),
        ("They live in Zweisimmen.", [("LOCATION", "Zweisimmen")]),
        ("flights to new york", [("LOCATION", "new york")]),
        ("She works at Hartmann Logistics GmbH.", [("ORGANIZATION", "Hartmann Logistics GmbH")]),
        ("the University of Leeds", [("ORGANIZATION", "University of Leeds")]),
        ("due on 3/14/2024 at 5:30 pm", [("DATE_TIME", "3/14/2024 at 5:30 pm")]),
        ("due on 14th of March, 2024", [("DATE_TIME", "14th of March, 2024")]),
        ("a 43-year-old on Tuesday", [("AGE", "43-year-old"), ("DATE_TIME", "Tuesday")]),
        ("see https://example.org/guidance.", [("URL", "https://example.org/guidance")]),
    ],
)
def test_what_leads_to_somebody_with_other_data_is_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    "address",
    [
        "1600 Harbour Lights Avenue, Suite 12, Tacoma, WA 98402",
        "Flat 3, 12 Mill Lane, Bristol BS1 4DJ",
        "Lindenstraße 12, 10969 Berlin",
        "14 rue des Lilas, 69003 Lyon",
        "Calle de Alcalá 45, 28014 Madrid",
        "Via Garibaldi 7, 16124 Genova",
        "Kungsgatan 18\nStockholm",
        "77 Unheardof 3\nApt. 5\nBrno",
        "PSC 7004, Box 83\nAPO AP 11949",
    ],
)
def test_an_address_is_one_finding_from_its_number_to_its_country(address: str) -> None:
    assert found(address) == [("STREET_ADDRESS", address)]


@pytest.mark.parametrize(
    "text",
    [
        "Install Django 5.2 with Python 3.11 and run Redis 7 on port 6379. See Section 4 Network Configuration.",
        "The Kubernetes Pod restarts when the Liveness Probe fails. Set replicas to 3 in Deployment Spec 2.",
        "Table 3 Royal Drive. Figure 12 Mean Latency By Region. Chapter 7 Database Design. 12 Angry Men",
        "HTTP 404 Not Found, RFC 9162 Section 2.1.1, ISO 27001, Windows 11 Pro 23 H2 build 22631",
        "Warfarin is stopped 5 days before surgery. Give Vitamin K 10 mg for Atrial Fibrillation.",
        "The Parkinson disease trial used the Wilson score and Boyle's Law. Bayes theorem; a Markov chain.",
        "March toward the goal. May I help? Will you mark the date? Grace period 30 days. Hope is no plan.",
        "Boeing 747 8 Freighter. Route 66. Rust 1.80 and Go 1.22 are out, build 7.43.0.5",
        "commit 3f2a9bc1d4e5f60718293a4b5c6d7e8f90a1b2c3, order 4471-2290-1180, invoice 2024-001234",
        "the system sends a request to the server and waits for 3 seconds before it times out",
    ],
)
def test_terms_versions_and_orders_are_nobody(text: str) -> None:
    assert found(text) == []


def test_a_run_looks_for_direct_data_only_unless_it_is_told() -> None:
    text = "Marie Curie left Paris on 4 June 1921; write to ada@example.org."
    assert found(text, Coverage.DIRECT) == [("EMAIL", "ada@example.org")]
    assert [kind for kind, _ in found(text)] == ["PERSON", "LOCATION", "DATE_TIME", "EMAIL"]


@pytest.mark.parametrize("unit", ["1 A ", "Ada, ", "Street 1 ", "1 Aa\n", "1 rue de la ", "May 1 ", "É ", "\ud800"])
def test_hostile_text_takes_time_in_proportion_to_its_length(unit: str) -> None:
    text = (unit * (200_000 // len(unit) + 1))[:200_000]
    started = time.process_time()
    found(text)
    # Two and a half seconds at most without a tracer; what is not linear takes minutes.
    assert time.process_time() - started < 40


def test_no_list_opens_a_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refused)
    assert [kind for kind, _ in found("Wanda Kowalska, ada@example.co.uk, https://example.org")] == [
        "PERSON",
        "EMAIL",
        "URL",
    ]
