"""The verbs on a workspace's policy packs: draft, propose, put in force by two people, withdraw, go back.

A workspace starts with the packs that come with this version. A version of its own takes the place of the pack of that
name, or stands beside them under a new one. Not legal advice.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from uuid import UUID

from django.db import connection, transaction
from django.utils.timezone import now

from audit import ledger
from audit.access import person_behind, require, workspace_of
from audit.actors import SYSTEM, Actor
from audit.canonical import JSON
from audit.errors import Conflict, Invalid, NotAllowed, NotFound
from audit.events import EventType
from audit.models import Workspace
from audit.roles import Scope
from guardians import packfile, packs
from guardians.models import PackVersion, PolicyPack, PolicySet
from guardians.packfile import Pack, PackError
from guardians.packs import PackSet
from guardians.states import PackState

PLACE = "draft"
WHY_LIMIT = 500
IN_FORCE = (
    "SELECT name, hash, id FROM guardians_packversion WHERE workspace_id = %s AND state = 'IN_FORCE' ORDER BY name"
)


@lru_cache(maxsize=1)
def built_in() -> PackSet:
    return packs.load(packs.BUILT_IN)


# What is in force


def in_force(workspace: UUID) -> PackSet:
    """Return the packs that a workspace's runs are judged by. Packs that cannot be read make a set that denies."""
    with connection.cursor() as cursor:
        cursor.execute(IN_FORCE, [workspace])
        own = tuple((name, digest, version) for name, digest, version in cursor.fetchall())
    return assembled(own) if own else built_in()


# Runs of one workspace share it: it is made once for each state of its packs.
@lru_cache(maxsize=256)
def assembled(own: tuple[tuple[str, str, UUID], ...]) -> PackSet:
    hashes = {**{pack.name: pack.hash for pack in built_in().packs}, **{name: digest for name, digest, _ in own}}
    try:
        rows = PackVersion.objects.in_bulk([version for _, _, version in own])
        found = [checked(name, digest, rows[version].text) for name, digest, version in own]
        return packs.assembled(together(found))
    except PackError as error:
        fault = f"the packs in force cannot be used: {error}"[:300]
        return replace(built_in(), rules=(), hash=packs.hash_of({**hashes, "fault": fault}), fault=fault)


def checked(name: str, digest: str, text: str) -> Pack:
    """Return a pack that was put in force, as what it was put in force as.

    Raises:
        PackError: it cannot be read, or is another one.
    """
    pack = packfile.pack_in(text.encode(), place=name)
    if (pack.name, pack.hash) != (name, digest):
        raise PackError(f"{name}: is not what was put in force; its text or hash was changed")
    return pack


def together(own: list[Pack]) -> list[Pack]:
    """Return the built-in packs with those of a workspace in their place, in alphabetical order."""
    known = {pack.name: pack for pack in (*built_in().packs, *own)}
    return [known[name] for name in sorted(known)]


def of_hash(digest: str) -> PackSet:
    """Return packs that were in force together once, by the hash of the set.

    Raises:
        NotFound: no such set was ever in force here.
        PackError: what was kept of it cannot be used by this version.
    """
    if digest == built_in().hash:
        return built_in()
    kept = PolicySet.objects.filter(pk=digest).first()
    if kept is None:
        raise NotFound(f"no policy packs with the hash {digest[:64]} were ever in force here")
    rows = PolicyPack.objects.in_bulk(list(kept.packs.values()))
    found = packs.assembled(
        [packfile.pack_of(rows[pack].content, place=name) for name, pack in sorted(kept.packs.items())]
    )
    if found.hash != digest:
        raise PackError(f"the packs of {digest[:12]} are not what was kept; their rows were changed")
    return found


REGISTERED: set[str] = set()


def register(known: PackSet) -> None:
    """Keep what packs say that are about to judge a run, once a process: a decision can be made again by them."""
    if known.hash in REGISTERED or known.fault:
        return
    hashes: dict[str, JSON] = {pack.name: pack.hash for pack in known.packs}
    with transaction.atomic():
        rows = [
            PolicyPack(hash=pack.hash, name=pack.name, rules=len(pack.rules), content=dict(pack.content))
            for pack in known.packs
        ]
        PolicyPack.objects.bulk_create(rows, ignore_conflicts=True)
        _, new = PolicySet.objects.get_or_create(hash=known.hash, defaults={"packs": hashes})
        if new:
            event = ledger.Event(EventType.POLICY_REGISTERED, SYSTEM, {"set": known.hash, "packs": hashes})
            ledger.append(event, chain="policies")
    REGISTERED.add(known.hash)


