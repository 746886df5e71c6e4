"""The reply check for programs that wait: an answer within a time, and never "pass" when there was none."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from classifiers.types import ModelUnavailable
from responders.api_metrics import Metrics
from responders.api_shapes import Draft
from responders.reply import Verdict
from responders.report import Checked, DraftChecker, as_row
from responders.timely import CHECK_SECONDS, Bounded, TooSlow

log: Final = structlog.get_logger("responders")


@dataclass(slots=True, kw_only=True)
class TimelyCheck:
    """Asks a checker and waits no longer than `seconds` for each draft, the load of the model included."""

    checker: DraftChecker
    metrics: Metrics
    seconds: float = CHECK_SECONDS
    clock: Callable[[], float] = time.monotonic
    bounded: Bounded = field(default_factory=Bounded)

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
        """The verdict on a draft; raises TooSlow, also while the model is still being loaded."""
        return self.bounded.run(
            lambda: self.checker.check(
                draft.draft,
                mention=draft.mention,
                lang=draft.lang,
                platform=draft.platform,
                followers=draft.followers,
            ),
            seconds=self.seconds,
        )


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
