"""The typed verifier on sentences of many subjects: what says the same, what says otherwise, what says too little."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.typed.scoring import TYPED
from evidence.verdicts import Alignment, Reason, Rule, Stance, Verdict
from evidence.verifying import Context
from tests.evidence.hostile import HOSTILE
from tests.evidence.material import passage, statement, verdict

SAME = [
    ("Four units are sent.", "4 units are sent."),
    ("The bridge is closed by the council on Mondays.", "On Mondays the council closes the bridge."),
    ("The pump delivers 1.5 litres per minute.", "The pump delivers 1,500 ml per minute."),
    ("The kettle holds 2 kg.", "The kettle holds 2,000 g."),
    ("The walk is 8 km long.", "The walk is 5 miles long."),
    ("The fee is $4.2 million.", "The fee is $4,200,000."),
    ("The fee is $4.2M.", "The fee is 4.2 million dollars."),
    ("The station opened on 7 December 2026.", "The station opened on December 7, 2026."),
    ("The treaty was signed on 2026-12-07.", "The treaty was signed on 7 December 2026."),
    ("Twenty-five members voted for the motion.", "25 members voted for the motion."),
    ("The tank is kept at no more than 8 °C.", "The tank is kept at 8 °C or less."),
    ("The form must be kept for at least 8 years.", "The form must be kept for 8 years or more."),
    ("Visitors may not smoke in the hall.", "Visitors may not smoke in the hall at any time."),
    ("The World Health Organization published the list.", "The WHO published the list in May."),
    ("The WHO published the list.", "The World Health Organization published the list."),
    ("Norwegian engineers built the tunnel.", "Engineers from Norway built the tunnel."),
    ("The Libyan coast is long.", "The coast of Libya is long."),
    ("The drug is not safe in pregnancy.", "The drug is unsafe in pregnancy."),
    ("The drug is unsafe in pregnancy.", "The drug is not safe in pregnancy."),
    ("Warfarin reverses the effect of vitamin K.", "The effect of vitamin K is reversed by warfarin."),
    ("About 60% of the heat is lost.", "60% of the heat is lost."),
    ("The dose is 10 mg twice a day.", "The dose is 10 mg twice daily."),
    ("It isn’t stored in the cellar.", "It is not stored in the cellar."),
    ("José Müller directed the film in 1998.", "The film was directed by Jose\u0301 Müller in 1998."),
    ("No catheter may be placed.", "A catheter may not be placed."),
    ("The trial ran from 2018 to 2019.", "The trial ran in 2018-19."),
    ("The lift carries up to 8 people.", "The lift carries a maximum of 8 people."),
    ("All applicants are interviewed.", "Every applicant is interviewed."),
    ("More than 100 guests came.", "118 guests came."),
    ("The court is in Oslo.", "The court, which was founded in 1901, is in Oslo."),
    ("The band formed in the 1990s.", "The band formed in 1994."),
    ("The fifth season begins in May.", "Season 5 begins in May."),
]
OTHERWISE = [
    ("The pump delivers 1.5 litres per minute.", "The pump delivers 2 litres per minute.", Rule.NUMBER),
    ("Vitamin K was forgotten in 97 of 9 patients.", "Vitamin K was forgotten in 9 of 97 patients.", Rule.NUMBER),
    ("The kettle holds 2 kg.", "The kettle holds 2 g.", Rule.UNIT),
    ("The syringe is changed every 12 hours.", "The syringe is changed after 12 hours.", Rule.UNIT),
    ("The station opened on 7 December 2026.", "The station opened on 8 December 2026.", Rule.DATE),
    ("The station opened in March.", "The station opened in May.", Rule.DATE),
    ("The store opens on Monday.", "The store opens on Tuesday.", Rule.DATE),
    ("The tablet is taken before breakfast.", "The tablet is taken after breakfast.", Rule.DATE),
    ("The valve must be opened slowly.", "The valve must not be opened slowly.", Rule.NEGATION),
    ("The drug is not safe in pregnancy.", "The drug is safe in pregnancy.", Rule.NEGATION),
    ("The maximum dose is not 5 g.", "The maximum dose is 5 g.", Rule.NEGATION),
    ("The drug is safe in pregnancy.", "The drug is unsafe in pregnancy.", Rule.ANTONYM),
    ("The committee accepted the proposal on Monday.", "The committee rejected the proposal on Monday.", Rule.ANTONYM),
    ("The store must hold at most 50 kg of powder.", "The store must hold at least 50 kg of powder.", Rule.COMPARISON),
    ("The budget rose by 6% more than in 2024.", "The budget rose by 6% less than in 2024.", Rule.COMPARISON),
    ("Staff must wear a badge.", "Staff may wear a badge.", Rule.MODALITY),
    ("Carthage conquered Rome in the war.", "Rome conquered Carthage in the war.", Rule.ROLES),
    ("Heparin is reversed by protamine.", "Protamine is reversed by heparin.", Rule.ROLES),
    ("All members voted for the motion.", "Some members voted for the motion.", Rule.QUANTIFIER),
    ("The mall is the largest in Texas.", "The mall is one of the largest in Texas.", Rule.QUANTIFIER),
    ("The mall is the largest in Texas.", "The mall is the second largest in Texas.", Rule.QUANTIFIER),
    ("The Lark is the least visited museum in Oslo.", "The Lark is the most visited museum in Oslo.", Rule.QUANTIFIER),
    ("The pump has become less reliable.", "The pump has become more reliable.", Rule.QUANTIFIER),
    ("Ada writes for the stage.", "Ada is yet to write for the stage.", Rule.NEGATION),
    ("Dakota models in Oslo.", "Dakota avoids models in Oslo.", Rule.NEGATION),
    ("Guests may enter if the alarm sounds.", "Guests may enter unless the alarm sounds.", Rule.CONDITION),
]
TOO_LITTLE = [
    ("The act is approved by the engineer by telephone.", "The act is approved by the engineer.", Rule.DETAIL),
    ("The tunnel was built by engineers in Bergen.", "The tunnel was built by engineers.", Rule.ENTITY),
    ("Tea is grown in Kenya.", "Coffee is grown in Kenya.", Rule.DETAIL),
    ("The mill is in Northgate.", "The mill is in Eastfield.", Rule.ENTITY),
    ("Patients are bridged.", "Patients with a mechanical valve are bridged.", Rule.CONDITION),
    ("The file is kept for five years.", "The file is kept for 5 years if the owner agrees.", Rule.CONDITION),
    ("The file is kept for five years.", "The file is kept for 5 years, unless the owner objects.", Rule.CONDITION),
    ("Only nurses may open the cupboard.", "Nurses may open the cupboard.", Rule.QUANTIFIER),
    ("The vaccine always protects children.", "The vaccine protects children.", Rule.QUANTIFIER),
    ("The fee is 5,000 euros.", "The fee never exceeds 5,000 euros.", Rule.COMPARISON),
    ("Pack 3 contains 4 units of red cells.", "Pack 2 contains 4 units of red cells.", Rule.NUMBER),
    ("The second dose is free.", "The first dose is free.", Rule.NUMBER),
    ("Fever is caused by the virus.", "Fever may be caused by the virus.", Rule.MODALITY),
    ("The alarm must be tested.", "The alarm is tested.", Rule.MODALITY),
    ("The limit must be 5 mg.", "The limit is 5 mg.", Rule.MODALITY),
    ("Dakota agreed to be a model.", "Dakota refused to be a model.", Rule.NEGATION),
    ("Dakota agreed to be a model.", "Dakota declined to be a model.", Rule.NEGATION),
    ("Alice met Bob in 2019.", "Alice met Bob.", Rule.DATE),
    ("Neil Gaiman directed the film.", "The film is directed by Ann Lee and written by Neil Gaiman.", Rule.ROLES),
    ("The film is directed by Neil Gaiman.", "Neil Gaiman wrote the film, directed by Ann Lee.", Rule.ROLES),
    ("Ada was born first.", "Ada was born in Rome.", Rule.NUMBER),
    ("The low dose is 480 mg, followed by 400 mg.", "The low dose is 400 mg, followed by 480 mg.", Rule.NUMBER),
    ("Protamine reverses enoxaparin.", "Protamine reverses only about 60% of enoxaparin.", Rule.QUANTIFIER),
    ("Heparin covers the hours of the wait.", "Heparin covers the days of the wait.", Rule.UNIT),
    ("Warfarin is given for cataract surgery.", "Warfarin is stopped for cataract surgery.", Rule.DETAIL),
    ("A large dose of warfarin is harmful.", "A loading dose of warfarin is harmful.", Rule.DETAIL),
]


def test_a_number_that_is_too_long_to_be_read_must_stand_in_the_source_as_it_is() -> None:
    long = f"The account is {'9' * 60}."
    assert verdict(long, passage(long)).verdict is Verdict.SUPPORTED
    assert verdict(long, passage("The account is 9.")).reason is Reason.DETAIL
    assert verdict("The account is 9.", passage(long)).verdict is not Verdict.SUPPORTED


@pytest.mark.parametrize(("claim", "source"), SAME)
def test_other_words_for_the_same_are_supported(claim: str, source: str) -> None:
    judged = verdict(claim, passage(source))
    assert judged.verdict is Verdict.SUPPORTED, judged.why


@pytest.mark.parametrize(("claim", "source", "rule"), OTHERWISE)
def test_one_difference_in_the_same_statement_contradicts_it_and_is_named(claim: str, source: str, rule: Rule) -> None:
    judged = verdict(claim, passage(source))
    assert (judged.verdict, judged.reason.value) == (Verdict.CONTRADICTED, rule.value)


@pytest.mark.parametrize(("claim", "source", "rule"), TOO_LITTLE)
def test_what_the_source_does_not_say_is_insufficient_and_named(claim: str, source: str, rule: Rule) -> None:
    judged = verdict(claim, passage(source))
    assert (judged.verdict, judged.reason.value) == (Verdict.INSUFFICIENT, rule.value)


def align(claim: str, source: str, *, title: str = "", question: str = "") -> Alignment:
    beside = passage(source, title=title)
    (found,) = TYPED.align(statement(claim), [beside], context=Context(question, (beside,)))
    return found


def test_an_alignment_shows_the_deciding_words_on_both_sides() -> None:
    claim, source = "A bolus of 2 g is given.", "First wash. A bolus of 1 g is given."
    found = align(claim, source)
    assert (found.claim_span.of(claim), found.passage_span.of(source)) == ("2 g", "1 g")
    assert found.detail == "The source says 1 g, the answer says 2 g."


def test_a_match_shows_the_whole_sentence() -> None:
    source = "First wash. A bolus of 1 g is given."
    found = align("A bolus of 1 gram is given.", source)
    assert (found.rule, found.passage_span.of(source)) == (Rule.MATCH, "A bolus of 1 g is given.")


def test_values_are_compared_in_the_nearest_sentence_and_not_across_the_passage() -> None:
    source = "Apixaban is stopped 24 hours before minor surgery. Apixaban is stopped 48 hours before major surgery."
    assert align("Apixaban is stopped 24 hours before major surgery.", source).stance is not Stance.SUPPORTS
    assert align("Apixaban is stopped 48 hours before major surgery.", source).stance is Stance.SUPPORTS


def test_a_subject_named_before_may_be_a_pronoun_in_the_sentence() -> None:
    source = "Idarucizumab is an antibody. It is kept in the cold store of the pharmacy."
    assert align("Idarucizumab is kept in the cold store of the pharmacy.", source).stance is Stance.SUPPORTS


def test_a_name_from_the_neighbourhood_does_not_stand_in_for_the_one_in_the_sentence() -> None:
    source = "Dabigatran is dealt with elsewhere. Idarucizumab does not reverse warfarin."
    assert align("Idarucizumab does not reverse dabigatran.", source).rule is Rule.DETAIL


def test_the_title_and_the_question_need_no_evidence_but_values_do() -> None:
    source, question = "The bolus for injured adults is 1 g.", "What is the bolus of tranexamic acid?"
    claim = "The tranexamic acid bolus for injured adults is 1 g."
    assert align(claim, source).rule is Rule.DETAIL
    assert align(claim, source, question=question).stance is Stance.SUPPORTS
    assert align(claim, source, title="Tranexamic acid").stance is Stance.SUPPORTS
    assert align("The bolus for injured adults is 2 g.", source, question="Is it 2 g?").stance is Stance.CONTRADICTS


def test_what_a_comment_hides_is_not_around() -> None:
    claim, source = "The tranexamic acid bolus for injured adults is 1 g.", "The bolus for injured adults is 1 g."
    assert align(claim, f"{source} It is tranexamic acid.").stance is Stance.SUPPORTS
    assert align(claim, f"{source} <!-- It is tranexamic acid. -->").stance is Stance.NEUTRAL


def test_an_item_of_a_list_is_read_with_what_introduces_it() -> None:
    source = "The dose depends on the INR:\n\n- 25 units when the INR is low\n- 35 units when the INR is high\n"
    found = align("The dose depends on the INR: 35 units when the INR is high", source)
    assert (found.stance, found.passage_span.of(source)) == (Stance.SUPPORTS, "35 units when the INR is high")


def test_a_conflict_in_the_introduction_of_a_list_is_shown_there() -> None:
    source = "The dose is never split:\n\n- 25 units when the INR is low\n"
    found = align("The dose is split: 25 units when the INR is low", source)
    assert (found.rule, found.passage_span.of(source)) == (Rule.NEGATION, "is never split")


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Apixaban is restarted 24 hours after surgery.", "Apixaban is stopped 24 hours before surgery."),
        ("It is given to 3 patients.", "It is given to 4 patients."),
        ("The dose is 5 mg when the weight is above 50 kg.", "The dose is 9 mg when the weight is above 80 kg."),
        ("Dabigatran is reversed by idarucizumab.", "Plasma does not reverse dabigatran."),
        ("The laboratory reports the level within 90 minutes.", "The laboratory reports the time within 45 minutes."),
        ("No catheter is in place.", "Tablets are not given while a catheter is in place."),
    ],
)
def test_a_sentence_about_something_else_contradicts_nothing(claim: str, source: str) -> None:
    assert align(claim, source).stance is Stance.NEUTRAL


def test_a_passage_about_nothing_of_the_kind_is_no_evidence() -> None:
    judged = verdict("Iron is heavier than gold.", passage("The ward closes at noon."))
    assert (judged.reason, judged.p_supported, judged.evidence) == (Reason.NO_EVIDENCE, 0.0, ())


def test_a_claim_too_long_to_be_compared_is_not_supported_by_itself() -> None:
    text = "The pump holds 5 litres and " * 60
    judged = verdict(text, passage(text))
    assert (judged.verdict, "too long" in judged.why) == (Verdict.INSUFFICIENT, True)


def test_a_claim_with_more_numbers_than_are_compared_is_not_supported_by_itself() -> None:
    text = "The values are " + ", ".join(str(number) for number in range(70, 140)) + "."
    assert verdict(text, passage(text)).verdict is Verdict.INSUFFICIENT


def test_a_sentence_that_was_cut_supports_nothing() -> None:
    source = "The pump holds 5 litres " + "and so it goes on " * 80 + "unless it leaks."
    assert align("The pump holds 5 litres.", source).stance is Stance.NEUTRAL


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_hostile_texts_take_no_time_on_either_side(name: str) -> None:
    began = time.process_time()
    align(HOSTILE[name], HOSTILE[name])
    align("The valve must not be opened before 5 May 2026 at 3 bar.", HOSTILE[name])
    assert time.process_time() - began < 5


TEXTS = st.text(st.characters(), max_size=60) | st.lists(
    st.sampled_from(
        ["must", "not", "5 mg", "5 g", "before", "unless", "all", "May", "Rome", "is", ",", ".", "\n", "it", "2-3"]
    ),
    max_size=14,
).map(" ".join)


@given(claim=TEXTS, source=TEXTS, title=TEXTS, question=TEXTS)
def test_an_alignment_of_any_texts_has_a_share_for_a_score_and_spans_inside(
    claim: str, source: str, title: str, question: str
) -> None:
    found = align(claim, source, title=title, question=question)
    assert 0 <= found.p_supported <= 1
    assert found.claim_span.end <= len(claim)
    assert found.passage_span.end <= len(source)


@given(text=st.text(st.characters(), min_size=1, max_size=80))
def test_no_text_contradicts_itself(text: str) -> None:
    assert align(text, text).stance is not Stance.CONTRADICTS