# Drafting


def read(text: str, *, workspace: UUID) -> Pack:
    """Return the pack in a text, after compiling it together with the packs that would be in force beside it.

    Raises:
        Invalid: it is no pack, or the packs do not work together; the message names the rule and the cure.
    """
    try:
        pack = packfile.pack_in(text.encode("utf-8", "surrogatepass"), place=PLACE)
        packs.assembled(beside(pack, workspace=workspace))
    except PackError as error:
        raise Invalid(str(error)) from error
    return pack


def beside(pack: Pack, *, workspace: UUID) -> list[Pack]:
    """Return the packs in force in a workspace, with one in the place of the pack of its name."""
    known = {other.name: other for other in in_force(workspace).packs} | {pack.name: pack}
    return [known[name] for name in sorted(known)]


def would_be(version: PackVersion) -> PackSet:
    """Return the packs that would be in force if a version were.

    Raises:
        Invalid: as ``read`` does.
    """
    pack = read(version.text, workspace=version.workspace_id)
    return packs.assembled(beside(pack, workspace=version.workspace_id))


def found(version_id: UUID, *, actor: Actor) -> PackVersion:
    """Return a version of the actor's workspace, locked.

    Raises:
        NotFound: it is not there, or in another workspace: the two are not told apart.
    """
    rows = PackVersion.objects.select_for_update().filter(pk=version_id, workspace_id=workspace_of(actor))
    version = rows.first()
    if version is None:
        raise NotFound(f"no version of a pack {version_id} in this workspace")
    return version


@transaction.atomic
def draft(*, text: str, why: str, actor: Actor, version_id: UUID | None = None) -> PackVersion:
    """Keep a draft, new or changed. Nothing is judged by it.

    Raises:
        Invalid: as ``read`` does, or nothing says what it is for.
        Conflict: it is no draft any more.
        NotAllowed: the actor lacks workspace:write.
    """
    require(actor, Scope.WORKSPACE_WRITE)
    if not why.strip() or len(why) > WHY_LIMIT:
        raise Invalid(f"why has {len(why)} characters; say in 1 to {WHY_LIMIT} what this version is for")
    pack = read(text, workspace=workspace_of(actor))
    version = found(version_id, actor=actor) if version_id else PackVersion(workspace_id=workspace_of(actor))
    if version.state != PackState.DRAFT:
        raise Conflict(f"{version} is {version.state}; only a draft may be changed: draft a new version")
    version.name, version.hash, version.text, version.why = pack.name, pack.hash, text, why.strip()
    version.made_by = str(actor)
    version.save()
    return version


# Two people


@transaction.atomic
def propose(version_id: UUID, *, actor: Actor) -> PackVersion:
    """Ask another person to put a draft in force; it cannot be changed any more.

    Raises:
        Invalid: it does not work together with the packs in force now.
        Conflict: it is no draft, or says the same as the pack in force.
        NotAllowed: the actor lacks workspace:write.
    """
    require(actor, Scope.WORKSPACE_WRITE)
    version = found(version_id, actor=actor)
    if version.state != PackState.DRAFT:
        raise Conflict(f"{version} is {version.state}; only a draft is proposed")
    read(version.text, workspace=version.workspace_id)
    if version.hash in {pack.hash for pack in in_force(version.workspace_id).packs}:
        raise Conflict(f"{version} says what the pack in force says; there is nothing to put in force")
    version.propose()
    version.proposed_by, version.proposed_at = str(actor), now()
    version.save()
    enter(EventType.POLICY_PROPOSED, version, actor=actor)
    return version


