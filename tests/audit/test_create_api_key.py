"""The command that makes an API key."""

import pytest
from django.core.management import CommandError, call_command

from audit.access import person_behind
from audit.models import ApiKey, Entry, Workspace
from tests.conftest import Person


def test_the_key_is_printed_and_recorded(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_api_key", "northgate", "ward system", "runs:read", "runs:write")
    prefix, _, secret = capsys.readouterr().out.strip().partition(".")
    key = ApiKey.objects.get(prefix=prefix)
    assert (key.workspace, key.scopes, len(secret) > 30) == (workspace, ["runs:read", "runs:write"], True)
    assert Entry.objects.get(type="key.created").actor == "system:command"


def test_an_unknown_workspace_is_named_with_those_there_are(workspace: Workspace) -> None:
    with pytest.raises(CommandError, match=f"no workspace 'ward'; there is: {workspace.slug}"):
        call_command("create_api_key", "ward", "ward system", "runs:read")


def test_an_unknown_scope_makes_no_key(workspace: Workspace) -> None:
    with pytest.raises(CommandError, match="'runs:delete' is not a scope"):
        call_command("create_api_key", workspace.slug, "ward system", "runs:delete")
    assert not ApiKey.objects.exists()


def test_a_key_made_for_a_member_speaks_with_that_members_voice(
    grace: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("create_api_key", "northgate", "laptop", "runs:read", "--owner", "grace")
    prefix = capsys.readouterr().out.partition(".")[0]
    assert person_behind(f"key:{prefix}") == str(grace.actor)


def test_a_key_made_for_a_member_can_do_no_more_than_the_member(grace: Person) -> None:
    with pytest.raises(CommandError, match="approvals:decide is needed"):
        call_command("create_api_key", "northgate", "laptop", "approvals:decide", "--owner", grace.user.username)


def test_a_key_is_made_for_members_only(mallory: Person) -> None:
    with pytest.raises(CommandError, match="no member 'mallory' of workspace 'northgate'"):
        call_command("create_api_key", "northgate", "laptop", "runs:read", "--owner", "mallory")
