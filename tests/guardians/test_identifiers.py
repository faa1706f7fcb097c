"""Identifiers are found where their shape or their words prove them, and numbers of other kinds are left alone."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardians.guardian import Part, Piece
from guardians.privacy import Coverage, found_in
from guardians.privacyrules import identifiers, netaddresses
from guardians.privacyrules.shapes import Shape
from guardians.privacyrules.sightings import Sighting, holds, resolved


def found(text: str) -> list[tuple[str, str]]:
    findings = found_in([Piece(Part.ANSWER, "answer", text)], coverage=Coverage.DIRECT)
    return [(finding.kind, finding.span.of(text)) for finding in findings if finding.span]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Charge 4929 5785 6933 9117 today", "CREDIT_CARD", "4929 5785 6933 9117"),
        ("Charge 378282246310005.", "CREDIT_CARD", "378282246310005"),
        ("My credit card number is 4929578569339118", "CREDIT_CARD", "4929578569339118"),
        ("IBAN GB82 WEST 1234 5698 7654 32 and more", "IBAN", "GB82 WEST 1234 5698 7654 32"),
        ("de89370400440532013000", "IBAN", "de89370400440532013000"),
        ("It is 536-32-3065", "US_SSN", "536-32-3065"),
        ("social security number 536 32 3065", "US_SSN", "536 32 3065"),
        ("ITIN 912-90-3456", "US_ITIN", "912-90-3456"),
        ("Medicare 1EG4-TE5-MK73", "US_MBI", "1EG4-TE5-MK73"),
        ("my NHS number is 999 000 0018,", "UK_NHS", "999 000 0018"),
        ("NHS no. 9434765919", "UK_NHS", "9434765919"),
        ("Results for 943 476 5919", "UK_NHS", "943 476 5919"),
        ("NI number AB 12 34 56 C", "UK_NINO", "AB 12 34 56 C"),
        ("MORGA657054SM9IJ", "DRIVER_LICENSE", "MORGA657054SM9IJ"),
        ("My driver's license number is 281211981", "DRIVER_LICENSE", "281211981"),
        ("Passport No. 123456789", "PASSPORT", "123456789"),
        ("P<GBRACHTERBERG<<ROSALIND<<<<<<<<<<<<<<<<<<<\n", "PASSPORT", "P<GBRACHTERBERG<<ROSALIND<<<<<<<<<<<<<<<<<<<"),
        ("MRN 00482913", "MRN", "00482913"),
        ("hospital number: K482913", "MRN", "K482913"),
        ("Aadhaar 234123412346", "IN_AADHAAR", "234123412346"),
        ("2341 2341 2346", "IN_AADHAAR", "2341 2341 2346"),
        ("PAN ACUPA7085R", "IN_PAN", "ACUPA7085R"),
        ("DNI 12345678Z", "ES_DNI", "12345678Z"),
        ("X1234567L", "ES_NIE", "X1234567L"),
        ("RCCMNL83S18D969H", "IT_FISCAL_CODE", "RCCMNL83S18D969H"),
        ("2 95 10 99 126 111 93", "FR_NIR", "2 95 10 99 126 111 93"),
        ("Steuer-ID 36574261809", "DE_TAX_ID", "36574261809"),
        ("BSN 111222333", "NL_BSN", "111222333"),
        ("PESEL 44051401359", "PL_PESEL", "44051401359"),
        ("85.07.30-033.28", "BE_NATIONAL_NUMBER", "85.07.30-033.28"),
        ("880320-0016", "SE_PERSONAL_NUMBER", "880320-0016"),
        ("CPR 211062-5629", "DK_CPR", "211062-5629"),
        ("131052-308T", "FI_PERSONAL_CODE", "131052-308T"),
        ("PPS 6433435F", "IE_PPS", "6433435F"),
        ("756.9217.0769.85", "CH_AHV", "756.9217.0769.85"),
        ("SIN number 123 456 782", "CA_SIN", "123 456 782"),
        ("routing number 111000025", "BANK_ACCOUNT", "111000025"),
        ("sort code 12-34-56", "BANK_ACCOUNT", "12-34-56"),
        ("1NEDqZPvTWRaoho48qXuLLsrYomMXPABfD", "CRYPTO_WALLET", "1NEDqZPvTWRaoho48qXuLLsrYomMXPABfD"),
        ("IMEI 490154203237518", "DEVICE_ID", "490154203237518"),
        ("VIN 1HGCM82633A004352", "VEHICLE_ID", "1HGCM82633A004352"),
        ("born on 4 May 1961", "DATE_OF_BIRTH", "4 May 1961"),
        ("DOB: 1961-05-04", "DATE_OF_BIRTH", "1961-05-04"),
        ("date of birth May 4, 1961", "DATE_OF_BIRTH", "May 4, 1961"),
    ],
)
def test_an_identifier_is_found_and_named(text: str, kind: str, value: str) -> None:
    assert found(text) == [(kind, value)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Ring +44 20 7946 0018.", "+44 20 7946 0018"),
        ("+44 (0)20 7946 0018", "+44 (0)20 7946 0018"),
        ("0044 20 7946 0018", "0044 20 7946 0018"),
        ("(978) 645-9740 x11144", "(978) 645-9740 x11144"),
        ("978-645-9740", "978-645-9740"),
        ("98765 43210", "98765 43210"),
        ("tel. 0161 496 0123", "0161 496 0123"),
        ("020 7946 0018 24 hours a day", "020 7946 0018"),
        ("call 51-16-34-25", "51-16-34-25"),
        ("9885 1152 (mobile)", "9885 1152"),
        ("call me on +44 123 456", "+44 123 456"),
        ("you can ring 785 8949", "785 8949"),
    ],
)
def test_a_telephone_number_is_found_in_the_ways_it_is_written(text: str, value: str) -> None:
    assert found(text) == [("PHONE", value)]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("to rosalind.achterberg@example.org.", "EMAIL", "rosalind.achterberg@example.org"),
        ("<o'brien+x@mail.example.co.uk>", "EMAIL", "o'brien+x@mail.example.co.uk"),
        ("from 10.218.6.131:8080", "IP", "10.218.6.131"),
        ("2001:db8::8a2e:370:7334", "IP", "2001:db8::8a2e:370:7334"),
        ("fe80::1", "IP", "fe80::1"),
        ("00:1A:2B:3C:4D:5E", "MAC_ADDRESS", "00:1A:2B:3C:4D:5E"),
        ("see https://example.org/users/rosalind.", "URL", "https://example.org/users/rosalind"),
        ("https://example.org/find?patient_id=7", "URL", "https://example.org/find?patient_id=7"),
        ("22 Acacia Avenue, Apt 4, Springfield, IL 62704", "STREET_ADDRESS", None),
        ("Flat 3, 12 High St", "STREET_ADDRESS", None),
        ("Lindenstraße 12, 10969 Berlin", "STREET_ADDRESS", None),
        ("12 rue de la Paix", "STREET_ADDRESS", None),
        ("Calle de Alcalá 45", "STREET_ADDRESS", None),
        ("P.O. Box 1234", "STREET_ADDRESS", None),
        ("my postcode is SW1A 1AA", "STREET_ADDRESS", "SW1A 1AA"),
    ],
)
def test_an_address_that_leads_to_a_person_is_found(text: str, kind: str, value: str | None) -> None:
    assert found(text) == [(kind, value or text)]


@pytest.mark.parametrize(
    "text",
    [
        "version 10.218.6.131, v1.2.3.4, pkg==7.43.0.5",
        "mask 255.255.255.0, net 10.0.0.0/8, loopback 127.0.0.1, 999.1.1.1",
        "std::vector, a::b, face::b00c, ::1, 1:2:3:4:5:6:7:8:9, 2001:db8::1::2, 12:34:56 and 00:00:00:00:00:00",
        "SHA-256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "550e8400-e29b-41d4-a716-446655440000",
        "order 4471-2290-1180, order number 9434765918, invoice 2024-001234, ticket 20794600",
        "2.5 g over 15 minutes, 50 units/kg, 20 to 25 °C, 2 x 1000 ml, 3.14159265358979",
        "2026-10-30, 30/10/2026, 7 December 2026, 12 Apr 2018 10.40, 2024-01-02T03:04:05.123456+10:30",
        "Section 4.4.2.1, PMID 31234567, ISBN 978-3-16-148410-0, Lancet 2019; 394: 1145-1158",
        "1,234,567,890 people paid £2,640.00 for 12345678901234567890",
        "batch numbers from CN-4471 to CN-4480",
        "4929 5785 6933 9118, 1234 5678 9012 3456",
        "123-45-0000, 000-12-3456, 943 476 5918",
        "Table 3 Royal Drive, on 7 December St Brannoc's Hospital",
        "image@2x.png, git@github.com:team/project.git, user@localhost",
        "https://www.nice.org.uk/guidance/ng89, http://x",
        "GB83 WEST 1234 5698 7654 32, GB82 WEST, ZZ82 WEST 1234 5698 7654 32, GB82WEST12345698765432X",
        "12345678A, X1234567A, RCCMNL83S18D969A, AAACA1234F, QQ123456C9",
        "The passport office opens at 9. Send 123456789 copies.",
        "The letter box of SW1A 1AA is full.",
        "+0 123 456 789, +999 12 34 567",
    ],
)
def test_other_numbers_are_no_personal_data(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("value", "score"),
    [
        ("ada.lovelace+news@example.co.uk", 0.99),
        ("李雷@例子.org", 0.99),
        ("ada@bücher.example.org", 0.99),
        ("ada@xn--bcher-kva.example", 0.99),
        ("ada@example.xn--p1ai", 0.99),
        ('"ada lovelace"@example.org', 0.99),
        ("ada@[192.0.2.1]", 0.99),
        ("ada..lovelace@example.org", 0.6),
        ("ada@my_host.example.org", 0.6),
    ],
)
def test_an_address_that_may_exist_is_surer_than_a_mistyped_one(value: str, score: float) -> None:
    (finding,) = found_in([Piece(Part.ANSWER, "answer", f"write to {value}, please")], coverage=Coverage.DIRECT)
    assert (finding.kind, finding.score) == ("EMAIL", score)


@pytest.mark.parametrize("text", ['say "yes"@home.', "user@[not.an.ip]", "ada@[1.2.3]", '""@example.org'])
def test_what_only_looks_like_a_rare_address_is_none(text: str) -> None:
    assert found(text) == []


def test_an_invalid_number_with_an_international_prefix_is_none() -> None:
    assert found("ring +0 123 456 78") == []
    assert found("00999 12 34 56 7") == []


def test_a_cue_reaches_to_the_end_of_its_sentence() -> None:
    assert found("Her passport is 123456789") == [("PASSPORT", "123456789")]
    assert found("She lost her passport. It cost 123456789 rupees") == []
    assert found("Her passport, which was issued a long time ago, is 123456789") == []


def test_every_web_address_is_seen_but_a_page_is_no_person() -> None:
    text = "see https://example.org/guidance."
    assert [text[url.start : url.end] for url in netaddresses.urls(text)] == ["https://example.org/guidance"]
    assert found(text) == []


@pytest.mark.parametrize(("shape", "marks"), identifiers.CUED, ids=lambda value: getattr(value, "rule", ""))
@given(data=st.data())
def test_every_cue_holds_one_of_the_marks_by_which_a_text_is_chosen(
    shape: Shape, marks: tuple[str, ...], data: st.DataObject
) -> None:
    assert shape.cue is not None
    said = data.draw(st.from_regex(re.compile(shape.cue.pattern, re.ASCII), fullmatch=True))
    assert holds(said, marks)


def test_of_two_that_overlap_the_surer_is_kept_and_of_equals_the_longer() -> None:
    short, long, sure = (
        Sighting("a", "PHONE", 2, 6, 0.5),
        Sighting("b", "MRN", 0, 6, 0.5),
        Sighting("c", "IP", 5, 9, 0.9),
    )
    assert resolved([short, long]) == [long]
    assert resolved([short, long, sure]) == [sure]
    assert resolved([sure, Sighting("d", "IP", 0, 5, 0.1)])[0].rule == "d"
