"""Notices as bytes, their signature and the times between attempts: pure."""

import datetime as dt
import json
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from orchestration import notices
from orchestration.notices import Notice, NoticeType

AT = dt.datetime(2026, 3, 1, 13, 0, tzinfo=dt.timezone(dt.timedelta(hours=1)))
NOTICE = Notice(id="d", type=NoticeType.FAILED, run="r", state="FAILED", decision="", at=AT)


def test_the_same_notice_always_gives_the_same_bytes_with_its_time_in_utc() -> None:
    assert NOTICE.body() == NOTICE.body()
    assert json.loads(NOTICE.body())["at"] == "2026-03-01T12:00:00.000000+00:00"


def test_a_signature_is_the_documented_one() -> None:
    # printf '1700000000.{}' | openssl dgst -sha256 -hmac whsec_test
    assert notices.sign(["whsec_test"], b"{}", at=1_700_000_000) == (
        "t=1700000000,v1=35495024f4ef3f94e5a93e22221544c4b75e9a42300cd965ab81cb85cd994e91"
    )


def test_each_secret_gives_a_signature_of_its_own() -> None:
    time, first, second = notices.sign(["whsec_a", "whsec_b"], b"{}", at=1).split(",")
    assert f"{time},{first}" == notices.sign(["whsec_a"], b"{}", at=1)
    assert f"{time},{second}" == notices.sign(["whsec_b"], b"{}", at=1)


@given(st.binary(max_size=40), st.integers(0, 2**33))
def test_another_time_another_secret_or_another_body_is_another_signature(body: bytes, at: int) -> None:
    known = notices.sign(["whsec_a"], body, at=at)
    others = [
        notices.sign(["whsec_a"], body, at=at + 1),
        notices.sign(["whsec_b"], body, at=at),
        notices.sign(["whsec_a"], body + b" ", at=at),
    ]
    assert known not in others


def documented() -> Callable[..., bool]:
    """Return the function of docs/webhooks.md, as a reader would paste it."""
    text = (settings.BASE_DIR / "docs/webhooks.md").read_text(encoding="utf-8")
    place: dict[str, Any] = {}
    exec(text.split("```python\n")[1].split("```")[0], place)  # noqa: S102 - our own document
    is_genuine: Callable[..., bool] = place["is_genuine"]
    return is_genuine


def test_the_documented_receiver_takes_either_secret_and_nothing_else() -> None:
    is_genuine, at = documented(), int(time.time())
    header = notices.sign(["whsec_new", "whsec_old"], b"{}", at=at)
    assert [is_genuine(header, b"{}", secret) for secret in ("whsec_new", "whsec_old")] == [True, True]
    assert not is_genuine(header, b"{}", "whsec_other")
    assert not is_genuine(header, b"{ }", "whsec_new")
    assert not is_genuine(notices.sign(["whsec_new"], b"{}", at=at - 301), b"{}", "whsec_new")
    assert not [bad for bad in ("", "t=", f"t={at}", f"t={at},v1=\u00e9", "x") if is_genuine(bad, b"{}", "whsec_new")]


@given(st.integers(1, 500), st.floats(0, 1))
def test_a_delay_is_never_less_than_half_nor_more_than_the_longest(attempt: int, chance: float) -> None:
    waited = notices.delay(attempt, chance=chance)
    assert notices.FIRST_DELAY / 2 <= waited <= notices.LONGEST_DELAY
    assert notices.delay(attempt, chance=0) <= waited <= notices.delay(attempt + 1, chance=1)
