"""The reply check of some settings, loaded when it is first needed and honest about not being there yet.

The model takes seconds to load and a quarter of a gigabyte, so nothing loads it before somebody writes or sends.
A check that cannot be loaded says so every time and is tried again at the next: doubt means a person.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from classifiers.types import Finding, ModelUnavailable
from monitor.config import Settings
from monitor.mention import Lane
from responders.compliance import PolicyBroken
from responders.report import Checked, DraftChecker

FIRST_SECONDS: Final = 30.0
"""How long the very first check may take: detector and runtime fill their tables then. It belongs to the load."""


class Readiness(StrEnum):
    """How far the check is."""

    COLD = "cold"
    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


@dataclass(slots=True)
class LazyChecker:
    """A `DraftChecker` that loads the real one when it is first needed, or before, with `warm`."""

    load: Callable[[], DraftChecker]
    readiness: Readiness = Readiness.COLD
    _checker: DraftChecker | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def warm(self) -> None:
        """Begin to load in the background; does nothing when that has begun already."""
        if self.readiness is Readiness.COLD:
            self.readiness = Readiness.LOADING
            threading.Thread(target=self._warm, name="reply-check", daemon=True).start()

    def check(
        self,
        draft: str,
        *,
        mention: str | None = None,
        lang: str | None = None,
        platform: str | None = None,
        lane: Lane = Lane.FLOW,
        followers: int | None = None,
        besides: Sequence[Finding] = (),
    ) -> Checked:
        """Judge a draft, waiting for the load as long as it takes; raises ModelUnavailable."""
        checker = self._loaded()
        return checker.check(
            draft,
            mention=mention,
            lang=lang,
            platform=platform,
            lane=lane,
            followers=followers,
            besides=besides,
        )

    def _warm(self) -> None:
        with suppress(ModelUnavailable):  # whoever checks next is told why
            self._loaded()

    def _loaded(self) -> DraftChecker:
        with self._lock:
            if self._checker is None:
                try:
                    self._checker = self.load()
                except Exception as fault:
                    self.readiness = Readiness.FAILED
                    if isinstance(fault, ModelUnavailable):
                        raise
                    # Whatever stops the check, a person decides; a page still opens.
                    msg = f"the reply check cannot be loaded ({type(fault).__name__}: {fault})"
                    raise ModelUnavailable(msg) from fault
                self.readiness = Readiness.READY
            return self._checker


def checker_of(settings: Settings) -> LazyChecker:
    """The check under these settings, not loaded yet."""
    return LazyChecker(load=lambda: load_checker(settings))


def load_checker(settings: Settings) -> DraftChecker:
    """The check under these settings, slow; raises ModelUnavailable, also for a policy that cannot be used."""
    # Imported when it is needed: numpy, the tokenizer and the runtime would delay the first page by seconds.
    from responders.check import ReplyChecker  # noqa: PLC0415 - see above

    try:
        checker = ReplyChecker.load(
            policy=settings.replies.policy, allowed_domains=settings.allowed_domains, model=settings.model.folder
        )
    except PolicyBroken as error:
        raise ModelUnavailable(str(error)) from error
    replace(checker, seconds=FIRST_SECONDS).check("Thank you, we are looking into it.", mention="Where is my parcel?")
    return checker
