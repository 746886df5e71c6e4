"""The reply check of this process: loaded once, in the background, and honest about not being there yet.

The model takes seconds to load and half a gigabyte, so nothing loads it before somebody is about to write.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from classifiers.types import ModelUnavailable
from monitor.config import Settings
from monitor.mention import Lane
from responders.report import Checked, DraftChecker


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
    reason: str = ""
    _checker: DraftChecker | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def warm(self) -> None:
        """Begin to load in the background; does nothing when that has begun already."""
        if self.readiness is Readiness.COLD:
            self.readiness = Readiness.LOADING
            threading.Thread(target=self._loaded, name="reply-check", daemon=True).start()

    def check(
        self,
        draft: str,
        *,
        mention: str | None = None,
        lang: str | None = None,
        platform: str | None = None,
        lane: Lane = Lane.FLOW,
    ) -> Checked:
        """Judge a draft, waiting for the load; raises ModelUnavailable."""
        checker = self._loaded()
        if checker is None:
            raise ModelUnavailable(self.reason)
        return checker.check(draft, mention=mention, lang=lang, platform=platform, lane=lane)

    def _loaded(self) -> DraftChecker | None:
        with self._lock:
            if self._checker is None and self.readiness is not Readiness.FAILED:
                self.readiness = Readiness.LOADING
                try:
                    self._checker = self.load()
                    self.readiness = Readiness.READY
                except ModelUnavailable as fault:
                    self.reason = str(fault)
                    self.readiness = Readiness.FAILED
                except Exception as fault:  # noqa: BLE001 - whatever stops the check, a person decides; a page still opens
                    self.reason = f"{type(fault).__name__}: {fault}"
                    self.readiness = Readiness.FAILED
            return self._checker


def load_checker(settings: Settings) -> DraftChecker:
    """The real check under these settings, slow; raises ModelUnavailable or PolicyBroken."""
    # Imported when it is needed: numpy, the tokenizer and the runtime would delay the first page by seconds.
    from responders.check import ReplyChecker  # noqa: PLC0415 - see above

    return ReplyChecker.load(
        policy=settings.replies.policy, allowed_domains=settings.allowed_domains, model=settings.model.folder
    )
