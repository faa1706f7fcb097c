"""Identifiers of rows: UUIDv7, so that index pages fill in the order of time (RFC 9562, 5.7)."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    return uuid7()
