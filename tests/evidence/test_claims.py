"""What an answer states, one judgeable statement at a time."""

import json
import time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.claims import STATEMENTS_LIMIT, Kind, plain, split
from tests.evidence.hostile import HOSTILE

REQUESTS = Path(__file__).parents[2] / "deploy" / "demo" / "requests.json"
STOPPED = "Warfarin is stopped 5 days before surgery."


def stated(answer: str) -> list[str]:
    return [statement.text for statement in split(answer)]


def places(answer: str) -> list[str]:
    return [statement.span.of(answer) for statement in split(answer)]


def test_the_demonstration_answer_states_its_six_claims_as_they_stand() -> None:
    answer = next(request["answer"] for request in json.loads(REQUESTS.read_text("utf-8")) if request["id"] == "b")
    assert " ".join(stated(answer)) == answer
    assert len(split(answer)) == 6
    assert {statement.kind for statement in split(answer)} == {Kind.FACT}


@pytest.mark.parametrize(
    ("sentence", "clauses"),
    [
        (
            "Warfarin is stopped 5 days before surgery, and apixaban is stopped 2 days before.",
            ["Warfarin is stopped 5 days before surgery.", "Apixaban is stopped 2 days before."],
        ),
        (
            "Warfarin is restarted in the evening, but must not be given as a loading dose.",
            ["Warfarin is restarted in the evening.", "Warfarin must not be given as a loading dose."],
        ),
        (
            "Warfarin is stopped, and is also measured, and is restarted on day 2.",
            ["Warfarin is stopped.", "Warfarin is also measured.", "Warfarin is restarted on day 2."],
        ),
        (
            "Apixaban is stopped 24 hours before surgery, while warfarin is stopped 5 days before surgery.",
            ["Apixaban is stopped 24 hours before surgery.", "Warfarin is stopped 5 days before surgery."],
        ),
        (
            "Warfarin, which is a vitamin K antagonist, is stopped.",
            ["Warfarin is a vitamin K antagonist.", "Warfarin is stopped."],
        ),
        (
            "The film was directed by Jane Campion, who was born in 1954.",
            ["The film was directed by Jane Campion.", "Jane Campion was born in 1954."],
        ),
        (
            "It was led by Ada Lovelace, who directed the works.",
            ["It was led by Ada Lovelace.", "Ada Lovelace directed the works."],
        ),
        (
            "The pump is in Paris, which is the capital of France.",
            ["The pump is in Paris.", "Paris is the capital of France."],
        ),
        (
            "Idarucizumab does not reverse apixaban; vitamin K has no effect on dabigatran.",
            ["Idarucizumab does not reverse apixaban.", "Vitamin K has no effect on dabigatran."],
        ),
        (
            "Pack 2 contains red cells, plasma and platelets, and pack 3 is empty.",
            ["Pack 2 contains red cells, plasma and platelets.", "Pack 3 is empty."],
        ),
        ("It is closed, but there are no beds.", ["It is closed.", "There are no beds."]),
        ("Patients receive iron, and mRNA is measured.", ["Patients receive iron.", "mRNA is measured."]),
    ],
)
def test_a_sentence_that_says_two_things_becomes_two_statements(sentence: str, clauses: list[str]) -> None:
    assert stated(sentence) == clauses


