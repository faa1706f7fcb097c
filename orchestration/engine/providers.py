"""What writes a draft: nobody (sentences of the passages are quoted), a language model, or a script."""

from collections.abc import Callable, Mapping, Sequence

from orchestration.engine import telemetry
from orchestration.engine.chatmodel import OPENAI_URL, OpenAICompatible, Prices
from orchestration.engine.drafts import Attempt, DraftReply, DraftTask, Provider, ProviderFailure, Reason
from orchestration.engine.extractive import Extractive

__all__ = [
    "OPENAI_URL",
    "Attempt",
    "DraftReply",
    "DraftTask",
    "Extractive",
    "OpenAICompatible",
    "Prices",
    "Provider",
    "ProviderFailure",
    "Reason",
    "Scripted",
    "provider",
]

# After the imports, since an SDK may set up its own log when it is loaded.
telemetry.switch_off()


class Scripted:
    """Gives the scripted replies and failures in their order, then is EXHAUSTED; for tests."""

    id = "scripted"
    model = "scripted/1"
    quotes = False

    def __init__(self, replies: Sequence[str | DraftReply | ProviderFailure]) -> None:
        self._replies = iter(replies)
        self.tasks: list[DraftTask] = []

    def draft(self, task: DraftTask) -> DraftReply:
        """Return the next reply; what was asked is kept in ``tasks``.

        Raises:
            ProviderFailure: the script says so, or is at its end.
        """
        self.tasks.append(task)
        match next(self._replies, None):
            case None:
                raise ProviderFailure(Reason.EXHAUSTED, ())
            case ProviderFailure() as failure:
                raise failure
            case DraftReply() as reply:
                return reply
            case str() as answer:
                return DraftReply(answer=answer, provider=self.id, model=self.model)


def extractive(settings: Mapping[str, str]) -> Provider:  # noqa: ARG001  every maker takes the settings
    return Extractive()


def openai_compatible(settings: Mapping[str, str]) -> Provider:
    return OpenAICompatible(
        base_url=settings.get("OPENAI_BASE_URL") or OPENAI_URL,
        api_key=settings.get("OPENAI_API_KEY", ""),
        model=settings.get("OPENAI_MODEL", ""),
        timeout_s=float(settings.get("OPENAI_TIMEOUT") or 30),
        prices=Prices.parse(settings.get("OPENAI_PRICES", "")),
    )


MAKERS: Mapping[str, Callable[[Mapping[str, str]], Provider]] = {
    "extractive": extractive,
    "openai": openai_compatible,
}


def provider(settings: Mapping[str, str]) -> Provider:
    """Return the provider that the settings ask for.

    Args:
        settings: PROMETHEUS_PROVIDER (extractive or openai); for openai also OPENAI_MODEL, and where they differ from
            the default OPENAI_BASE_URL, OPENAI_API_KEY, OPENAI_TIMEOUT (seconds of one attempt, 30) and OPENAI_PRICES
            ("0.15/0.60": what a million tokens cost, in and out).

    Raises:
        ValueError: a setting is unknown or cannot be used; the message names it, the value unless it is a secret,
            and the cure.
    """
    name = settings.get("PROMETHEUS_PROVIDER") or "extractive"
    if name not in MAKERS:
        raise ValueError(f"PROMETHEUS_PROVIDER is {name!r}; use one of {', '.join(MAKERS)}")
    return MAKERS[name](settings)
