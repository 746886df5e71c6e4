"""May this approved reply go out now? Asked again right before sending, whatever was true at the approval. Pure.

Three answers: go; wait (nothing is wrong, only not now); stop (a person must look again). Any doubt is a stop.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.mention import Handling
from responders.reply import Approval, CheckReport, Draft, ParentState, ReplyTarget, Verdict, text_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Not now: the reply stays approved and is tried again by itself."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Not like this: the approval is void and a person decides again."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An approval, and whether who gave it is still active and still in the role that it needed."""

    approval: Approval
    may: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the database says in one snapshot.

    `stopped` is why the kill switch is on, or None. `sent_today` counts publications since midnight UTC that went out
    or may have, this one not included. `given` are the standing approvals. `writers` are all who wrote a text of the
    reply.
    """

    draft: Draft
    target: ReplyTarget
    given: tuple[Given, ...]
    writers: frozenset[str]
    stopped: str | None
    sent_today: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The user's limits: publications a UTC day, and how long an approval holds."""

    daily_cap: int
    approval_lifetime: timedelta


def clearance(facts: Facts, limits: Limits, now: datetime) -> Wait | Stop | None:
    """None when nothing in the database speaks against sending now."""
    return _wait(facts, limits, now) or _approval_stop(facts, limits, now) or _mention_stop(facts)


def check_clearance(facts: Facts, fresh: CheckReport) -> Stop | None:
    """None when today's check of the same words is no worse than what was approved, under the same policy."""
    report = facts.draft.report
    if report is None or not facts.given:
        return Stop(reason="this text was never checked and approved")
    approved_under = facts.given[0].approval.policy
    if fresh.policy != approved_under:
        return Stop(reason=f"it was approved under policy {approved_under}; now policy {fresh.policy} holds")
    unseen = [note for note in fresh.notes if note not in report.notes]
    if fresh.verdict.rank > report.verdict.rank:
        why = f" ({unseen[0]})" if unseen else ""
        return Stop(reason=f"the reply check now says {fresh.verdict}{why}; it was approved as {report.verdict}")
    if Verdict.BLOCK in (fresh.verdict, report.verdict) and not any(given.approval.reason for given in facts.given):
        return Stop(reason="the reply check blocks it, and no administrator has overridden that")
    if unseen:
        return Stop(reason=f"the reply check now says what nobody knew at the approval: {unseen[0]}")
    return _too_few(facts, fresh.approvals_needed)


def parent_clearance(state: ParentState) -> Stop | None:
    """None when the post is still there as it was."""
    match state:
        case ParentState.PRESENT:
            return None
        case ParentState.EDITED:
            return Stop(reason="the post was edited on the platform after this reply was written")
        case ParentState.GONE:
            return Stop(reason="the post is gone from the platform")
        case ParentState.UNKNOWN:
            return Stop(reason="the door cannot tell whether the post is still there as it was")


def _wait(facts: Facts, limits: Limits, now: datetime) -> Wait | None:
    if facts.stopped is not None:
        return Wait(reason=facts.stopped)
    if facts.draft.hold_until is not None and facts.draft.hold_until > now:
        return Wait(reason=f"it is held until {facts.draft.hold_until:%Y-%m-%d %H:%M} UTC")
    if facts.sent_today >= limits.daily_cap:
        return Wait(
            reason=f"the daily cap of {limits.daily_cap} is reached (replies.daily_cap); it resets at 00:00 UTC"
        )
    return None


def _approval_stop(facts: Facts, limits: Limits, now: datetime) -> Stop | None:
    draft = facts.draft
    if not facts.given:
        return Stop(reason="nobody has approved it")
    needed = draft.report.approvals_needed if draft.report is not None else 1
    singly = (_given_stop(given, facts, limits, now) for given in facts.given)
    return _too_few(facts, needed) or next((found for found in singly if found), None)


def _too_few(facts: Facts, needed: int) -> Stop | None:
    people = {given.approval.by for given in facts.given}
    return Stop(reason=f"{needed} people must approve it; {len(people)} have") if len(people) < needed else None


def _given_stop(given: Given, facts: Facts, limits: Limits, now: datetime) -> Stop | None:
    approval, draft = given.approval, facts.draft
    if approval.text_hash != draft.text_hash or text_hash(draft.text) != draft.text_hash:
        return Stop(reason="its words are not the ones that were approved")
    if draft.report is not None and approval.policy != draft.report.policy:
        return Stop(reason=f"it was approved under policy {approval.policy} and checked under {draft.report.policy}")
    if approval.by in facts.writers:
        return Stop(reason=f"{approval.by} approved words of their own")
    if not given.may:
        return Stop(reason=f"{approval.by}, who approved it, may no longer do so")
    if approval.at + limits.approval_lifetime <= now:
        hours = limits.approval_lifetime.total_seconds() / 3600
        return Stop(reason=f"the approval is older than {hours:g} hours")
    return None


def _mention_stop(facts: Facts) -> Stop | None:
    target = facts.target
    if target.gone_at is not None:
        return Stop(reason="the post is gone from the platform")
    if target.text_hash != facts.draft.mention_hash:
        return Stop(reason="the post was edited after this reply was submitted")
    if target.handling is not Handling.OPEN:
        return Stop(reason=f"the mention is {target.handling.value} already")
    return None