@pytest.mark.parametrize(
    "sentence",
    [
        "Pack 1 contains four units of red cells and four units of fresh frozen plasma.",
        "Pack 2 contains 4 units of red cells, 1 dose of platelets, and 2 pools of cryoprecipitate.",
        "Tranexamic acid is given as a bolus of 1 g over 10 minutes, followed by 1 g over 8 hours.",
        "Warfarin, apixaban, and rivaroxaban are stopped before surgery.",
        "When the INR is 1.5 or higher, vitamin K is given, and the INR is measured again.",
        "In 2025 the group bridged 212 patients, and bleeding was rare.",
        "Apixaban is stopped, and warfarin is continued, when the INR is below 2.",
        "The audit found that bleeding rose, and deaths were fewer.",
        "Oral anticoagulants are not given, while an epidural catheter is in place.",
        "The dose is halved, and it is given twice.",
        "Heparin is stopped, and apixaban is not.",
        "Both drugs are stopped, and the INR is measured.",
        'The caller says "the pump is on, and the valve is open".',
        "The ward is closed, and the doctor, and the nurse are gone.",
        "Warfarin is red, and heparin, while idarucizumab is blue, is green.",
        "Fondaparinux is used, and the other drugs are stopped.",
        "Surgery was moved to Paris, which was expensive.",
        "Surgery was moved to intensive care, which is expensive.",
        "The award went to Ada Lovelace and Grace Hopper, who were engineers.",
        "They met on a Monday in the library of Paris, who knows.",
        "The pump, which he built in 1950, is old.",
        "The pump, which is old.",
        "The pump, which is old, and cold, is on.",
        "The pump is on, is open, and the valve is shut.",
        "Warfarin is stopped, or is halved, and heparin is started.",
        "It was led by Ada, who – it is said – is old.",
        "It was led by Ada, who.",
        "It was led by Ada, who Smith met.",
        "The ward is closed, and the beds, is what was said, are old.",
        "Fondaparinux is used, and its effect is measured.",
        "The pump, which is old, and the valve, which is new, are on.",
        "The drugs that are used, and the pumps are listed.",
        "Not only is warfarin stopped, but heparin is started.",
        "Each of the pumps is on, but none is open.",
        "The ward (which is closed, and is cold) is big.",
        "Warfarin is stopped, and then heparin is started.",
        "The pump is on, and more units are kept.",
        "Neither is given, but is kept.",
    ],
)
def test_a_sentence_whose_parts_lean_on_one_another_stays_whole(sentence: str) -> None:
    assert stated(sentence) == [sentence]


def test_a_sentence_too_long_to_be_looked_at_stays_whole() -> None:
    sentence = f"Warfarin is stopped {'very ' * 300}late, and heparin is started."
    assert stated(sentence) == [sentence]


def test_each_statement_knows_where_it_stands() -> None:
    answer = f"Hello!\n\n- **{STOPPED[:-1]}**, and apixaban is not given [1].\n"
    assert places(answer) == ["**Warfarin is stopped 5 days before surgery**", "apixaban is not given [1]."]


@pytest.mark.parametrize(
    "text",
    [
        "Warfarin is stopped 5 days before surgery.[1]",
        "Warfarin is stopped [2][3] 5 days before surgery [1, 2].",
        "Warfarin is stopped 5 days before surgery [^4].",
        "Warfarin is stopped 5 days before surgery [1](https://example.org/a).",
        "Warfarin is stopped 5 days before surgery 【4†source】.",
        "Warfarin is stopped [citation needed] 5 days before surgery.",
        "**Warfarin** is `stopped` <b>5</b> _days_ before __surgery__.",
        "[Warfarin](https://example.org/a) is stopped\n5 days   before surgery.",
        "> Warfarin is stopped\n> 5 days before surgery.",
        "3. Warfarin is stopped 5 days before surgery.",
        "Warfarin is stopped 5 days before surgery. <!-- Not at all. -->",
    ],
)
def test_citation_marks_and_markup_are_no_part_of_a_statement(text: str) -> None:
    assert stated(text) == [STOPPED]


@pytest.mark.parametrize(
    "text", ["It costs 5*3 pounds.", "Set snake_case_name to 10<sup>9</sup>.", "[PERSON_1f3a] is well."]
)
def test_marks_that_carry_meaning_stay(text: str) -> None:
    assert stated(text) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n ",
        "Is warfarin stopped?",
        "“Is warfarin stopped?”",
        "Hello Grace,",
        "Good morning!",
        "Thank you for your question.",
        "Sure! Of course. Yes.",
        "I hope this helps!",
        "Let me know if you have any further questions.",
        "Here is the answer:",
        "Here are the most important rules:",
        "The following steps:",
        "As an AI language model, I cannot give medical advice.",
        "I am not sure. It depends. I don't know.",
        "Best regards, Ada",
        "# Stopping warfarin",
        "**Stopping warfarin**\n\n---",
        "[1]",
        "[1] [2][3]",
        "...",
        "| Drug | Dose |\n|---|---|",
        "<!-- Warfarin is stopped. -->",
    ],
)
def test_what_states_nothing_is_no_statement(text: str) -> None:
    assert split(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "Thank you for stopping warfarin 9 days before surgery in patients with a mitral valve at Northgate Hospital.",
        "Hello, warfarin is never stopped before surgery.",
        'The form asks "Is the INR known?"',
        "**Warfarin is stopped.**",
        "42.",
        "Paris",
        "The dose depends on the INR.",
    ],
)
def test_a_statement_that_looks_like_courtesy_is_one(text: str) -> None:
    assert stated(text) == [plain(text)]


