"""Restores over HTTP and in the console, from the list of checkpoints to the fork."""

from typing import Any

from audit.apikeys import create_key
from orchestration.engine import restorer
from orchestration.management.stage import Stage
from orchestration.models import Checkpoint, Restore, Run
from tests.pipeline.returning import REASON, at, requested
from tests.pipeline.test_tampering import flip

# Over HTTP


def test_the_api_goes_the_whole_way(quick: Stage, done: Run, client: Any) -> None:
    def header(who: str, *scopes: str) -> dict[str, str]:
        return {"Authorization": f"Api-Key {create_key(name=who, scopes=list(scopes), actor=quick.actors[who]).text}"}

    grace = header("grace", "runs:read", "runs:write", "approvals:read")
    alan = header("alan", "approvals:decide")
    base = f"/api/v1/runs/{done.pk}"
    listed = client.get(f"{base}/checkpoints", headers=grace).json()["results"]
    assert {(item["verified"], item["fault"]) for item in listed} == {(True, "")}
    by_state = {item["next"]: item["id"] for item in listed}
    query = f"from={by_state['draft']}&to={by_state['']}"
    changed = client.get(f"{base}/checkpoints/diff?{query}", headers=grace).json()
    assert {"$.draft", "$.answer"} <= {change["path"] for change in changed["changes"]}
    body = {"checkpoint": by_state["execute"], "dry_run": True}
    planned = client.post(f"{base}/restore", body, content_type="application/json", headers=grace)
    assert (planned.status_code, planned.json()["kind"], planned.json()["state"]) == (200, "FORK", "GATING")
    body = {"checkpoint": by_state["execute"], "reason": REASON}
    asked = client.post(f"{base}/restore", body, content_type="application/json", headers=grace)
    assert (asked.status_code, asked.json()["binding"]) == (202, planned.json()["binding"])
    here = f"/api/v1/restores/{asked.json()['id']}"
    word = {"reason": REASON, "seen": asked.json()["binding"]}
    given = client.post(f"{here}/approve", word, content_type="application/json", headers=alan)
    assert (given.status_code, given.json()["state"]) == (200, "APPROVED")
    restorer.carry_out(asked.json()["id"])
    assert client.get(here, headers=grace).json()["fork"] == str(Run.objects.get(parent=done).pk)
    assert [item["state"] for item in client.get("/api/v1/restores?state=DONE", headers=grace).json()["results"]] == [
        "DONE"
    ]


# In the console


def test_the_console_goes_the_whole_way(quick: Stage, done: Run, client: Any) -> None:
    client.force_login(quick.users["grace"])
    here = f"/console/runs/{done.pk}/checkpoints"
    gate, decide = at(done, "gate"), at(done, "decide")
    assert client.get(here).content.count(b"Verified") > 7
    assert b"$.claims" in client.get(f"{here}?from={gate}&to={decide}").content
    assert b"desk/file_ticket" in client.get(f"{here}?checkpoint={decide}").content
    asked = client.post(here, {"checkpoint": decide, "reason": REASON})
    restore = Restore.objects.get()
    assert b'value="approve"' not in client.get(asked.url).content
    client.force_login(quick.users["alan"])
    assert b'value="approve"' in client.get(asked.url).content
    assert client.post(asked.url, {"word": "perhaps", "reason": REASON, "seen": restore.binding}).status_code == 400
    client.post(asked.url, {"word": "approve", "reason": REASON, "seen": restore.binding})
    restorer.carry_out(restore.pk)
    assert str(Run.objects.get(parent=done).pk).encode() in client.get(asked.url).content
    assert b"Restores" in client.get(here).content


def test_the_console_says_which_checkpoint_is_not_what_was_written(quick: Stage, done: Run, client: Any) -> None:
    flip(Checkpoint, "body", Checkpoint.objects.get(checkpoint_id=at(done, "gate")).pk)
    client.force_login(quick.users["grace"])
    assert client.get(f"/console/runs/{done.pk}/checkpoints").content.count(b"Not what was written") == 1


def test_a_restore_is_rejected_in_the_console(quick: Stage, done: Run, client: Any) -> None:
    restore = requested(quick, done, at(done, "gate"))
    client.force_login(quick.users["alan"])
    word = {"word": "reject", "reason": REASON, "seen": restore.binding}
    client.post(f"/console/restores/{restore.pk}", word)
    assert Restore.objects.get().state == "REJECTED"


# In the admin


def test_the_admin_shows_where_a_run_can_go_back_to(quick: Stage, done: Run, client: Any) -> None:
    flip(Checkpoint, "body", Checkpoint.objects.get(checkpoint_id=at(done, "gate")).pk)
    client.force_login(quick.users["ada"])
    page = client.get(f"/admin/orchestration/run/{done.pk}/change/").content.decode()
    assert page.count("✓ verified") > 6
    assert page.count("✗") == 1
    link = f'href="/console/runs/{done.pk}/checkpoints?checkpoint={at(done, "decide")}"'
    assert link in page
    assert client.get(link[6:-1]).status_code == 200


def test_the_admin_leads_to_where_a_restore_is_decided(quick: Stage, done: Run, client: Any) -> None:
    restore = requested(quick, done, at(done, "gate"))
    client.force_login(quick.users["ada"])
    page = client.get(f"/admin/orchestration/restore/{restore.pk}/change/").content.decode()
    assert f'<a href="/console/restores/{restore.pk}">Decide in the console</a>' in page