@transaction.atomic
def activate(version_id: UUID, *, seen: str, actor: Actor) -> PackVersion:
    """Put a proposed version in force. Runs that wait for people under the packs before end refused when they go on.

    Args:
        seen: the hash of what the actor was shown.

    Raises:
        Conflict: it is not proposed, or is not what was shown.
        Invalid: it does not work together with the packs in force now.
        NotAllowed: the actor lacks approvals:decide, or is who drafted or proposed it.
    """
    require(actor, Scope.APPROVALS_DECIDE)
    lock(actor)
    version = found(version_id, actor=actor)
    if version.state != PackState.PROPOSED:
        raise Conflict(f"{version} is {version.state}; only what was proposed is put in force")
    if seen != version.hash:
        raise Conflict(f"what you were shown is not {version}; read it again")
    if person_behind(str(actor)) in {person_behind(version.proposed_by), person_behind(version.made_by)}:
        raise NotAllowed("you drafted or proposed this version; another person has to put it in force")
    if read(version.text, workspace=version.workspace_id).hash != version.hash:
        raise Conflict(f"the text of {version} is not what was proposed; withdraw it and draft a new version")
    before = current(version.workspace_id, version.name)
    if before is not None:
        before.supersede()
        before.ended_by, before.ended_at = str(actor), now()
        before.save()
    version.activate()
    version.activated_by, version.activated_at = str(actor), now()
    version.save()
    enter(
        EventType.POLICY_ACTIVATED, version, actor=actor, before=before.hash if before else built_in_hash(version.name)
    )
    return version


@transaction.atomic
def withdraw(version_id: UUID, *, actor: Actor) -> PackVersion:
    """Give up a draft or a proposal. What is in force stays.

    Raises:
        Conflict: it is in force, or has ended.
        NotAllowed: the actor has neither workspace:write nor approvals:decide.
    """
    if not actor.may(Scope.APPROVALS_DECIDE):
        require(actor, Scope.WORKSPACE_WRITE)
    version = found(version_id, actor=actor)
    if version.state not in {PackState.DRAFT, PackState.PROPOSED}:
        raise Conflict(f"{version} is {version.state}; only a draft or a proposal is withdrawn: go back instead")
    version.withdraw()
    version.ended_by, version.ended_at = str(actor), now()
    version.save()
    enter(EventType.POLICY_WITHDRAWN, version, actor=actor)
    return version


@transaction.atomic
def go_back(name: str, *, actor: Actor) -> PackVersion:
    """Propose the version of a pack that was in force before the present one; another person puts it in force.

    Raises:
        Conflict: none was in force before.
        NotAllowed: the actor lacks workspace:write.
        NotFound: the workspace has no version of its own of this pack in force.
    """
    require(actor, Scope.WORKSPACE_WRITE)
    lock(actor)
    workspace = workspace_of(actor)
    present = current(workspace, name)
    if present is None:
        raise NotFound(f"this workspace has no version of its own of the pack {name[:40]!r} in force")
    text = text_before(present)
    why = f"Back to what was in force before {present.hash[:12]}"
    pack = read(text, workspace=workspace)
    version = PackVersion(
        workspace_id=workspace, name=pack.name, hash=pack.hash, text=text, why=why, made_by=str(actor)
    )
    version.save(force_insert=True)
    return propose(version.pk, actor=actor)


def text_before(present: PackVersion) -> str:
    ended = PackVersion.objects.filter(
        workspace_id=present.workspace_id, name=present.name, state=PackState.SUPERSEDED.value
    )
    before = ended.order_by("-ended_at").first()
    if before is not None:
        return before.text
    file = packs.BUILT_IN / f"{present.name}.yaml"
    if present.name not in {pack.name for pack in built_in().packs} or not file.is_file():
        raise Conflict(f"no pack {present.name!r} was in force before; draft one with `rules: []` to end it")
    return file.read_text(encoding="utf-8")


def current(workspace: UUID, name: str) -> PackVersion | None:
    return PackVersion.objects.filter(workspace_id=workspace, name=name, state=PackState.IN_FORCE.value).first()


def built_in_hash(name: str) -> str:
    return next((pack.hash for pack in built_in().packs if pack.name == name), "")


def lock(actor: Actor) -> None:
    """Let nobody else put a pack of the workspace in force until this transaction ends."""
    Workspace.objects.select_for_update().only("pk").get(pk=workspace_of(actor))


def enter(type_: EventType, version: PackVersion, *, actor: Actor, **data: str) -> None:
    known: Mapping[str, JSON] = {"version": str(version.pk), "pack": version.name, "hash": version.hash, **data}
    ledger.append(ledger.Event(type_, actor, known), chain=f"workspace:{version.workspace_id}")
