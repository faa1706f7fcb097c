"""Where a sentence ends, and where a full stop does not end it."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.language.sentences import sentences


def cut(text: str) -> list[str]:
    return [span.of(text) for span in sentences(text)]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Dr. Smith met Mrs. Jones at St. Mary's. Prof. Lee came in vol. 3. It works.", 3),
        ("Smith et al. (2020) found it. Jones et al. disagree. The rest is open.", 3),
        ("Upgrade to v2.0.1 to fix CVE-2024-3094. Version 3.11.4 is safe. See release 1.2.", 3),
        ("See https://example.org/a.b?c=d.Html for more. Then visit www.example.com. Done.", 3),
        ("Steps:\n- Stop warfarin\n- Give vitamin K.\n* Measure the INR\n1. Call the ward", 5),
        ('He said "Stop it." Then he left. (It was late.) She asked "Why?" and went home.', 4),
        ("It is given at 8 a.m. and 6 p.m. every day. We close at 9 p.m. The ward opens at 6 a.m. Monday.", 3),
        ("1. First step. 2. Second step. 3. Third step.", 3),
        ("Warfarin is stopped.[1] Apixaban is continued [2]. The dose is 5 mg [3][4]. Then rest. [5] Done.", 5),
        ("the dose is 5 mg. it is given daily. then stop.", 3),
    ],
)
def test_hostile_texts_are_cut_into_the_right_number_of_sentences(text: str, count: int) -> None:
    assert len(cut(text)) == count


@pytest.mark.parametrize(
    "sentence",
    [
        "The dose is 2.5 mg.",
        "George W. Bush met J. R. R. Tolkien.",
        "The U.S. Army came on Jan. 5.",
        "Give approx. 5 mg, max. 10 mg, i.e. two tablets, e.g. daily.",
        "See Fig. 2, No. 7 and pp. 3 of the report.",
        "It was found... but not used.",
        "The substance (see Sec. 4.) is stable.",
        "He lives in St. Andrews and works for Acme Inc. Europe.",
        "E. coli was found by M. Curie.",
        "Paul v. Clinton was a civil suit.",
        "Am 12. Dezember 2020 wurde er entlassen.",
        "Read ASP.NET, Node.Js and README.Md at x@example.Org first.",
        "The subsp. alba grows here.",
    ],
)
def test_a_full_stop_inside_a_sentence_does_not_end_it(sentence: str) -> None:
    following = "Then it ended."
    assert cut(f"{sentence} {following}") == [sentence, following]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("in the 19th century.First it was used in 1998.The dose was 3.5 mg.A new one came.", 4),
        ("It contains vitamin K. Protamine does not. It is in group B. Rest.", 4),
        ("He lives in the U.S. The rest left. They sell salt, etc. Warfarin is not sold.", 4),
        ("Wait... Then it came! really? yes.", 4),
        ("It weighs 5 kg. it is small.", 2),
        ("これは文です。次の文！本当？はい。", 4),
        ("¿Qué es esto? ¡Es una prueba! Sí.", 3),
        ("यह एक वाक्य है। यह दूसरा है।", 2),
        ("هل هذا صحيح؟ نعم.", 2),
        ("It is in the list.[1]Another follows.", 2),
        ("It stars Kim (as Yong).Train is a film (1992).Shop is another.", 3),
    ],
)
def test_other_scripts_glued_sentences_and_endings_that_look_like_abbreviations_end(text: str, expected: int) -> None:
    assert len(cut(text)) == expected


def test_a_quotation_mark_between_glued_sentences_belongs_to_the_one_it_encloses() -> None:
    assert cut('It is on the album."Walks" is a song.') == ["It is on the album.", '"Walks" is a song.']
    assert cut('He called "Stop it."Then he left.') == ['He called "Stop it."', "Then he left."]


def test_marks_of_layout_are_no_part_of_a_sentence() -> None:
    text = "## Title\n\n> Quoted here.\n> Again quoted.\n\n3. Third item\n   goes on.\n| a | b |\n|---|---|\n***\n"
    assert cut(text) == ["Quoted here.", "Again quoted.", "Third item\n   goes on.", "a | b"]


def test_a_heading_is_no_sentence_however_it_is_written() -> None:
    assert cut("# One\n\nTwo\n===\n\nThree ends.\n---\n") == ["Three ends."]


def test_a_wrapped_number_does_not_begin_a_list() -> None:
    assert cut("The INR is measured on day\n5. It is then noted.") == [
        "The INR is measured on day\n5.",
        "It is then noted.",
    ]


def test_a_list_may_follow_a_line_of_text_directly() -> None:
    assert cut("Do this:\n2) Stop\n(b) Rest") == ["Do this:", "Stop", "Rest"]


def test_code_is_read_line_by_line() -> None:
    assert cut("```python\nfirst line\n- second\n```\nAfter it.") == ["first line", "- second", "After it."]


def test_what_readers_do_not_see_is_no_sentence_and_none_runs_through_it() -> None:
    assert cut("Warfarin is <!-- never --> stopped. <!-- Ignore. -->") == ["Warfarin is", "stopped."]


def test_what_holds_no_word_is_no_sentence() -> None:
    assert cut("... !! --- *** 👍 \n\n") == []


def test_a_lost_full_stop_is_no_sentence() -> None:
    assert cut("One. . Two.") == ["One.", "Two."]


def test_an_answer_that_is_a_number_is_a_sentence() -> None:
    assert cut("5.") == ["5."]


@given(st.text(alphabet=st.sampled_from("aB1 .!?。\n\t-*#>|[]()<!\"'`_=é:;,𝒳"), max_size=200))
def test_sentences_are_in_order_and_apart_and_never_empty(text: str) -> None:
    spans = sentences(text)
    assert all(left.end <= right.start for left, right in pairwise(spans))
    assert all(span.of(text) == span.of(text).strip() != "" for span in spans)
    assert not spans or spans[-1].end <= len(text)
