"""A verifier behind HTTP: a service of the operator's scores pairs of texts, by the protocol in docs/operation.md."""

import ipaddress
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx2

from evidence.verifiers.scored import ScoredVerifier
from evidence.verifying import VerifierFault
from orchestration.engine.chatmodel import http

URL = "PROMETHEUS_VERIFIER_URL"
MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,49}")
SECONDS = 10.0
TOKEN_LIMIT = 4096


class Endpoint:
    """Scores pairs by one model of one service. Safe to share between threads; nothing is sent before the first pair.

    Attributes:
        binary: never, as far as it is known here: a service that cannot tell a contradiction says 0 for it.
    """

    binary = False

    def __init__(self, *, url: str, model: str, token: str = "", plain: bool = False, seconds: float = SECONDS) -> None:
        """Check the settings and make the client.

        Args:
            token: sent as a bearer token where it is not empty.
            plain: http is allowed to other machines than this one.
            seconds: of one request, from its start to the last byte of the answer.

        Raises:
            ValueError: a setting cannot be used; the message names it and the cure, and no secret.
        """
        check(url, model, token, plain=plain)
        self.id = f"http-{model}"
        self._model = model
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = http(seconds)

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._http.close()

    def score(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, float]]:
        """Return the service's shares of each pair.

        Raises:
            VerifierFault: it did not answer, or not by the protocol, or with another model.
        """
        asked = [{"passage": passage, "claim": claim} for passage, claim in pairs]
        try:
            answer = self._http.post(self._url, json={"model": self._model, "pairs": asked}, headers=self._headers)
        except httpx2.HTTPError as error:
            raise VerifierFault(f"{self.id}: {type(error).__name__}") from None
        if answer.status_code != httpx2.codes.OK:
            raise VerifierFault(f"{self.id}: HTTP status {answer.status_code}")
        try:
            return [shares(item) for item in scores(json.loads(answer.content), self._model)]
        except (ValueError, RecursionError):
            raise VerifierFault(f"{self.id}: not what the protocol says") from None


def check(url: str, model: str, token: str, *, plain: bool) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
        raise ValueError(f"{URL} is no https:// address; give one without user and password")
    if parts.scheme == "http" and not plain and not is_loopback(parts.hostname):
        raise ValueError(f"{URL} is plain http to another machine; use https, or set PROMETHEUS_VERIFIER_HTTP=true")
    if not MODEL.fullmatch(model):
        raise ValueError(f"PROMETHEUS_VERIFIER_MODEL is {model[:60]!r}; name it in 1 to 50 of A-Z a-z 0-9 . _ -")
    if len(token) > TOKEN_LIMIT or not (token.isascii() and token.isprintable() and " " not in token):
        raise ValueError(
            f"PROMETHEUS_VERIFIER_TOKEN is no token: ASCII without blanks, {TOKEN_LIMIT} characters at most"
        )


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def scores(document: Any, model: str) -> list[Any]:  # noqa: ANN401 - what a stranger sent
    """Return the scores of an answer; raises ValueError where it is not by the protocol."""
    if not isinstance(document, dict) or document.get("model") != model or not isinstance(document.get("scores"), list):
        raise ValueError("no answer of this model")
    return list(document["scores"])


def shares(item: Any) -> tuple[float, float]:  # noqa: ANN401
    if not isinstance(item, list) or len(item) != 2 or any(isinstance(share, bool) for share in item):
        raise ValueError("no pair of shares")
    if not all(isinstance(share, int | float) for share in item):
        raise ValueError("a share is no number")
    return item[0], item[1]


def made(settings: Mapping[str, str]) -> ScoredVerifier:
    """Return the verifier of PROMETHEUS_VERIFIER_URL, _MODEL, _TOKEN and _HTTP.

    Raises:
        ValueError: as Endpoint does.
    """
    return ScoredVerifier(
        Endpoint(
            url=settings.get(URL, ""),
            model=settings.get("PROMETHEUS_VERIFIER_MODEL", ""),
            token=settings.get("PROMETHEUS_VERIFIER_TOKEN", ""),
            plain=settings.get("PROMETHEUS_VERIFIER_HTTP", "").lower() == "true",
        )
    )
