"""Packs: what fires and what rests, that every operator in them matters, and that doubt is a denial."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardians import packs
from guardians.expressions import ExpressionError, matches
from guardians.facts import (
    CLAIM,
    CLIENT,
    HIGH_RISK,
    MAPS,
    NOT_PERSONAL,
    PROHIBITED,
    REQUEST,
    SERVER,
    Fact,
    FactError,
    Shape,
    check_request,
    facts,
)
from guardians.packfile import Effect, PackError
from guardians.packs import PackSet, Reason, strictest
from tests.guardians.goldens import (
    CASES,
    PACKS,
    RULES,
    TODAY,
    firing,
    mutants,
    needed_by,
    resting,
    surviving,
    unnoticed,
)

RULE = """
  - id: house.rule
    when: request.phi
    effect: deny
    says: A rule of the house.
    citation: house rule
    effective_from: 2026-01-01
    effective_to: 2026-12-31
    reviewed_on: 2026-01-01
    reviewed_by: Grace
"""
PACK = f"""pack: house
title: Rules of the house
version: "1"
review_due: 2027-01-01
lists:
  COLOURS: [RED, GREEN]
rules:{RULE}"""
no_text = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.binary(), st.just("x" * 201))
no_flag = st.one_of(st.none(), st.integers(), st.floats(), st.text(), st.lists(st.booleans()))
no_count = st.one_of(st.none(), st.booleans(), st.floats(), st.text(), st.integers(max_value=-1), st.just(2**31))
MISFITS: dict[Shape, st.SearchStrategy[Any]] = {
    Shape.TEXT: no_text,
    Shape.FLAG: no_flag,
    Shape.COUNT: no_count,
    Shape.SHARE: st.one_of(no_flag.filter(lambda value: value not in (0, 1)), st.just(1.01), st.just(float("nan"))),
    Shape.TEXTS: st.one_of(no_text, st.lists(no_text, min_size=1), st.just(("EMAIL",)), st.just(["\ud800"])),
}
misfits = st.sampled_from(
    [(name, key, fact) for name, declared in MAPS.items() for key, fact in declared.items()]
).flatmap(lambda place: st.tuples(st.just(place[:2]), MISFITS[place[2].shape]))


def house(folder: Path, text: str, *, name: str = "house.yaml") -> PackSet:
    (folder / name).write_text(text, encoding="utf-8")
    return packs.load(folder)


def fired(known: dict[str, object]) -> set[str]:
    return {match.rule for match in PACKS.evaluate(known)}


def test_every_rule_has_golden_cases_and_every_golden_case_a_rule() -> None:
    assert set(CASES) == set(RULES)
    packs_with_rules = {item.pack for item in RULES.values()}
    assert (len(RULES), len(packs_with_rules)) == (46, 8)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_fires_on_its_golden_cases(rule: str) -> None:
    matched = [{match.rule: match.reason for match in PACKS.evaluate(known)} for known in firing(rule)]
    assert {found.get(rule) for found in matched} == {Reason.MATCHED}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_rests_on_the_golden_cases_beside_them(rule: str) -> None:
    matched = [match for known in resting(rule) for match in PACKS.evaluate(known)]
    assert rule not in {match.rule for match in matched}
    assert resting(rule)


@pytest.mark.parametrize("rule", RULES)
def test_no_operator_and_no_constant_of_a_condition_can_be_changed_unnoticed(rule: str) -> None:
    assert surviving(rule) == []


@pytest.mark.parametrize("name", PACKS.lists)
def test_no_member_of_a_list_can_be_lost_unnoticed(name: str) -> None:
    assert unnoticed(name) == []


def test_there_are_operators_to_turn_round() -> None:
    assert sum(len(list(mutants(item.rule.when))) for item in RULES.values()) > 400


def test_every_declared_fact_is_asked_for_by_some_rule() -> None:
    conditions = " ".join(item.rule.when for item in RULES.values())
    asked = {f"{name}.{key}" for name, declared in MAPS.items() for key in declared}
    assert not {name for name in asked if name not in conditions}
    assert not {name for name in CLAIM if f"c.{name}" not in conditions}


# Whose absence lets a rule rest: nobody but the client can say whose law applies, to whom, and for what, and nobody but
# an operator what a tool is for. Every other fact that they state is an excuse: without it the rule fires.
STATED_OR_RESTING = {
    *("request.jurisdiction", "request.lawful_basis", "request.phi", "request.purpose", "request.signals"),
    *("request.use_case", "subject.age", "subject.erasure_requested", "subject.limit_sensitive", "subject.opted_out"),
    *("subject.gpc", "run.decision_domain", "run.legal_or_similar_effect", "run.outcome", "output.retail"),
    *("output.to_natural_person", "tool.purpose", "tool.channel"),
}
THEIRS = {f"{name}.{key}" for name, known in {"request": REQUEST, **CLIENT, "tool": SERVER}.items() for key in known}


def test_a_fact_that_nobody_states_lets_rules_rest_only_where_it_says_that_a_law_applies() -> None:
    needed = {name for rule in RULES for name in needed_by(rule)}
    assert needed & THEIRS == STATED_OR_RESTING
    assert needed - THEIRS == {"tool.schema_changed"}


def test_nothing_fires_on_the_defaults() -> None:
    assert PACKS.evaluate(facts(on=TODAY)) == ()


def test_a_tool_that_nobody_described_counts_as_an_outside_one() -> None:
    known = facts(tools=[{"purpose": "service"}], request={"phi": True})
    assert fired(known) == {"hipaa.baa", "tool.destructive", "tool.tainted_sink"}


def test_every_tool_is_judged_and_a_rule_that_fires_for_one_is_named_once() -> None:
    harmless = {"risk": 0, "external": False, "args_tainted": False}
    known = facts(tools=[harmless, {**harmless, "risk": 4}, {**harmless, "risk": 4}], on=TODAY)
    assert [match.rule for match in PACKS.evaluate(known)] == ["tool.destructive"]


def test_a_set_of_packs_that_cannot_be_asked_denies_everything() -> None:
    (match,) = replace(PACKS, fault="the pack 'house' is not what was activated").evaluate(facts(on=TODAY))
    assert (match.rule, match.effect, match.reason) == ("packs", Effect.DENY, Reason.POLICY_ERROR)


def test_a_kind_of_data_that_nobody_knows_counts_as_personal() -> None:
    assert "gdpr.art6.lawful_basis" in fired(facts(request={"jurisdiction": "EU"}, entities=["BLOOD_GROUP"]))


def test_facts_and_packs_agree_on_what_is_not_personal() -> None:
    assert set(PACKS.lists["NOT_PERSONAL"]) == NOT_PERSONAL


def test_facts_and_packs_agree_on_the_uses_that_are_of_high_risk_or_prohibited() -> None:
    assert set(PACKS.lists["ANNEX3"]) == set(HIGH_RISK)
    assert all(f"'{use}'" in RULES["euaia.art5.prohibited"].rule.when for use in PROHIBITED)


def test_as_many_claims_as_are_taken_get_an_answer() -> None:
    claim = {"domain": "finance", "flags": ["risk"] * 3, "support": 0.9, "grounded": True}
    assert PACKS.evaluate(facts(request={"jurisdiction": "EU"}, claims=[claim] * 2_000, on=TODAY)) == ()


def test_the_strictest_effect_wins_whatever_the_order() -> None:
    found = PACKS.evaluate(facts(on=TODAY, claims=[{"domain": "medical"}]))
    assert {match.effect for match in found} == {Effect.ANNOTATE, Effect.DENY}
    assert strictest(found) is strictest(found[::-1]) is Effect.DENY
    assert strictest([]) is Effect.ALLOW


@pytest.mark.parametrize(
    ("day", "fires"),
    [
        (date(2025, 12, 31), False),
        (date(2026, 1, 1), True),
        (date(2026, 12, 31), True),
        (date(2027, 1, 1), False),
        (None, True),
    ],
)
def test_a_rule_fires_between_its_dates_and_when_nobody_says_the_day(
    tmp_path: Path, day: date | None, fires: bool
) -> None:
    known = facts(request={"phi": True}, on=day)
    assert bool(house(tmp_path, PACK).evaluate(known)) is fires


def test_a_denial_is_a_veto_unless_its_pack_says_that_it_is_none(tmp_path: Path) -> None:
    soft = house(tmp_path, PACK.replace("effect: deny", "effect: deny\n    hard: false"))
    (match,) = soft.evaluate(facts(request={"phi": True}, on=TODAY))
    assert (match.effect, match.hard) == (Effect.DENY, False)
    assert {item.rule.hard for item in RULES.values()} == {True, False}
    assert all(item.rule.hard is (item.rule.effect is Effect.DENY) for item in RULES.values())


def test_a_rule_without_an_answer_vetoes_though_another_tool_is_denied_softly(tmp_path: Path) -> None:
    condition = "when: tool.risk == 1 || 1 / (tool.risk - 2) == 5"
    soft = house(tmp_path, PACK.replace("when: request.phi", condition).replace("deny", "deny\n    hard: false"))
    (match,) = soft.evaluate(facts(tools=[{"risk": 1}, {"risk": 2}], on=TODAY))
    assert (match.reason, match.hard) == (Reason.POLICY_ERROR, True)


def test_a_rule_without_an_end_goes_on(tmp_path: Path) -> None:
    endless = house(tmp_path, PACK.replace("effective_to: 2026-12-31", "effective_to: null"))
    assert endless.evaluate(facts(request={"phi": True}, on=date(2126, 1, 1)))


@given(misfits)
def test_a_fact_of_another_shape_is_a_denial(misfit: tuple[tuple[str, str], object]) -> None:
    (name, key), value = misfit
    stated: dict[str, Any] = {"tools": [{key: value}]} if name == "tool" else {name: {key: value}}
    (match,) = PACKS.evaluate(facts(on=TODAY, **stated))
    assert (match.rule, match.effect, match.reason) == ("facts", Effect.DENY, Reason.POLICY_ERROR)


@given(st.sampled_from([(key, fact) for key, fact in CLAIM.items() if fact.shape is not Shape.SHARE]), st.data())
def test_a_claim_of_another_shape_is_a_denial(place: tuple[str, Fact], data: st.DataObject) -> None:
    key, fact = place
    (match,) = PACKS.evaluate(facts(claims=[{key: data.draw(MISFITS[fact.shape])}]))
    assert match.reason is Reason.POLICY_ERROR


@pytest.mark.parametrize("stated", [{"jurisdiction": "eu"}, {"jurisdiction": "DE"}, {"signals": ["chest pain"]}])
def test_a_word_that_would_let_rules_rest_in_silence_is_a_denial(stated: dict[str, object]) -> None:
    (match,) = PACKS.evaluate(facts(request=stated, entities=["EMAIL"]))
    assert "is a word nobody knows; use" in match.says


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"request": {}}, "request.jurisdiction is missing"),
        ({"request": None}, "request is missing or no map"),
        ({"claims": None}, "claims is no list"),
        ({"claims": [{}] * 2_001}, "claims is no list of at most 2000 maps"),
        ({"claims": ["medical"]}, "claims[0] is missing or no map"),
        ({"claims": [{"domain": "medical"}]}, "claims[0].topic is missing"),
        ({"entities": "EMAIL"}, "entities is not a list of texts"),
        ({"pii": None}, "pii is not true or false"),
        ({"on": "yesterday"}, "on is neither empty nor a date"),
        ({"on": None}, "on is neither empty nor a date"),
        ({"today": "2026-01-01"}, "today is not a fact"),
    ],
)
def test_an_environment_that_is_not_complete_is_a_denial_that_says_why(change: dict[str, Any], problem: str) -> None:
    (match,) = PACKS.evaluate({**facts(on=TODAY), **change})
    assert (match.rule, match.effect, match.reason) == ("facts", Effect.DENY, Reason.POLICY_ERROR)
    assert problem in match.says


@pytest.mark.parametrize(
    ("stated", "problem"),
    [
        ({"jurisdicton": "EU"}, "request.jurisdicton is not a fact; known are"),
        ({"jurisdiction": "eu"}, "request.jurisdiction is a word nobody knows; use CH, EEA, EU"),
        ({"phi": "yes"}, "request.phi is not true or false"),
    ],
)
def test_a_client_hears_at_once_what_is_wrong_with_its_facts(stated: dict[str, object], problem: str) -> None:
    with pytest.raises(FactError, match=problem):
        check_request(stated)


def test_a_client_states_only_what_it_knows() -> None:
    check_request({})
    check_request({"jurisdiction": "EU", "lawful_basis": "consent"})


def test_no_problem_quotes_a_value() -> None:
    (match,) = PACKS.evaluate(facts(request={"jurisdiction": "ada@example.org"}))
    assert "ada" not in match.says


@pytest.mark.parametrize(
    "condition",
    [
        "1 / subject.age == 1",
        "claims.exists(c, c.flags == 1 || c.flags < 1)",
        "claims.all(a, claims.all(b, claims.all(c, claims.all(d, c.support >= 0.0 && d.support >= 0.0))))",
    ],
)
def test_a_rule_without_an_answer_is_a_denial(tmp_path: Path, condition: str) -> None:
    strange = house(tmp_path, PACK.replace("when: request.phi", f"when: {condition}").replace("deny", "annotate"))
    (match,) = strange.evaluate(facts(claims=[{"flags": []}] * 100))
    assert (match.rule, match.effect, match.reason) == ("house.rule", Effect.DENY, Reason.POLICY_ERROR)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("request.phi", "request.phy", "house.yaml: rule house.rule: .*undeclared reference to 'request.phy'"),
        (
            "request.phi",
            "claims.exists(c, c.domian == '')",
            "undeclared reference to 'c.domian'; a claim has about_person",
        ),
        ("request.phi", "claims.exists(c, c['domian'] == '')", "hides a field's name"),
        ("request.phi", "claims.exists(run, run.x == '')", "hides a field's name"),
        ("request.phi", "tool.risk == 'high'", "no matching overload"),
        ("request.phi", "entities", "gives LIST<STRING>; a condition gives BOOL"),
        ("request.phi", "('RED' in COLORS)", "undeclared reference to 'COLORS'"),
        ("request.phi", "request.phi &&", "Syntax error"),
        ("request.phi", "x" * 2_001, "no text of 1 to 2000 characters"),
        ("request.phi", "7", "when is no text"),
        ("effect: deny", "effect: forbid", "effect is 'forbid'; use allow, annotate"),
        ("effect: deny", "effect: deny\n    hard: maybe", "hard is 'maybe' beside deny; write true or false"),
        ("effect: deny", "effect: deny\n    hard: 0", "hard is 0 beside deny"),
        ("effect: deny", "effect: annotate\n    hard: true", "hard is True beside annotate; .*beside deny only"),
        ("citation: house rule", "citation: ''", "citation is no text"),
        ("effective_from: 2026-01-01", "effective_from: soon", "effective_from is no date"),
        ("effective_to: 2026-12-31", "effective_to: 2025-12-31", "effective_to is before effective_from"),
        ("reviewed_by: Grace", "reviewed: Grace", "'reviewed' is not a field"),
        ("id: house.rule", "id: House Rule", "id is 'House Rule'; it has to match"),
        ("id: house.rule", "id: house.rule\n    id: house.rule", "'id' is given twice"),
        ("[RED, GREEN]", "[RED, NO]", "list COLOURS is no list of texts"),
        ("[RED, GREEN]", "[]", "list COLOURS is no list of texts"),
        ("COLOURS:", "colours:", "list name 'colours'"),
        ("lists:\n", "lists: 7\n#", "no YAML|lists is int"),
        ("pack: house", "pack: 7", "pack is no text"),
        ("title: Rules", "titel: Rules", "'titel' is not a field"),
        ('version: "1"', "version: 1.0", "the float 1.0|version is no text"),
        ("pack: house", "pack: &x house\ntitle: *x\n#", "aliases are not taken"),
        ("pack: house", "pack: !!python/name:os.system", "no YAML that is taken"),
        ("pack: house", "pack: 2026-13-45", "no YAML that is taken"),
    ],
)
def test_a_pack_with_a_mistake_is_refused_with_file_and_cure(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(PackError, match=message):
        house(tmp_path, PACK.replace(old, new, 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is NoneType; write a mapping"),
        ("[" * 5_000, "no YAML that is taken"),
        ("x" * 256_001, "at most 256000"),
        (PACK.partition("rules:")[0] + "rules: 7", "rules is no list"),
        (PACK.partition("rules:")[0] + "rules: [7]", "rule 1: is int"),
        (PACK.partition("lists:")[0] + "lists: [A]", "lists is list"),
    ],
)
def test_a_file_that_is_no_pack_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PackError, match=message):
        house(tmp_path, text)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "house.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PackError, match=r"house.yaml: no YAML"):
        packs.load(tmp_path)


def test_a_folder_in_place_of_a_pack_is_refused(tmp_path: Path) -> None:
    (tmp_path / "house.yaml").mkdir()
    with pytest.raises(PackError, match=r"house.yaml: cannot be read"):
        packs.load(tmp_path)


def test_no_pack_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="has 0 packs"):
        packs.load(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("", "", "the pack 'house' is given twice"),
        ("pack: house", "pack: home", "the rule 'house.rule' is given twice"),
        ("pack: house", "pack: home\n#", "the rule 'house.rule' is given twice"),
    ],
)
def test_a_name_given_twice_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    (tmp_path / "home.yaml").write_text(PACK.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PackError, match=message):
        house(tmp_path, PACK)


def test_a_list_given_twice_is_refused(tmp_path: Path) -> None:
    other = PACK.replace("pack: house", "pack: home").replace("house.rule", "home.rule")
    (tmp_path / "home.yaml").write_text(other, encoding="utf-8")
    with pytest.raises(PackError, match="the list 'COLOURS' is given twice"):
        house(tmp_path, PACK)


def test_the_hash_is_of_what_a_pack_says_and_not_of_how_it_is_written(tmp_path: Path) -> None:
    before = house(tmp_path, PACK)
    rewritten = house(tmp_path, f"# a comment\n{PACK.replace('[RED, GREEN]', '[ RED,  GREEN ]')}")
    assert (before.hash, before.packs[0].hash) == (rewritten.hash, rewritten.packs[0].hash)


@pytest.mark.parametrize(
    ("old", "new"), [("RED", "BLUE"), ("2026-12-31", "2027-12-31"), ("phi", "clinician"), ("Grace", "Alan")]
)
def test_any_change_of_a_pack_changes_its_hash_and_the_sets(tmp_path: Path, old: str, new: str) -> None:
    before = house(tmp_path, PACK)
    after = house(tmp_path, PACK.replace(old, new))
    assert before.hash != after.hash
    assert before.packs[0].hash != after.packs[0].hash


def test_a_pack_past_its_review_is_overdue(tmp_path: Path) -> None:
    known = house(tmp_path, PACK)
    assert known.overdue(date(2027, 1, 1)) == ()
    assert known.overdue(date(2027, 1, 2)) == known.packs


def test_a_condition_longer_than_a_screen_is_refused() -> None:
    with pytest.raises(ExpressionError, match="at most 2000: split the rule"):
        PACKS.language.compile("true || " * 250 + "true")


def test_an_untrusted_pattern_runs_in_linear_time() -> None:
    assert not matches("^(a|a)*c$", "a" * 100_000 + "b")


@pytest.mark.parametrize(("pattern", "value"), [("(?=a)", "a"), ("(", "a"), ("a", "\ud800"), ("a" * 1_001, "a")])
def test_a_pattern_or_text_that_cannot_be_judged_is_an_error(pattern: str, value: str) -> None:
    with pytest.raises(ExpressionError):
        matches(pattern, value)
