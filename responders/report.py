"""One check of one draft as the report that is stored with it. Knows no particular check."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from classifiers.types import Finding, ModelUnavailable
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


class DraftChecker(Protocol):
    """Whatever can judge a draft; `responders.check.ReplyChecker` does."""

    def check(
        self, draft: str, *, mention: str | None = None, lang: str | None = None, platform: str | None = None
    ) -> Checked:
        """Judge a draft as an answer to `mention`; raises ModelUnavailable."""


class CheckUnavailable(ReplyFault):
    """The reply check could not run. The draft is kept; nothing counts as safe because nobody looked."""


def check_reply(checker: DraftChecker, text: str, target: ReplyTarget, at: datetime) -> CheckReport:
    """Judge a text as an answer to a post; raises CheckUnavailable. Slow: never inside a unit of work."""
    try:
        checked = checker.check(text, mention=target.words, lang=target.lang, platform=target.platform)
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
    )
