"""The environment of the packs is complete, closed and strict about what nobody described."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardians.facts import (
    CLAIMS_LIMIT,
    NAMES,
    ROLES,
    FactError,
    Shape,
    check_request,
    facts,
    fits,
    flat,
    is_day,
    problems,
    sections,
)

stated = st.dictionaries(st.text(st.characters(), max_size=5), st.one_of(st.none(), st.integers(), st.text(max_size=3)))


def test_facts_that_nobody_stated_are_complete_and_have_no_problem() -> None:
    known = facts()
    assert list(problems(known)) == []
    assert set(known) == NAMES


def test_a_tool_that_is_there_but_not_described_counts_as_the_worst() -> None:
    (without,), (named,) = flat(facts()), flat(facts(tools=[{}]))
    strict = ("tool.external", "tool.args_tainted", "tool.writes", "tool.risk")
    assert [without[name] for name in strict] == [False, False, False, 0]
    assert [named[name] for name in strict] == [True, True, True, 3]
    assert (without["tool.arg_roles"], named["tool.arg_roles"]) == ([], list(ROLES))


def test_lists_of_two_environments_are_not_one_list() -> None:
    first, second = facts(), facts()
    first["request"]["signals"].append("overdose")  # type: ignore[index]
    assert list(problems(second)) == []
    assert second["request"]["signals"] == []  # type: ignore[index]


@pytest.mark.parametrize(
    ("entities", "personal"), [([], False), (["API_KEY", "JWT"], False), (["API_KEY", "EMAIL"], True), (["WHAT"], True)]
)
def test_an_unknown_kind_counts_as_personal_and_a_secret_does_not(entities: list[str], personal: bool) -> None:
    known = facts(entities=[*entities, *entities])
    assert known["pii"] is personal
    assert known["entities"] == sorted(entities)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            {"extra": 1},
            "extra is not a fact; known are claims, entities, on, output, pii, request, run, subject, tools",
        ),
        ({"tools": None}, "tools is no list of at most 20 maps"),
        ({"tools": [{}]}, r"tools\[0\].risk is missing"),
        ({"tools": [{}] * 21}, "tools is no list of at most 20 maps"),
        ({"subject": None}, "subject is missing or no map"),
        ({"claims": 5}, "claims is no list of at most 2000 maps"),
        ({"claims": [None]}, r"claims\[0\] is missing or no map"),
        ({"claims": [{}] * (CLAIMS_LIMIT + 1)}, "claims is no list of at most 2000 maps"),
        ({"entities": "EMAIL"}, "entities is not a list of texts"),
        ({"pii": "no"}, "pii is not true or false"),
        ({"on": "tomorrow"}, "on is neither empty nor a date like 2026-01-31"),
        ({"subject": {}}, "subject.age is missing; it is a whole number, 0 or more"),
        ({"subject": {**facts()["subject"], "shoe": 1}}, "subject.shoe is not a fact"),  # type: ignore[dict-item]
    ],
)
def test_an_environment_that_does_not_fit_is_told_what_and_how_to_mend_it(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(FactError, match=problem):
        raise FactError("; ".join(problems({**facts(), **change})))


@pytest.mark.parametrize(
    ("request_facts", "problem"),
    [
        ({"jurisdiction": "Atlantis"}, "request.jurisdiction is a word nobody knows; use CH, EEA, EU"),
        ({"signals": ["overdose", "boredom"]}, "request.signals is a word nobody knows"),
        ({"phi": "yes"}, "request.phi is not true or false"),
        ({"purpose": "x" * 201}, "request.purpose is not a text within 200 characters"),
        ({"purpose": "\ud800"}, "request.purpose is not a text"),
        ({"colour": "red"}, "request.colour is not a fact"),
        ({"tool": {"external": False}}, "request.tool is not a fact"),
        ({"run": {"human_review": True}}, "run.human_review is not a fact; known are decision_domain"),
        ({"subject": {"age": "ten"}}, "subject.age is not a whole number"),
        ({"output": True}, "output is no map; write its facts as one"),
    ],
)
def test_a_clients_facts_are_refused_before_a_run_begins(request_facts: dict[str, object], problem: str) -> None:
    with pytest.raises(FactError, match=problem):
        check_request(request_facts)


def test_a_refusal_quotes_no_value() -> None:
    with pytest.raises(FactError) as refusal:
        check_request({"jurisdiction": "Rosalind Achterberg"})
    assert "Rosalind" not in str(refusal.value)


def test_a_client_may_state_some_facts_and_leave_the_others() -> None:
    check_request({"jurisdiction": "EU", "needed_entities": ["EMAIL"], "phi": True})
    check_request({"subject": {"age": 15}, "output": {"retail": True}, "run": {"outcome": "adverse"}})
    check_request({})


def test_facts_about_the_person_the_answer_and_the_case_stand_under_their_map() -> None:
    found = sections({"phi": True, "subject": {"age": 15}})
    assert found == {"request": {"phi": True}, "subject": {"age": 15}, "output": {}, "run": {}}


@pytest.mark.parametrize(
    ("shape", "fitting", "other"),
    [
        (Shape.TEXT, ["", "a" * 200], ["a" * 201, "\udfff", None, 1]),
        (Shape.FLAG, [True, False], [0, 1, "true", None]),
        (Shape.COUNT, [0, 2**31 - 1], [-1, 2**31, 1.0, True, "1"]),
        (Shape.SHARE, [0, 1, 0.5], [-0.1, 1.1, True, "1", float("nan")]),
        (Shape.TEXTS, [[], ["a"] * 1_000], [["a"] * 1_001, ("a",), "a", [1]]),
    ],
)
def test_each_shape_takes_its_values_and_no_others(shape: Shape, fitting: list[object], other: list[object]) -> None:
    assert all(fits(shape, value) for value in fitting)
    assert not any(fits(shape, value) for value in other)


@pytest.mark.parametrize(
    ("value", "day"), [("", True), ("2026-01-31", True), ("2026-02-30", False), ("20260131", False), (None, False)]
)
def test_a_day_is_written_in_one_way_or_not_stated(value: object, day: bool) -> None:
    assert is_day(value) is day


def test_conditions_read_the_facts_under_flat_names() -> None:
    (values,) = flat(facts(request={"purpose": "billing"}, claims=[{"topic": "health"}], entities=["EMAIL"]))
    assert (values["request.purpose"], values["pii"], values["tool.risk"]) == ("billing", True, 0)
    assert "on" not in values
    assert "claims" in values


def test_a_map_that_is_none_has_no_flat_names() -> None:
    (values,) = flat({**facts(), "subject": None})
    assert not [name for name in values if name.startswith("subject.")]


def test_each_tool_makes_an_environment_of_its_own() -> None:
    both = flat(facts(request={"phi": True}, tools=[{"risk": 1}, {"risk": 2}]))
    assert [(values["tool.risk"], values["request.phi"]) for values in both] == [(1, True), (2, True)]


@given(stated, st.lists(stated, max_size=3), st.lists(st.text(st.characters())))
def test_whatever_is_stated_is_taken_and_judged_without_an_error(
    request_facts: dict[str, object], claims: list[dict[str, object]], entities: list[str]
) -> None:
    known = facts(request=request_facts, claims=claims, entities=entities)
    assert all(isinstance(problem, str) for problem in problems(known))
