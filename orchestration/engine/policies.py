"""Which gate policy judges a run: its workspace's own calibration where one is in force, else the built-in one.

What is in force when a slice begins decides in that slice. Once people were asked, their word is bound to the policy
hash: a calibration that was made, withdrawn or expired since voids it, as any other change of what decides.
"""

import datetime as dt
from dataclasses import replace
from functools import lru_cache
from uuid import UUID

from django.utils.timezone import now

from audit import canonical
from evidence.calibration import Calibration
from evidence.models import CalibrationRecord
from evidence.states import CalibrationState
from evidence.typed.scoring import EVEN, TYPED
from orchestration.engine.bench import Parts
from orchestration.selection import select

# A slice that begins with a record ends before that expires: what expires while the gate looks at it supports nothing.
AHEAD = dt.timedelta(hours=1)
IN_FORCE = "workspace_id = %s AND verifier = %s AND state = %s"


def of_workspace(parts: Parts, workspace: UUID) -> Parts:
    """Return the process's parts with the gate that judges the runs of a workspace."""
    own = calibration_of(workspace, on=(now() + AHEAD).astimezone(dt.UTC).date())
    if own is None:
        return parts
    return replace(parts, gate=replace(parts.gate, calibration=own), policy_hash=hash_with(parts.policy_hash, own))


def calibration_of(workspace: UUID, *, on: dt.date) -> Calibration | None:
    """Return the workspace's own calibration; None where the built-in one decides.

    A record that does not hold on that day, whose bound cannot be stated or whose threshold is below the gate's own
    least decides nothing, whoever wrote it.
    """
    found = select(CalibrationRecord, IN_FORCE, workspace, TYPED.id, CalibrationState.IN_FORCE.value)
    known = [record.calibration() for record in found]
    return next((one for one in known if one.threshold >= EVEN and one.holds(TYPED.id, on=on)), None)


# Runs of one workspace share it: it is made once a record.
@lru_cache(maxsize=1024)
def hash_with(policy_hash: str, calibration: Calibration) -> str:
    """Return the hash of everything that decides where a workspace's own calibration does."""
    return canonical.digest(canonical.encode({"policy": policy_hash, "calibration": repr(calibration)})).hex()
