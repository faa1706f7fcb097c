"""A pack is put in force by two people, bound to what was shown; the way back takes two people too."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from audit.access import workspace_of
from audit.canonical import parse
from audit.errors import Conflict, Invalid, NotAllowed, NotFound
from audit.models import Entry, Workspace
from audit.roles import Role
from guardians import activating, packs
from guardians.facts import facts
from guardians.models import PackVersion, PolicyPack, PolicySet
from guardians.packs import Reason
from tests.conftest import Person, person
from tests.guardians.packing import HOUSE, WHY, activated, drafted, proposed

pytestmark = pytest.mark.django_db

SECOND = HOUSE.replace("effect: deny", "effect: require_approval").replace('version: "1"', 'version: "2"')


def rules(who: Person) -> set[str]:
    return {item.rule.id for item in activating.in_force(workspace_of(who.actor)).rules}


def told(type_: str) -> list[dict[str, Any]]:
    bodies = Entry.objects.filter(type=type_).order_by("id").values_list("body", flat=True)
    documents: list[Any] = [parse(bytes(body)) for body in bodies]
    return [document["data"] for document in documents]


def test_a_workspace_starts_with_the_packs_that_come_with_this_version(ada: Person) -> None:
    assert activating.in_force(workspace_of(ada.actor)) is activating.built_in()


def test_neither_a_draft_nor_a_proposal_decides_anything(ada: Person) -> None:
    drafted(ada)
    proposed(ada, SECOND)
    assert "house.consent" not in rules(ada)


def test_two_people_put_a_pack_in_force_and_the_ledger_says_who(ada: Person, alan: Person) -> None:
    version = activated(ada, alan)
    assert "house.consent" in rules(ada)
    assert (version.proposed_by, version.activated_by) == (str(ada.actor), str(alan.actor))
    assert told("policy.activated") == [
        {"version": str(version.pk), "pack": "house", "hash": version.hash, "before": ""}
    ]


def test_a_pack_in_force_is_in_force_in_its_workspace_alone(ada: Person, alan: Person, mallory: Person) -> None:
    activated(ada, alan)
    assert "house.consent" not in rules(mallory)


def test_a_version_takes_the_place_of_the_pack_of_its_name(ada: Person, alan: Person) -> None:
    text = (packs.BUILT_IN / "tools.yaml").read_text(encoding="utf-8").replace("tool.risk >= 3", "tool.risk >= 2")
    activated(ada, alan, text)
    known = activating.in_force(workspace_of(ada.actor))
    assert len(known.rules) == len(activating.built_in().rules)
    harmless = {"risk": 2, "external": False, "args_tainted": False}
    assert [match.rule for match in known.evaluate(facts(tools=[harmless]))] == ["tool.destructive"]


def test_who_proposed_a_version_cannot_put_it_in_force(workspace: Workspace) -> None:
    both = person("both", workspace, Role.OPERATOR, Role.APPROVER)
    version = proposed(both)
    with pytest.raises(NotAllowed, match="another person has to put it in force"):
        activating.activate(version.pk, seen=version.hash, actor=both.actor)


def test_nor_can_who_drafted_it(workspace: Workspace, ada: Person) -> None:
    both = person("both", workspace, Role.OPERATOR, Role.APPROVER)
    version = activating.propose(drafted(both).pk, actor=ada.actor)
    with pytest.raises(NotAllowed, match="another person"):
        activating.activate(version.pk, seen=version.hash, actor=both.actor)


def test_the_second_word_is_bound_to_what_was_shown(ada: Person, alan: Person) -> None:
    version = proposed(ada)
    with pytest.raises(Conflict, match="what you were shown is not"):
        activating.activate(version.pk, seen="0" * 64, actor=alan.actor)
    assert "house.consent" not in rules(ada)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.REVIEWER, Role.AUDITOR])
def test_without_the_scope_nobody_drafts_or_puts_in_force(workspace: Workspace, ada: Person, role: Role) -> None:
    somebody = person("somebody", workspace, role)
    version = proposed(ada)
    with pytest.raises(NotAllowed):
        drafted(somebody)
    with pytest.raises(NotAllowed):
        activating.activate(version.pk, seen=version.hash, actor=somebody.actor)
    with pytest.raises(NotAllowed):
        activating.withdraw(version.pk, actor=somebody.actor)
    with pytest.raises(NotAllowed):
        activating.go_back("house", actor=somebody.actor)


def test_versions_of_another_workspace_are_not_there(ada: Person, mallory: Person) -> None:
    version = proposed(ada)
    with pytest.raises(NotFound):
        activating.activate(version.pk, seen=version.hash, actor=mallory.actor)
    with pytest.raises(NotFound):
        activating.withdraw(version.pk, actor=mallory.actor)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("request.lawful_basis", "request.lawful_bases", "draft: rule house.consent: .*undeclared reference"),
        ("request.lawful_basis == 'consent'", "nonsense('x')", "draft: rule house.consent: .*undeclared reference"),
        ("deny", "forbid", "draft: rule house.consent: effect is 'forbid'"),
        ("house.consent", "med.diagnosis", "the rule 'med.diagnosis' is given twice"),
        ("rules:", "rulez:", "'rulez' is not a field"),
    ],
)
def test_a_draft_with_a_mistake_is_refused_at_its_rule(ada: Person, old: str, new: str, message: str) -> None:
    with pytest.raises(Invalid, match=message):
        drafted(ada, HOUSE.replace(old, new, 1))
    assert not PackVersion.objects.exists()


def test_a_draft_that_takes_away_a_list_other_packs_need_is_refused(ada: Person) -> None:
    with pytest.raises(Invalid, match="undeclared reference"):
        drafted(ada, 'pack: lists\ntitle: Fewer\nversion: "9"\nreview_due: 2027-01-01\nlists: {NOT_PERSONAL: [JWT]}\n')


def test_a_draft_says_what_it_is_for(ada: Person) -> None:
    with pytest.raises(Invalid, match="say in 1 to 500"):
        activating.draft(text=HOUSE, why=" ", actor=ada.actor)


def test_only_a_draft_is_changed(ada: Person) -> None:
    version = drafted(ada)
    assert activating.draft(text=SECOND, why=WHY, actor=ada.actor, version_id=version.pk).hash != version.hash
    activating.propose(version.pk, actor=ada.actor)
    with pytest.raises(Conflict, match="only a draft may be changed"):
        activating.draft(text=HOUSE, why=WHY, actor=ada.actor, version_id=version.pk)


def test_what_is_in_force_already_is_not_proposed(ada: Person, alan: Person) -> None:
    activated(ada, alan)
    with pytest.raises(Conflict, match="nothing to put in force"):
        proposed(ada)


def test_a_proposal_is_withdrawn_by_either_side(ada: Person, alan: Person) -> None:
    first, second = proposed(ada), drafted(ada, SECOND)
    activating.withdraw(first.pk, actor=alan.actor)
    activating.withdraw(second.pk, actor=ada.actor)
    with pytest.raises(Conflict, match="only what was proposed"):
        activating.activate(first.pk, seen=first.hash, actor=alan.actor)
    assert len(told("policy.withdrawn")) == 2


def test_the_way_back_leads_to_the_version_before_and_takes_two_people(ada: Person, alan: Person) -> None:
    first = activated(ada, alan)
    activated(ada, alan, SECOND)
    back = activating.go_back("house", actor=ada.actor)
    with pytest.raises(NotAllowed):
        activating.activate(back.pk, seen=back.hash, actor=ada.actor)
    activating.activate(back.pk, seen=back.hash, actor=alan.actor)
    current = activating.current(workspace_of(ada.actor), "house")
    assert current is not None
    assert current.hash == first.hash


def test_the_way_back_from_the_first_version_leads_to_the_built_in_pack(ada: Person, alan: Person) -> None:
    text = (packs.BUILT_IN / "tools.yaml").read_text(encoding="utf-8").replace("tool.risk >= 3", "tool.risk >= 2")
    activated(ada, alan, text)
    back = activating.go_back("tools", actor=ada.actor)
    activating.activate(back.pk, seen=back.hash, actor=alan.actor)
    assert activating.in_force(workspace_of(ada.actor)).hash == activating.built_in().hash


def test_where_nothing_was_before_there_is_no_way_back(ada: Person, alan: Person) -> None:
    with pytest.raises(NotFound):
        activating.go_back("house", actor=ada.actor)
    activated(ada, alan)
    with pytest.raises(Conflict, match=r"`rules: \[\]` to end it"):
        activating.go_back("house", actor=ada.actor)


def test_the_database_lets_nobody_change_what_was_proposed(ada: Person) -> None:
    version = proposed(ada)
    with pytest.raises(DatabaseError, match="only a DRAFT may change"), transaction.atomic():
        PackVersion.objects.filter(pk=version.pk).update(text=SECOND)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM guardians_packversion")


def test_the_database_lets_nobody_put_in_force_alone(ada: Person) -> None:
    version = proposed(ada)
    alone = "UPDATE guardians_packversion SET state = 'IN_FORCE', activated_by = proposed_by WHERE id = %s"
    with pytest.raises(DatabaseError, match="two_people"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(alone, [version.pk])


def test_a_pack_that_is_not_what_was_put_in_force_denies_everything(ada: Person, alan: Person) -> None:
    version = activated(ada, alan)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE guardians_packversion DISABLE TRIGGER USER")
        cursor.execute("UPDATE guardians_packversion SET hash = %s WHERE id = %s", ["0" * 64, version.pk])
    known = activating.in_force(workspace_of(ada.actor))
    (match,) = known.evaluate(facts())
    assert (match.rule, match.effect.value, match.reason) == ("packs", "deny", Reason.POLICY_ERROR)
    assert "is not what was put in force" in match.says
    assert known.hash != activating.built_in().hash


def test_packs_that_judged_can_be_read_by_their_hash_later(
    ada: Person, alan: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activating, "REGISTERED", set())
    activated(ada, alan)
    known = activating.in_force(workspace_of(ada.actor))
    activating.register(known)
    activating.register(known)
    again = activating.of_hash(known.hash)
    assert [item.rule for item in again.rules] == [item.rule for item in known.rules]
    assert (PolicySet.objects.count(), PolicyPack.objects.filter(name="house").count()) == (1, 1)
    assert [entry["set"] for entry in told("policy.registered")] == [known.hash]


def test_packs_that_never_judged_are_not_found(ada: Person) -> None:
    with pytest.raises(NotFound, match="were ever in force here"):
        activating.of_hash("0" * 64)
