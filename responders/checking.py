"""The reply check of some settings, loaded when it is first needed. One that cannot be loaded says so, every time."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from classifiers.types import ModelUnavailable
from monitor.config import Settings
from monitor.mention import Lane
from responders.check import ReplyChecker
from responders.compliance import PolicyBroken
from responders.report import Checked, DraftChecker


@dataclass(slots=True)
class LoadedOnce:
    """A `DraftChecker` that loads the real one at its first use, and tries again while that fails."""

    load: Callable[[], DraftChecker]
    _checker: DraftChecker | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(
        self,
        draft: str,
        *,
        mention: str | None = None,
        lang: str | None = None,
        platform: str | None = None,
        lane: Lane = Lane.FLOW,
    ) -> Checked:
        """Judge a draft; raises ModelUnavailable."""
        with self._lock:
            if self._checker is None:
                self._checker = self.load()
            checker = self._checker
        return checker.check(draft, mention=mention, lang=lang, platform=platform, lane=lane)


def checker_of(settings: Settings) -> DraftChecker:
    """The check under these settings, not loaded yet."""
    return LoadedOnce(load=lambda: load_checker(settings))


def load_checker(settings: Settings) -> ReplyChecker:
    """The check under these settings; raises ModelUnavailable, also for a policy that cannot be used."""
    try:
        return ReplyChecker.load(
            policy=settings.replies.policy, allowed_domains=settings.allowed_domains, model=settings.model.folder
        )
    except PolicyBroken as error:
        raise ModelUnavailable(str(error)) from error
