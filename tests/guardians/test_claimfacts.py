"""What a claim's words tell the policy packs: advice is told from statements, promises from figures."""

import pytest

from guardians import claimfacts
from guardians.facts import CLAIM, facts, problems


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("Take 400 mg of ibuprofen every eight hours.", ["dosage", "treatment"]),
        ("You probably have gout.", ["diagnosis"]),
        ("Your symptoms point to a migraine.", ["diagnosis"]),
        ("You should stop taking warfarin.", ["treatment"]),
        ("Warfarin is stopped 5 days before surgery.", []),
        ("Idarucizumab is given as two infusions of 2.5 g.", []),
        ("The fund is guaranteed to double.", ["guarantee"]),
        ("The return of the fund is not guaranteed.", ["benefit", "risk"]),
        ("The fund will return 9 % next year.", ["benefit", "promissory"]),
        ("Shares are expected to reach 40 euros.", ["projection"]),
        ("You should buy shares of Corvane.", ["recommendation"]),
        ("The bond yielded 4 % and its price may fall in value.", ["benefit", "risk"]),
        ("This fund is unbeatable.", ["exaggerated"]),
        ("The lake yields 40 tonnes of fish.", []),
    ],
)
def test_what_a_claim_does_is_read_from_its_words(text: str, flags: list[str]) -> None:
    assert claimfacts.flags_of(text) == flags


@pytest.mark.parametrize(
    ("text", "topic", "about_person"),
    [
        ("She was treated for depression.", "health", True),
        ("Mr. Whitfield attends the mosque on Fridays.", "religion", True),
        ("This applicant is a member of a trade union.", "union", True),
        ("Diabetes is a common disease.", "health", False),
        ("The bridge opened in 1932.", "", False),
    ],
)
def test_a_special_category_matters_where_a_person_is_spoken_of(text: str, topic: str, about_person: bool) -> None:
    known = claimfacts.described(text)
    assert (known["topic"], known["about_person"]) == (topic, about_person)


def test_a_name_that_privacy_found_makes_a_claim_about_a_person() -> None:
    assert claimfacts.described("Rosalind Achterberg has diabetes.", named=True)["about_person"] is True
    assert claimfacts.described("Rosalind Achterberg has diabetes.")["about_person"] is False


def test_advice_in_words_of_no_domain_counts_as_medical() -> None:
    assert claimfacts.described("Take two tablets.")["domain"] == "medical"
    assert claimfacts.described("You should buy shares of Corvane.")["domain"] == "finance"
    assert claimfacts.described("The bridge opened in 1932.")["domain"] == ""


def test_every_word_is_one_that_the_facts_know() -> None:
    known = {**claimfacts.MONEY, **claimfacts.ADVICE}
    assert set(known) == CLAIM["flags"].choices
    assert {"", *claimfacts.TOPICS} == CLAIM["topic"].choices
    assert list(problems(facts(claims=[claimfacts.described("You have gout.")]))) == []


def test_a_long_text_is_read_in_linear_time() -> None:
    assert claimfacts.flags_of("your symptoms " * 20_000) == []
