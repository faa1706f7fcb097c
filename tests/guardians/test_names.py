"""Names are found after what announces them; drugs, hospitals and headings are nobody."""

import pytest

from guardians.privacyrules import names


def found(text: str) -> list[str]:
    return [text[seen.start : seen.end] for seen in names.seen(text)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My name is Rosalind Achterberg, my number", "Rosalind Achterberg"),
        ("my name is rosalind achterberg and", "rosalind achterberg"),
        ("Call me Ishmael.", "Ishmael"),
        ("Dr. O'Brien saw her.", "O'Brien"),
        ("Mr Ward was discharged", "Ward"),
        ("Mrs. van der Berg", "van der Berg"),
        ("Prof. Jean-Luc McDonald's ward", "Jean-Luc McDonald"),
        ("Dr A. B. Kowalski", "A. B. Kowalski"),
        ("DR JENNER", "JENNER"),
        ("Sister Mary Seacole", "Mary Seacole"),
        ("Dear Rosalind,\nthank you", "Rosalind"),
        ("\n> Hello Ada Lovelace!", "Ada Lovelace"),
        ("Patient name: Rosalind Achterberg", "Rosalind Achterberg"),
        ("Name: Rosalind Achterberg", "Rosalind Achterberg"),
        ("Surname: ACHTERBERG", "ACHTERBERG"),
        ("signed by Rosalind Achterberg", "Rosalind Achterberg"),
        ("From: Rosalind Achterberg <r@example.org>", "Rosalind Achterberg"),
        ("Kind regards,\nRosalind\nCordel Supplies", "Rosalind"),
        ("the patient Anna Kowalski was seen", "Anna Kowalski"),
        ("Patient: Anna Kowalski", "Anna Kowalski"),
        ("my wife Anna is ill", "Anna"),
        ("a man named Alan Turing", "Alan Turing"),
        ("I'm Ada Lovelace", "Ada Lovelace"),
        ("this is Grace speaking", "Grace"),
        ("Mr. Иванов asked", "Иванов"),
    ],
)
def test_a_name_after_a_cue_is_found(text: str, name: str) -> None:
    assert name in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "Rosalind Achterberg",
        "my name is not on the list. My name is spelled wrong. My name is readily available",
        "Warfarin is stopped. Apixaban Tablets. Give the patient Warfarin Sodium",
        "St Brannoc's Hospital, Dr Jenner Hospital, Dr Foster Ward, Dr Jenner's Clinic",
        "Patient Blood Management. Patient Safety Team. Customer Service Desk",
        "approved by European Medicines Agency, reviewed by Northgate Trust, signed by all",
        "authorised by the duty haematologist",
        "Dear Sir or Madam,\nDear Colleague,\nHi team,\nHello World!\nDear Rosalind thinks",
        "Drug name: Warfarin Sodium\nName: Warfarin",
        "6 ms CPU, Miss USA, Professor of Medicine, Sir, Lady Frere",
        "I am Happy, I'm Irish, call me Monday, This is Warfarin. It is Warfarin here's why",
        "a drug called Eliquis Plus",
        "Regards,\n\nWarfarin is stopped",
        "name is",
    ],
)
def test_drugs_hospitals_headings_and_greetings_are_nobody(text: str) -> None:
    assert found(text) == []
