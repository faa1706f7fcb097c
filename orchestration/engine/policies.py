"""Which policies judge a run: its workspace's own packs and calibrations where they are in force, else the built-in.

The stronger verifier of the installation judges with it only where a calibration of the workspace's own names its id.

What is in force when a slice begins decides in that slice. Once people were asked, their word is bound to the policy
hash: packs that were put in force, or a calibration that was made, withdrawn or expired since, void it.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils.timezone import now

from audit.models import OwnCalibration
from evidence.gate import Stronger
from evidence.models import CalibrationRecord
from evidence.typed.scoring import TYPED
from evidence.verifying import named
from guardians import activating
from guardians.compliance import Compliance
from guardians.guardian import Guardian
from guardians.models import GuardianCalibration
from guardians.packs import PackSet
from guardians.safety import Safety
from orchestration.engine.bench import Parts
from orchestration.selection import one

R = TypeVar("R", bound=OwnCalibration)
Row = tuple[str, str, str, UUID]

# A slice that begins with a record ends before that expires: what expires while the gate looks at it supports nothing.
AHEAD = dt.timedelta(hours=1)
IN_FORCE = """
SELECT 'pack', name, hash, id FROM guardians_packversion WHERE workspace_id = %(workspace)s AND state = 'IN_FORCE'
UNION ALL SELECT 'verifier', verifier, '', id FROM evidence_calibrationrecord
    WHERE workspace_id = %(workspace)s AND state = 'IN_FORCE'
UNION ALL SELECT 'guardian', guardian, '', id FROM guardians_guardiancalibration
    WHERE workspace_id = %(workspace)s AND state = 'IN_FORCE'
ORDER BY 1, 2
"""


def of_workspace(parts: Parts, workspace: UUID) -> Parts:
    """Return the process's parts with the packs, the guardians and the gate that judge the runs of a workspace."""
    with connection.cursor() as cursor:
        cursor.execute(IN_FORCE, {"workspace": workspace})
        found: list[Row] = cursor.fetchall()
    own = tuple((name, digest, id_) for kind, name, digest, id_ in found if kind == "pack")
    packs = activating.assembled(own) if own else activating.built_in()
    activating.register(packs)  # before they judge: decisions can be looked at with them
    on = (now() + AHEAD).astimezone(dt.UTC).date()
    safety = deciding(GuardianCalibration, found, "guardian", Safety.name, on=on)
    guardians = tuple(of_packs(of_threshold(guardian, safety), packs) for guardian in parts.guardians)
    gate, typed = parts.gate, deciding(CalibrationRecord, found, "verifier", TYPED.id, on=on)
    if typed is not None:
        gate = replace(gate, calibration=typed.calibration())
    stronger = stronger_in(parts, found, on=on)
    if (guardians, gate, stronger) == (parts.guardians, parts.gate, parts.stronger):
        return parts
    panel = parts.panel.among(guardians)
    return replace(parts, guardians=guardians, panel=panel, packs=packs, gate=gate, stronger=stronger)


def deciding(model: type[R], found: Sequence[Row], kind: str, name: str, *, on: dt.date) -> R | None:
    """Return the record among what is in force that decides about a scorer on a day, if there is one."""
    known = (kept(model, id_) for of, scorer, _, id_ in found if (of, scorer) == (kind, name))
    return next((record for record in known if record.decides(on=on)), None)


# A record says the same for ever, and that it is in force was just read: it is read once a process.
@lru_cache(maxsize=1024)
def kept(model: type[R], id_: UUID) -> R:
    return one(model, id_)


def of_threshold(guardian: Guardian, own: GuardianCalibration | None) -> Guardian:
    return guardian if own is None or guardian.name != Safety.name else safety_with(own.threshold)


@lru_cache(maxsize=256)
def safety_with(threshold: float) -> Safety:
    return Safety(threshold)


def of_packs(guardian: Guardian, packs: PackSet) -> Guardian:
    own = isinstance(guardian, Compliance) and guardian.packs.hash != packs.hash
    return Compliance(packs) if own else guardian


def stronger_in(parts: Parts, found: Sequence[Row], *, on: dt.date) -> Stronger | None:
    """Return the stronger verifier with the record that lets it decide; as it stands in the parts where none does."""
    name = named(parts.verifier) if parts.verifier else TYPED.id
    record = None if name == TYPED.id else deciding(CalibrationRecord, found, "verifier", name, on=on)
    if parts.verifier is None or record is None:
        return parts.stronger
    return Stronger(parts.verifier, record.calibration(), settings.PROMETHEUS_VERIFIER_SECONDS)
