"""The reply check for programs that wait: an answer within a time, and never "pass" when there was none."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

import structlog

from classifiers.types import ModelUnavailable
from responders.api_metrics import Metrics
from responders.api_shapes import Draft
from responders.reply import Verdict
from responders.report import Checked, DraftChecker, as_row

SECONDS: Final = 2.0
"""The longest that one draft waits for its verdict."""
AT_ONCE: Final = 2
log: Final = structlog.get_logger("responders")


class TooSlow(Exception):
    """There was no verdict in time."""


@dataclass(slots=True, kw_only=True)
class TimelyCheck:
    """Asks a checker and waits no longer than `seconds` for each draft.

    A check cannot be broken off, so one that is late goes on in its thread and keeps its place: with `AT_ONCE` of
    them hanging, nobody else starts one, and every answer is "review".
    """

    checker: DraftChecker
    metrics: Metrics
    seconds: float = SECONDS
    clock: Callable[[], float] = time.monotonic
    _places: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(AT_ONCE))

    def rows(self, drafts: Sequence[Draft]) -> list[dict[str, object]]:
        """An answer for each draft, in order. After one that was too slow, the rest is not waited for."""
        answers = []
        slow = False
        for draft in drafts:
            began = self.clock()
            note = ""
            checked: Checked | None = None
            if slow:
                note = "the check is too slow at the moment"
            else:
                try:
                    checked = self._checked(draft)
                except TooSlow:
                    slow = True
                    note = f"the check took longer than {self.seconds:g} seconds"
                except ModelUnavailable as error:
                    note = f"the check cannot run ({error})"
                except Exception as error:  # noqa: BLE001 - whatever stops the check, a person decides
                    log.warning("api.check-defect", error=type(error).__name__)
                    note = f"the check failed ({type(error).__name__})"
            row = _undecided(draft, note) if checked is None else as_row(draft.id, checked)
            self.metrics.checked(str(row["verdict"]), self.clock() - began, decided=checked is not None)
            answers.append(row)
        return answers

    def _checked(self, draft: Draft) -> Checked:
        deadline = time.monotonic() + self.seconds
        if not self._places.acquire(timeout=self.seconds):
            raise TooSlow
        future: Future[Checked] = Future()

        def work() -> None:
            try:
                future.set_result(
                    self.checker.check(
                        draft.draft,
                        mention=draft.mention,
                        lang=draft.lang,
                        platform=draft.platform,
                        followers=draft.followers,
                    )
                )
            except Exception as error:  # noqa: BLE001 - handed to whoever waits
                future.set_exception(error)
            finally:
                self._places.release()

        try:
            # A daemon: one that hangs must not keep the process from ending.
            threading.Thread(target=work, name="api-check", daemon=True).start()
        except RuntimeError:
            self._places.release()
            raise
        try:
            return future.result(timeout=max(0.0, deadline - time.monotonic()))
        except TimeoutError as error:
            if future.done():
                raise  # the check's own
            raise TooSlow from error


def _undecided(draft: Draft, note: str) -> dict[str, object]:
    """The answer that stands for none: a person is needed, and the risk counts as the highest."""
    return {
        "id": draft.id,
        "verdict": Verdict.REVIEW.value,
        "risk": 1.0,
        "findings": [],
        "policy": "",
        "model": "",
        "revision": "",
        "notes": [f"{note}; a person must read this draft before it is sent"],
        "hold_seconds": 0,
        "approvals_needed": 1,
    }
