"""What the guardians were shown of a stored run, made again from the rows that keep it."""

import json
from collections.abc import Mapping
from uuid import UUID

from audit import keys, vault
from audit.fields import open_text
from audit.stakes import Stakes
from evidence import records as evidence_records
from evidence.models import Passage
from guardians import records
from guardians.guardian import Material, MaterialError, Part, Piece
from guardians.models import Review
from guardians.records import Shown
from orchestration.models import Draft, Run


class NotStored(Exception):
    """A decision that cannot be made again, with the reason: it is older than the record, erased, or was changed."""


def stored_material(run: Run, *, revision: int | None = None) -> Material:
    """Return exactly what the guardians were shown, of the last review or of one revision.

    Raises:
        NotStored: there is no such review, it keeps no record of what was shown, or what is stored now does not have
            the digest that was judged.
        KeyUnavailable: the run's key was destroyed.
        SealError: a sealed text was changed.
    """
    reviews = Review.objects.filter(run=run.pk, **({} if revision is None else {"revision": revision}))
    review = reviews.order_by("-revision").first()
    if review is None:
        raise NotStored(f"run {run.pk} has no such review")
    key = keys.load(run.key_id)
    shown = records.open_shown(review, key=key)
    if shown is None:
        raise NotStored(f"run {run.pk} was judged by a version that did not keep what the guardians were shown")
    pieces = pieces_of(run, review, shown, key=key)
    material = Material(pieces, shown.facts, Stakes(run.stakes), review.policy_hash)
    if vault.commitment(key, digest_of(material)) != review.material:
        raise NotStored(f"run {run.pk}: what is stored is not what was judged")
    return material


def digest_of(material: Material) -> str:
    try:
        return material.digest()
    except MaterialError as error:
        raise NotStored(f"what is stored has no digest: {error}") from error


def pieces_of(run: Run, review: Review, shown: Shown, *, key: vault.DataKey) -> tuple[Piece, ...]:
    wanted = {UUID(ref) for part, ref in shown.pieces if part in {Part.DOCUMENT, Part.TOOL_RESULT}}
    rows = Passage.objects.filter(pk__in=wanted)
    texts: Mapping[str, str] = {str(row.pk): evidence_records.passage_text(row, key) for row in rows}
    return tuple(Piece(part, ref, text_of(run, review, part, ref, texts, key=key)) for part, ref in shown.pieces)


def text_of(run: Run, review: Review, part: Part, ref: str, passages: Mapping[str, str], *, key: vault.DataKey) -> str:
    if part is Part.REQUEST:
        return str(json.loads(open_text(key, run, "request_sealed"))["question"])
    if part is Part.ANSWER:
        draft = Draft.objects.get(run=run, revision=review.revision)
        return open_text(key, draft, "text_sealed")
    if ref not in passages:
        raise NotStored(f"run {run.pk}: a text that was judged is no longer stored")
    return passages[ref]
