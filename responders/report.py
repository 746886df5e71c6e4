"""One check of one draft as the report that is stored with it. Knows no particular check."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from classifiers.types import Finding, ModelUnavailable
from monitor.mention import Lane
from responders.reply import CheckReport, ReplyFault, ReplyTarget, Verdict


class Checked(Protocol):
    """What a check says of a draft: see `responders check` in docs/reply-check.md."""

    @property
    def verdict(self) -> str:
        """`pass`, `review` or `block`."""

    @property
    def risk(self) -> float:
        """In 0…1."""

    @property
    def findings(self) -> Sequence[Finding]:
        """What is risky, and where."""

    @property
    def policy(self) -> str:
        """The version of the policy that decided."""

    @property
    def model(self) -> str:
        """The model that judged."""

    @property
    def revision(self) -> str:
        """Its revision."""

    @property
    def hold_seconds(self) -> int:
        """How long an approved reply waits before it goes out."""

    @property
    def approvals_needed(self) -> int:
        """How many people must say yes."""

    @property
    def notes(self) -> Sequence[str]:
        """What stands in no finding, one sentence each: an incomplete check, a text that is too long."""


class DraftChecker(Protocol):
    """Whatever can judge a draft; `responders.check.ReplyChecker` does."""

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
        """Judge a draft as an answer to `mention`, whose author has so many followers; raises ModelUnavailable.

        `besides` are findings that only somebody who knows our other replies can make; the policy weighs them too.
        """


class CheckUnavailable(ReplyFault):
    """The reply check could not run. The draft is kept; nothing counts as safe because nobody looked."""


def check_reply(
    checker: DraftChecker,
    text: str,
    target: ReplyTarget,
    at: datetime,
    *,
    lane: Lane | None = None,
    besides: Sequence[Finding] = (),
) -> CheckReport:
    """Judge a text as an answer to a post; raises CheckUnavailable. Slow: never inside a unit of work.

    `lane` None is the lane of the mention; `besides` are findings to weigh with those of the check.
    """
    try:
        checked = checker.check(
            text,
            mention=target.words,
            lang=target.lang,
            platform=target.platform,
            lane=lane or target.lane or Lane.PERSONAL,
            followers=target.followers,
            besides=besides,
        )
    except ModelUnavailable as error:
        msg = f"the reply check cannot run ({error}); the draft is kept, submit it again when the check is back"
        raise CheckUnavailable(msg) from error
    return CheckReport(
        verdict=Verdict(str(checked.verdict)),
        risk=checked.risk,
        findings=tuple(checked.findings),
        policy=checked.policy,
        model=checked.model,
        revision=checked.revision,
        checked_at=at,
        hold_seconds=checked.hold_seconds,
        approvals_needed=max(1, checked.approvals_needed),
        notes=tuple(checked.notes),
    )


def as_row(row_id: object, checked: Checked) -> dict[str, object]:
    """A checked draft as the command and the API print it."""
    return {
        "id": row_id,
        "verdict": str(checked.verdict),
        "risk": checked.risk,
        "findings": [
            {
                "category": finding.category.value,
                "severity": finding.severity.value,
                "start": finding.start,
                "end": finding.end,
                "text": finding.text,
                "rule": finding.rule,
                "score": finding.score,
                "why": finding.why,
                "suggestion": finding.suggestion,
            }
            for finding in checked.findings
        ],
        "policy": checked.policy,
        "model": checked.model,
        "revision": checked.revision,
        "notes": list(checked.notes),
        "hold_seconds": checked.hold_seconds,
        "approvals_needed": checked.approvals_needed,
    }
