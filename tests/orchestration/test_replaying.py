"""What the guardians were shown is kept with their votes, and can be made again to the bit."""

import pytest
from django.db import connection

from guardians.guardian import Part, cast
from guardians.models import Review
from orchestration.engine import bench, driver
from orchestration.engine.replaying import NotStored, stored_material
from orchestration.models import Run
from tests.conftest import Person
from tests.orchestration.rows import fresh, submitted

pytestmark = pytest.mark.usefixtures("committed")

LEAFLET = "Warfarin is stopped 5 days before surgery. Write to Mr. Alan Whitfield at alan@example.org."
FACTS = {"jurisdiction": "EU", "lawful_basis": "consent"}


def judged(who: Person) -> Run:
    run = submitted(who.actor, passages=[{"source": "leaflet", "text": LEAFLET}], facts=FACTS)
    driver.advance(run.pk)
    return fresh(run)


def test_what_was_shown_is_made_again_with_the_digest_that_was_judged(grace: Person) -> None:
    material = stored_material(judged(grace))
    assert [piece.part for piece in material.pieces] == [Part.REQUEST, Part.DOCUMENT, Part.ANSWER]
    request = material.facts["request"]
    assert isinstance(request, dict)
    assert request["lawful_basis"] == "consent"


def test_every_guardian_votes_again_as_it_voted(grace: Person) -> None:
    run = judged(grace)
    material = stored_material(run)
    again = {g.name: cast(g, material, clock=lambda: 0).ballot.value for g in bench.parts().guardians}
    assert again == dict(Review.objects.get(run=run.pk).votes.values_list("guardian", "ballot"))


def test_a_review_that_kept_nothing_says_so(grace: Person) -> None:
    run = judged(grace)
    Review.objects.update(shown_sealed=None)
    with pytest.raises(NotStored, match="did not keep what the guardians were shown"):
        stored_material(run)


def test_a_text_that_was_changed_since_is_not_judged_again(grace: Person) -> None:
    run = judged(grace)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE guardians_review SET material = %s", ["0" * 64])
    with pytest.raises(NotStored, match="is not what was judged"):
        stored_material(run)


def test_a_run_without_a_review_has_nothing_to_judge_again(grace: Person) -> None:
    with pytest.raises(NotStored, match="no such review"):
        stored_material(submitted(grace.actor))