def test_a_fragment_of_a_list_takes_over_what_introduces_it() -> None:
    answer = (
        "## Dose\n\nThe dose depends on the INR:\n\n- 25 IU/kg above 2.0\n- A single dose never exceeds 5,000 IU.\n"
    )
    assert stated(answer) == [
        "The dose depends on the INR.",
        "The dose depends on the INR: 25 IU/kg above 2.0",
        "A single dose never exceeds 5,000 IU.",
    ]


def test_an_introduction_holds_for_its_list_only() -> None:
    answer = "# Heparin\n\nOf note:\n\n- 5 mg\n\nThe ward is told.\n\n- 7 mg\n"
    assert stated(answer) == ["Of note: 5 mg", "The ward is told.", "Heparin: 7 mg"]


def test_a_fragment_under_a_heading_takes_over_the_heading() -> None:
    assert stated("**Idarucizumab**\n\n5 g, once") == ["Idarucizumab: 5 g, once"]
    assert stated("Idarucizumab\n===\n\n- 5 g, once") == ["Idarucizumab: 5 g, once"]


def test_a_row_takes_over_the_head_of_its_table_which_is_no_statement() -> None:
    answer = "| Drug | Dose |\n|---|---|\n| Heparin | 80 units/kg |\n\n- 5 mg\n"
    assert stated(answer) == ["Drug, Dose: Heparin, 80 units/kg", "5 mg"]


def test_a_sentence_of_its_own_takes_over_nothing() -> None:
    assert stated(f"# Heparin\n\n{STOPPED} Give it.") == [STOPPED, "Give it."]


def test_an_endless_introduction_is_not_repeated_in_full() -> None:
    assert len(stated(f"# {'b ' * 5000}\n\n- 5 mg")[0]) < 250


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (STOPPED, Kind.FACT),
        ("A loading dose of warfarin must not be given.", Kind.FACT),
        ("Therefore the bolus is safe.", Kind.INFERENCE),
        ("The trial suggests a benefit.", Kind.INFERENCE),
        ("Stop warfarin 5 days before surgery.", Kind.DECISION),
        ("The dose should be halved.", Kind.DECISION),
        ("Do not give protamine.", Kind.DECISION),
    ],
)
def test_a_statement_is_a_fact_an_inference_or_a_decision(text: str, kind: Kind) -> None:
    assert [statement.kind for statement in split(text)] == [kind]


def test_what_comes_after_a_thousand_statements_stays_together() -> None:
    answer = f"{STOPPED} " * (STATEMENTS_LIMIT + 50)
    found = split(answer)
    assert len(found) == STATEMENTS_LIMIT + 1
    assert found[-1].text == " ".join([STOPPED] * 50)
    assert found[-1].span.end == len(answer.rstrip())


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_takes_no_time_and_grows_little(name: str) -> None:
    started = time.process_time()
    found = split(HOSTILE[name])
    assert time.process_time() - started < 3
    assert sum(len(statement.text) for statement in found) < 500_000


WORDS = "warfarin|is|must not|, and|, which is|; |.|?|[1]|**|\n\n|\n- |## |:|<!--|-->|5 mg|Ada|who|\n> |```|(|Hello"
PIECES = st.sampled_from([*WORDS.split("|"), "|", '"'])


@given(st.lists(PIECES, max_size=40).map(" ".join))
def test_statements_lie_in_the_answer_in_order_and_apart_and_are_never_empty(answer: str) -> None:
    found = split(answer)
    assert all(left.span.end <= right.span.start for left, right in pairwise(found))
    assert all(statement.span.of(answer).strip() and statement.text.strip() for statement in found)
    assert all(statement.span.end <= len(answer) for statement in found)
    assert all(statement.text == " ".join(statement.text.split()) for statement in found)


@given(st.text(max_size=200))
def test_any_text_can_be_split(answer: str) -> None:
    assert split(answer) == split(answer)
