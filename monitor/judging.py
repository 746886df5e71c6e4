"""Judge a batch of mentions whatever happens: a text that the model fails on costs only itself, a model that cannot
be used costs nobody anything but time.
"""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

import structlog

from classifiers.types import (
    UNKNOWN_LANGUAGE,
    Assessment,
    Intent,
    Judgement,
    Language,
    ModelUnavailable,
    Sentiment,
    Toxicity,
    Urgency,
)
from monitor.storage.mentions import StoredMention

MODEL_REST: Final = timedelta(seconds=60)
"""How long a model that cannot be used is left alone; loading it is not cheap."""
UNREADABLE: Final = "none"
"""The model's name on a mention that no model could judge."""
PROBE: Final = "Hello"

log: Final = structlog.get_logger("monitor")


class Assess(Protocol):
    """What judges texts: as many assessments as texts, in order. Raises ModelUnavailable."""

    def __call__(self, texts: Sequence[str]) -> Sequence[Assessment]:
        """Judge a batch."""
        ...


@dataclass(slots=True, kw_only=True)
class Judging:
    """A model and how it fares; `now` tells the time (aware, UTC)."""

    assess: Assess
    now: Callable[[], datetime]
    fault: str | None = field(default=None, init=False)
    _rests_until: datetime | None = field(default=None, init=False)
    _warm: bool = field(default=False, init=False)

    @property
    def resting(self) -> bool:
        """Whether the model could not be used a moment ago and is left alone."""
        return self._rests_until is not None and self.now() < self._rests_until

    def warm(self) -> None:
        """Load the model before the first mention needs it; once."""
        if not self._warm and not self.resting:
            self.judge([])
            self._warm = self.fault is None

    def judge(self, waiting: Sequence[StoredMention]) -> list[tuple[StoredMention, Assessment]]:
        """An assessment for each mention, or an empty list when the model cannot be used, which is said once.

        A text that the model fails on gets `unreadable()`, so that a person reads it and the others go on.
        """
        try:
            judged = self._together(waiting) if waiting else self._probe()
        except ModelUnavailable as error:
            if str(error) != self.fault:
                log.warning("model.unavailable", reason=str(error), effect="mentions wait to be judged")
            self.fault = str(error)
            self._rests_until = self.now() + MODEL_REST
            return []
        if self.fault is not None:
            log.info("model.available")
        self.fault = self._rests_until = None
        return judged

    def _together(self, waiting: Sequence[StoredMention]) -> list[tuple[StoredMention, Assessment]]:
        """Judge together; where that fails, by halves, down to the one text that is to blame."""
        try:
            found = self.assess([mention.clean_text for mention in waiting])
            return list(zip(waiting, found, strict=True))
        except ModelUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a text does to the model costs only that text
            if len(waiting) == 1:
                self._probe()
                log.warning("mention.unreadable", mention=waiting[0].id, error=type(error).__name__, at=place_of(error))
                return [(waiting[0], unreadable())]
        half = len(waiting) // 2
        return self._together(waiting[:half]) + self._together(waiting[half:])

    def _probe(self) -> list[tuple[StoredMention, Assessment]]:
        """Raise ModelUnavailable when the model fails on a harmless text: then no mention is to blame."""
        try:
            self.assess([PROBE])
        except ModelUnavailable:
            raise
        except Exception as error:
            raise ModelUnavailable(f"the model fails on every text ({type(error).__name__})") from error
        return []


def outside_unavailable(reason: str) -> None:
    """Say that a model of the hub cannot be used; no mention waits for it."""
    log.warning("model.outside-unavailable", reason=reason, effect="our own head answers and is never sure")


def unreadable() -> Assessment:
    """The judgement of a text that no model could judge: not sure of anything, so that a person looks."""
    return Assessment(
        lang=Language(label=UNKNOWN_LANGUAGE, score=0.0),
        sentiment=Judgement(label=Sentiment.NEUTRAL, score=0.0, sure=False),
        toxicity=Judgement(label=Toxicity.CLEAN, score=0.0, sure=False),
        intent=Judgement(label=Intent.OTHER, score=0.0, sure=False),
        urgency=Urgency(urgent=False, score=0.0, reason=None, sure=False),
        model=UNREADABLE,
        revision="",
    )


def place_of(error: BaseException) -> str:
    """Where an error was raised, `file:line`; its words are left out, because they may quote a text or a secret."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
