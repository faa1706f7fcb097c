"""What a tool answered becomes evidence: JSON as lines that say what each value is, anything else as it stands."""

import json

import pytest

from evidence.gate import Verdict
from orchestration.engine.gathering import readable
from tests.evidence.material import passage, verdict

ANSWERED = {"drug": "apixaban", "stop": {"hours_before": 48, "bridging": False}, "notes": ["Restart the next day."]}


def test_each_value_of_a_json_stands_under_its_name() -> None:
    text = readable(json.dumps(ANSWERED))
    assert "drug: apixaban" in text
    assert "hours_before: 48" in text
    assert "bridging: false" in text


def test_what_a_json_says_can_be_evidence() -> None:
    source = passage(readable(json.dumps(ANSWERED)))
    assert verdict("Restart the next day.", source).verdict is Verdict.SUPPORTED


@pytest.mark.parametrize(
    "text", ["Apixaban is stopped.", "{not json}", "[1, 2", "", "[" * 5000, '{"a": NaN}'], ids=repr
)
def test_what_is_no_json_stays_as_it_is(text: str) -> None:
    assert readable(text) == text
