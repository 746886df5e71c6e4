"""From a draft to an approval: open, save, submit, edit, approve, send back, reject.

Every decision takes who decides and when, opens one writing unit, believes only what is in it, and writes its audit
entry there. An approval holds for exactly one text, under one policy, as an answer to one state of the mention.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitor.mention import Handling, Lane, MentionId
from monitor.storage.audit import AuditLog, JsonValue
from monitor.storage.session import Database
from responders import store
from responders.accounts import Account, Permission, may, require
from responders.reply import (
    AlreadyAnswered,
    Approval,
    Blocked,
    CheckReport,
    Draft,
    FourEyes,
    IllegalMove,
    ReplyId,
    ReplyState,
    ReplyTarget,
    Unusable,
    Verdict,
    advance,
    rewritten,
    storable,
    text_hash,
)
from responders.report import DraftChecker, check_reply
from responders.sameness import sameness
from responders.store import NewReply, Unit
from responders.templates import TemplateBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """The decisions about replies, over one database, one audit log and one reply check.

    `templates` are those that replies are begun with: their words are known again in a draft.

    Every method raises NotAllowed when `by` may not do it *now*, StaleDraft when the reply is no longer at `version`,
    IllegalMove when its state does not allow the step, and other ReplyFaults; nothing is changed then.
    """

    database: Database
    audit: AuditLog
    checker: DraftChecker
    templates: TemplateBook = field(default_factory=TemplateBook)

    def open_draft(
        self,
        mention_id: MentionId,
        *,
        by: Account,
        now: datetime,
        door: str,
        lane: Lane | None = None,
        text: str = "",
        template: str | None = None,
    ) -> Draft:
        """The draft that `by` has open for this mention, or a new one; one a person and mention.

        Raises AlreadyAnswered when a reply is out or may be out, UnknownReply when there is no such mention.
        """
        with self.database.write() as unit:
            actor = require(unit, by, Permission.DRAFT)
            target = store.lock_mention(unit, mention_id)
            _refuse_second_answer(unit, mention_id)
            existing = store.open_reply(unit, mention_id, actor.name)
            if existing is not None:
                return existing
            new = NewReply(
                author=actor.name,
                lane=lane or target.lane or Lane.PERSONAL,
                door=door,
                text=storable(text),
                template=template,
            )
            draft = store.add(unit, target, new, now)
            self._note(unit, now, actor, "reply.opened", draft, {"mention": mention_id, "template": template})
            return draft

    def save_draft(self, reply_id: ReplyId, text: str, *, by: Account, now: datetime, version: int) -> Draft:
        """Keep the words as they are typed: the next version, or the same one where nothing changed.

        Raises StaleDraft, holding the unsaved words, when the stored draft is no longer at `version`, and IllegalMove
        when it was submitted meanwhile: `edit` takes it back on purpose.
        """
        with self.database.write() as unit:
            actor = require(unit, by, Permission.DRAFT)
            draft = store.draft_of(unit, reply_id)
            if draft.text == text:
                return draft
            if draft.version != version:
                raise store.stale(draft, text)
            if draft.state is not ReplyState.DRAFT:
                msg = f"reply {reply_id} was submitted meanwhile; take it back to change its words"
                raise IllegalMove(msg)
            after = rewritten(draft, text, at=now)
            store.put(unit, draft, after, by=actor.name)
            return after

    def edit(self, reply_id: ReplyId, text: str, *, by: Account, now: datetime, version: int) -> Draft:
        """Other words for a reply in review or approved: it is a draft again and every approval is void."""
        with self.database.write() as unit:
            actor = require(unit, by, Permission.DRAFT)
            draft = store.draft_of(unit, reply_id)
            if draft.version != version:
                raise store.stale(draft, text)
            after = rewritten(draft, text, at=now)
            store.put(unit, draft, after, by=actor.name)
            voided = store.void_approvals(unit, reply_id, at=now, why=f"edited by {actor.name}")
            self._note(unit, now, actor, "reply.edited", after, {"from": draft.state.value, "voided": voided})
            return after

    def route(
        self,
        reply_id: ReplyId,
        *,
        by: Account,
        now: datetime,
        version: int,
        lane: Lane | None = None,
        door: str | None = None,
    ) -> Draft:
        """Another lane or another door for a draft; None leaves it."""
        with self.database.write() as unit:
            actor = require(unit, by, Permission.DRAFT)
            draft = _at_version(unit, reply_id, version)
            if draft.state is not ReplyState.DRAFT:
                msg = f"reply {reply_id} is not a draft any more; withdraw it to change its lane or door"
                raise IllegalMove(msg)
            after = replace(draft, lane=lane or draft.lane, door=door or draft.door, updated_at=now)
            store.put(unit, draft, after, by=actor.name)
            self._note(unit, now, actor, "reply.routed", after, {"lane": after.lane.value, "door": after.door})
            return after

    def submit(self, reply_id: ReplyId, *, by: Account, now: datetime, version: int) -> Draft:
        """Check the words and hand them to review; the report is stored with them.

        Raises CheckUnavailable when the check cannot run, Unusable for an empty reply.
        """
        with self.database.read() as unit:
            require(unit, by, Permission.DRAFT)
            seen = _at_version(unit, reply_id, version)
            target = store.target_of(unit, seen.mention_id)
            spoken = store.last_sent(unit, target.brand)
        if not seen.text.strip():
            msg = f"reply {reply_id} is empty; write something first"
            raise Unusable(msg)
        advance(seen, ReplyState.IN_REVIEW, at=now)  # refused before the model runs, not after
        repeats = sameness(seen.text, target, lane=seen.lane, spoken=spoken, book=self.templates)
        report = check_reply(self.checker, seen.text, target, now, lane=seen.lane, besides=repeats)
        with self.database.write() as unit:
            actor = require(unit, by, Permission.DRAFT)
            draft = _at_version(unit, reply_id, version)
            current = store.lock_mention(unit, draft.mention_id)
            _refuse_second_answer(unit, draft.mention_id)
            if current.text_hash != target.text_hash or current.gone_at is not None:
                raise _post_changed(current)
            moved = advance(draft, ReplyState.IN_REVIEW, at=now)
            after = replace(moved, report=report, mention_hash=current.text_hash)
            store.put(unit, draft, after, by=actor.name)
            details: dict[str, JsonValue] = {
                "verdict": report.verdict.value,
                "risk": round(report.risk, 4),
                "findings": sorted({finding.rule for finding in report.findings}),
                "policy": report.policy,
                "model": report.model,
                "revision": report.revision,
                "mention_hash": after.mention_hash,
            }
            self._note(unit, now, actor, "reply.submitted", after, details)
            return after

    def approve(
        self,
        reply_id: ReplyId,
        *,
        by: Account,
        now: datetime,
        version: int,
        override_reason: str | None = None,
        hold_until: datetime | None = None,
    ) -> Draft:
        """Say yes to exactly the words of `version`; with the last yes that the policy asks for it is approved.

        The publisher may send it when the policy's hold has passed, and not before `hold_until`. Raises FourEyes when
        `by` wrote any of it or has said yes already, Blocked when the check says `block` and no administrator gives a
        reason, IllegalMove when the post changed since the reply was submitted, AlreadyAnswered.
        """
        with self.database.write() as unit:
            actor = require(unit, by, Permission.REVIEW)
            draft = _at_version(unit, reply_id, version)
            _require_in_review(draft)
            target = store.lock_mention(unit, draft.mention_id)
            _refuse_second_answer(unit, draft.mention_id)
            _require_as_it_was(draft, target)
            report = _report(draft)
            standing = store.standing_approvals(unit, reply_id)
            _four_eyes(actor, draft, store.writers(unit, reply_id), standing)
            reason = _override(actor, draft, override_reason, standing)
            store.add_approval(unit, draft, by=actor.name, at=now, policy=report.policy, reason=reason)
            whole = len(standing) + 1 >= report.approvals_needed
            after = _approved(draft, report, now, hold_until) if whole else replace(draft, updated_at=now)
            store.put(unit, draft, after, by=actor.name)
            details: dict[str, JsonValue] = {
                "verdict": report.verdict.value,
                "policy": report.policy,
                "mention_hash": after.mention_hash,
                "approvals": [len(standing) + 1, report.approvals_needed],
                "overridden": reason is not None,
                "reason_hash": None if reason is None else text_hash(reason),
                "hold_until": None if after.hold_until is None else after.hold_until.isoformat(),
            }
            self._note(unit, now, actor, "reply.approved", after, details)
            return after

    def send_back(self, reply_id: ReplyId, note: str, *, by: Account, now: datetime, version: int) -> Draft:
        """Ask for other words: a draft again, with a note that says why."""
        return self._decide(reply_id, ReplyState.DRAFT, note, "reply.sent-back", by=by, now=now, version=version)

    def reject(self, reply_id: ReplyId, note: str, *, by: Account, now: datetime, version: int) -> Draft:
        """Say no for good, with a note that says why."""
        return self._decide(reply_id, ReplyState.REJECTED, note, "reply.rejected", by=by, now=now, version=version)

    def withdraw(self, reply_id: ReplyId, *, by: Account, now: datetime, version: int) -> Draft:
        """Take a reply back before it is sent, whatever was decided: a draft again, approvals void."""
        with self.database.write() as unit:
            actor = require(unit, by, Permission.DRAFT)
            draft = _at_version(unit, reply_id, version)
            after = replace(advance(draft, ReplyState.DRAFT, at=now), hold_until=None)
            store.put(unit, draft, after, by=actor.name)
            voided = store.void_approvals(unit, reply_id, at=now, why=f"withdrawn by {actor.name}")
            self._note(unit, now, actor, "reply.withdrawn", after, {"from": draft.state.value, "voided": voided})
            return after

    def _decide(
        self, reply_id: ReplyId, to: ReplyState, note: str, action: str, *, by: Account, now: datetime, version: int
    ) -> Draft:
        words = note.strip()
        if not words:
            msg = "say why in the note: the author will read it"
            raise Unusable(msg)
        with self.database.write() as unit:
            actor = require(unit, by, Permission.REVIEW)
            draft = _at_version(unit, reply_id, version)
            _require_in_review(draft)
            after = advance(draft, to, at=now, note=f"{actor.name}: {storable(words)}")
            store.put(unit, draft, after, by=actor.name)
            store.void_approvals(unit, reply_id, at=now, why=f"{to.value} by {actor.name}")
            self._note(unit, now, actor, action, after, {"note_hash": text_hash(words)})
            return after

    def _note(
        self, unit: Unit, at: datetime, actor: Account, action: str, draft: Draft, details: Mapping[str, JsonValue]
    ) -> None:
        whole: dict[str, JsonValue] = {"version": draft.version, "text_hash": draft.text_hash, **details}
        self.audit.append(unit, at=at, actor=actor.name, action=action, subject=f"reply:{draft.id}", details=whole)


def _at_version(unit: Unit, reply_id: ReplyId, version: int) -> Draft:
    draft = store.draft_of(unit, reply_id)
    if draft.version != version:
        raise store.stale(draft)
    return draft


def _require_in_review(draft: Draft) -> None:
    # The table alone would let an uncertain reply become approved here: that is `posting.settle`'s to decide.
    if draft.state is not ReplyState.IN_REVIEW:
        msg = f"reply {draft.id} is not in review any more; look at it again"
        raise IllegalMove(msg)


def _refuse_second_answer(unit: Unit, mention_id: MentionId) -> None:
    if store.is_answered(unit, mention_id):
        msg = f"mention {mention_id} already has a reply that is out or may be out; a second one is not sent"
        raise AlreadyAnswered(msg)


def _post_changed(target: ReplyTarget) -> IllegalMove:
    what = "is gone from the platform" if target.gone_at is not None else "was edited after this reply was written"
    return IllegalMove(f"the post {what}; read it again, then submit or reject the reply")


def _require_as_it_was(draft: Draft, target: ReplyTarget) -> None:
    if target.text_hash != draft.mention_hash or target.gone_at is not None:
        raise _post_changed(target)
    if target.handling is not Handling.OPEN:
        msg = f"the mention is {target.handling.value} already; open it again before a reply is approved"
        raise IllegalMove(msg)


def _four_eyes(actor: Account, draft: Draft, writers: Collection[str], standing: Sequence[Approval]) -> None:
    if actor.name in writers:
        msg = f"{actor.name} wrote part of reply {draft.id}; somebody else must approve it"
        raise FourEyes(msg)
    if any(approval.by == actor.name for approval in standing):
        msg = f"{actor.name} has approved reply {draft.id} already; it needs somebody else's yes too"
        raise FourEyes(msg)


def _approved(draft: Draft, report: CheckReport, now: datetime, hold_until: datetime | None) -> Draft:
    by_policy = now + timedelta(seconds=report.hold_seconds) if report.hold_seconds else None
    until = max((moment for moment in (by_policy, hold_until) if moment is not None), default=None)
    return replace(advance(draft, ReplyState.APPROVED, at=now), hold_until=until)


def _report(draft: Draft) -> CheckReport:
    if draft.report is None:
        msg = f"reply {draft.id} was never checked; submit it again"
        raise Unusable(msg)
    return draft.report


def _override(actor: Account, draft: Draft, reason: str | None, standing: Sequence[Approval]) -> str | None:
    """The reason to keep with the approval of a blocked reply; None where nothing is overridden.

    Where more than one yes is needed, an administrator's comes first, with the reason for the others to read.
    """
    if _report(draft).verdict is not Verdict.BLOCK:
        return None
    words = (reason or "").strip()
    if any(approval.reason for approval in standing):
        return storable(words) if words and may(actor, Permission.OVERRIDE) else None
    if not may(actor, Permission.OVERRIDE):
        msg = f"the check blocks reply {draft.id}; send it back, or ask an administrator to override it with a reason"
        raise Blocked(msg)
    if not words:
        msg = f"the check blocks reply {draft.id}; give a reason to override it"
        raise Blocked(msg)
    return storable(words)
