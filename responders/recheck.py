"""The re-check before sending: what the database says, then what the check says. Nothing here changes a row."""

from dataclasses import dataclass
from datetime import UTC, datetime

from monitor.storage.session import Database
from responders import store
from responders.accounts import PERMISSIONS, Permission, Role
from responders.clearance import Facts, Given, Limits, Stop, Wait, check_clearance, clearance
from responders.reply import Draft
from responders.report import CheckUnavailable, DraftChecker, check_reply
from responders.sameness import sameness
from responders.store import Unit
from responders.templates import TemplateBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck:
    """Asks again, right before sending, whether an approved reply may go out."""

    database: Database
    checker: DraftChecker
    limits: Limits

    def closed(self, unit: Unit, now: datetime) -> bool:
        """Whether no reply at all may go out now: the kill switch is on, or the daily cap is reached."""
        return store.is_stopped(unit) is not None or store.sent_since(unit, _midnight(now)) >= self.limits.daily_cap

    def in_rows(self, unit: Unit, draft: Draft, now: datetime) -> Wait | Stop | None:
        """What the database says within one unit of work."""
        return clearance(gather(unit, draft, now), self.limits, now)

    def whole(self, draft: Draft, now: datetime) -> Wait | Stop | None:
        """What the database and the check say; slow, never inside a unit of work. A check that cannot run stops."""
        with self.database.read() as unit:
            facts = gather(unit, draft, now)
            spoken = store.last_sent(unit, facts.target.brand)
        found = clearance(facts, self.limits, now)
        if found is not None:
            return found
        try:
            # What went out since the approval counts; a template's words were weighed when the reply was submitted.
            repeats = sameness(draft.text, facts.target, lane=draft.lane, spoken=spoken, book=TemplateBook())
            fresh = check_reply(self.checker, draft.text, facts.target, now, lane=draft.lane, besides=repeats)
        except CheckUnavailable as error:
            return Stop(reason=str(error))
        return check_clearance(facts, fresh)


def gather(unit: Unit, draft: Draft, now: datetime) -> Facts:
    """Everything the database knows that may speak against sending."""
    given = tuple(
        Given(approval=approval, may=_may_approve(unit, approval.by, overriding=bool(approval.reason)))
        for approval in store.standing_approvals(unit, draft.id)
    )
    return Facts(
        draft=draft,
        target=store.target_of(unit, draft.mention_id),
        given=given,
        writers=store.writers(unit, draft.id),
        stopped=store.is_stopped(unit),
        sent_today=store.sent_since(unit, _midnight(now), besides=draft.id),
    )


def _may_approve(unit: Unit, name: str, *, overriding: bool) -> bool:
    role = store.role_of(unit, name)
    needed = Permission.OVERRIDE if overriding else Permission.REVIEW
    return role is not None and needed in PERMISSIONS[Role(role)]


def _midnight(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
