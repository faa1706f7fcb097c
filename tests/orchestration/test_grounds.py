"""A claim beside its evidence: probabilities, the reason in words, who spoke, and where it stands in the answer."""

import re

import pytest

from audit import keys
from evidence.models import ClaimBundle
from evidence.records import read_claims
from evidence.sources import Tie
from evidence.verdicts import Reason, Rule
from orchestration.console.grounds import REASONS, RULES, TIES
from orchestration.models import Run
from tests.conftest import Person
from tests.orchestration import scenes
from tests.orchestration.looking import ACID, WARFARIN, look
from tests.orchestration.scenes import Said, Seen

SENTENCE = "Stop warfarin five days before planned surgery and measure the INR on the day before it."
TWICE = Said(
    "Warfarin is stopped five days before planned surgery.",
    evidence=(
        Seen(SENTENCE, words="five days before planned surgery", source="Committee", voice=1, weight=0.5),
        Seen(SENTENCE + " Done.", source="Newsletter", trusted=False, voice=1),
        Seen("Warfarin: five days.", source="Leaflet", score=0.3),
    ),
)


def shown(who: Person, run: Run) -> str:
    return look(who, f"/console/runs/{run.pk}").text


def words(who: Person, run: Run) -> str:
    return look(who, f"/console/runs/{run.pk}").words


def test_every_reason_rule_and_tie_has_words() -> None:
    assert (set(REASONS), set(RULES), set(TIES)) == (set(Reason), set(Rule), set(Tie))


def test_a_claim_says_how_likely_it_is_and_what_it_takes(grace: Person) -> None:
    text = shown(grace, scenes.completed(grace, [WARFARIN]))
    label = "Probabilities: supported 93 %, says too little 2 %, contradicted 5 %; 50 % supported is needed"
    assert f'role="img" aria-label="{label}"' in text
    assert '<rect class="limit" x="50.0"' in text


def test_a_claim_of_before_says_only_what_is_known(grace: Person) -> None:
    run = scenes.completed(grace, [WARFARIN])
    ClaimBundle.objects.update(threshold=None)
    text = shown(grace, run)
    assert "supported is needed" not in text
    assert 'class="sides"' not in text


def test_the_reason_stands_as_code_and_in_a_sentence(grace: Person) -> None:
    found = words(grace, scenes.completed(grace, [ACID]))
    assert "A number differs." in found
    assert "NUMBER Fact Numbers compared" in found


def test_copies_are_said_to_be_one_voice_with_what_it_weighs(grace: Person) -> None:
    found = words(grace, scenes.completed(grace, [TWICE]))
    assert "Says so 1 voice, weight 0.5; 1 passage below the threshold" in found
    assert "Committee , Newsletter" in found
    assert "weight 0.5: two count as one; passages 1 , 2 are one voice: nearly the same text" in found
    assert "Nobody says otherwise" in found


def test_what_nobody_says_is_no_alarm(grace: Person) -> None:
    text = shown(grace, scenes.completed(grace, [WARFARIN]))
    assert 'class="badge bad"' not in text[text.index('id="claims"') : text.index('id="guardians"')]


def test_what_was_read_says_which_passages_are_one_voice_and_why(grace: Person) -> None:
    run = scenes.completed(grace, [TWICE])
    one, other, silent = read_claims(run.pk, key=keys.load(run.key_id))[0].evidence
    assert [(twin.passage, twin.tie) for twin in one.twins] == [(other.passage, Tie.TEXT)]
    assert silent.twins == ()


def test_the_words_that_decided_are_marked_on_both_sides(grace: Person) -> None:
    text = shown(grace, scenes.completed(grace, [ACID]))
    assert re.findall(r"<mark>(?:<bdi>)?([^<]+)<", text) == ["2 g", "1 g", "2 g", "1 g"]


@pytest.mark.parametrize(("said", "anchor"), [([WARFARIN], "published"), ([WARFARIN, ACID], "said")])
def test_a_claim_leads_to_its_place_in_the_answer_and_back(grace: Person, said: list[Said], anchor: str) -> None:
    text = shown(grace, scenes.completed(grace, said))
    for number in range(1, len(said) + 1):
        assert f'href="#{anchor}-{number}">Show in the answer' in text
        assert re.search(rf'id="{anchor}-{number}" href="#claim-{number}"', text)


def test_a_claim_of_another_page_is_led_to_by_its_page(grace: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orchestration.console.claims.PAGE", 1)
    text = shown(grace, scenes.completed(grace, [WARFARIN, ACID]))
    assert 'id="said-2" href="?from=2#claim-2"' in text


def test_claims_that_overlap_share_no_words_of_the_answer(grace: Person) -> None:
    run = scenes.completed(grace, [WARFARIN, ACID])
    bundle = ClaimBundle.objects.get(run=run.pk)
    bundle.claims.filter(ordinal=1).update(start=10)
    stretches = re.findall(r'class="stretch[^>]*id="said-\d".*?<bdi>(.*?)</bdi>', shown(grace, run))
    assert "".join(stretches) == f"{WARFARIN.text} {ACID.text}"


def test_a_decision_leads_to_the_draft_even_when_all_of_it_was_supported(grace: Person, alan: Person) -> None:
    approval = scenes.waiting(grace, [WARFARIN])
    text = look(alan, f"/console/approvals/{approval.pk}").text
    assert 'href="#said-1">Show in the answer' in text
    assert "<details open><summary>The whole draft" in text
