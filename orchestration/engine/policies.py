"""Which policies judge a run: its workspace's own packs and calibrations where they are in force, else the built-in.

The stronger verifier of the installation judges with it only where a calibration of the workspace's own names its id.

What is in force when a slice begins decides in that slice. Once people were asked, their word is bound to the policy
hash: packs that were put in force, or a calibration that was made, withdrawn or expired since, void it.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from uuid import UUID

from django.conf import settings
from django.utils.timezone import now

from audit import canonical
from audit.calibration import CalibrationState
from evidence.calibration import Calibration
from evidence.gate import Stronger
from evidence.models import CalibrationRecord
from evidence.typed.scoring import TYPED
from evidence.verifying import named
from guardians import activating
from guardians.compliance import Compliance
from guardians.models import GuardianCalibration
from guardians.packs import PackSet
from guardians.safety import Safety
from orchestration.engine.bench import Parts, policy_hash
from orchestration.selection import select

# A slice that begins with a record ends before that expires: what expires while the gate looks at it supports nothing.
AHEAD = dt.timedelta(hours=1)
SAFETY_IN_FORCE = "workspace_id = %s AND guardian = %s AND state = %s"
IN_FORCE = "workspace_id = %s AND verifier = ANY(%s) AND state = %s"


def of_workspace(parts: Parts, workspace: UUID) -> Parts:
    """Return the process's parts with the packs and the gate that judge the runs of a workspace."""
    parts = with_packs(parts, activating.in_force(workspace))
    names = [TYPED.id, *([named(parts.verifier)] if parts.verifier else [])]
    known = calibrations_of(workspace, names, on=(now() + AHEAD).astimezone(dt.UTC).date())
    if own := known.get(TYPED.id):
        hashed = hash_with(parts.policy_hash, own)
        parts = replace(parts, gate=replace(parts.gate, calibration=own), policy_hash=hashed)
    if parts.verifier and (second := known.get(names[-1])) and names[-1] != TYPED.id:
        stronger = Stronger(parts.verifier, second, settings.PROMETHEUS_VERIFIER_SECONDS)
        parts = replace(parts, stronger=stronger, policy_hash=hash_with(parts.policy_hash, second))
    return with_safety(parts, workspace)


def with_safety(parts: Parts, workspace: UUID) -> Parts:
    """Return the parts with the workspace's own threshold of Safety, where a record of it holds for this model."""
    on = (now() + AHEAD).astimezone(dt.UTC).date()
    found = select(GuardianCalibration, SAFETY_IN_FORCE, workspace, Safety.name, CalibrationState.IN_FORCE.value)
    own = next((record.threshold for record in found if record.decides(on=on)), None)
    if own is None:
        return parts
    safety = safety_with(own)
    guardians = tuple(safety if guardian.name == Safety.name else guardian for guardian in parts.guardians)
    hashed = hash_with_guardian(parts.policy_hash, safety.version)
    return replace(parts, guardians=guardians, panel=parts.panel.among(guardians), policy_hash=hashed)


@lru_cache(maxsize=256)
def safety_with(threshold: float) -> Safety:
    return Safety(threshold)


def with_packs(parts: Parts, known: PackSet) -> Parts:
    """Return the parts with these packs, which are kept first: decisions can be looked at with them."""
    activating.register(known)
    if known.hash == parts.packs.hash and not known.fault:
        return parts
    guardians = tuple(Compliance(known) if isinstance(other, Compliance) else other for other in parts.guardians)
    hashed = policy_hash(known.hash, guardians, parts.gate, parts.consensus, parts.vectors, parts.masking)
    panel = parts.panel.among(guardians)
    return replace(parts, guardians=guardians, panel=panel, packs=known, policy_hash=hashed)


def calibrations_of(workspace: UUID, verifiers: Sequence[str], *, on: dt.date) -> Mapping[str, Calibration]:
    """Return the workspace's own calibrations of these verifiers, by verifier."""
    found = select(CalibrationRecord, IN_FORCE, workspace, verifiers, CalibrationState.IN_FORCE.value)
    return {record.verifier: record.calibration() for record in found if record.decides(on=on)}


# Runs of one workspace share it: it is made once a record.
@lru_cache(maxsize=1024)
def hash_with(policy_hash: str, calibration: Calibration) -> str:
    """Return the hash of everything that decides where a workspace's own calibration does."""
    return canonical.digest(canonical.encode({"policy": policy_hash, "calibration": repr(calibration)})).hex()


@lru_cache(maxsize=1024)
def hash_with_guardian(policy_hash: str, version: str) -> str:
    """Return the hash of everything that decides where a guardian of a workspace's own does."""
    return canonical.digest(canonical.encode({"policy": policy_hash, "guardian": version})).hex()
