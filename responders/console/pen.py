"""One person's reply to one mention as it is being written: what is saved, what was checked, what stands in the way.

Kept in the session beside the page, so that a rerun neither loses a word nor checks the same words twice. The database
holds the truth: whatever is here can be lost with the browser.
"""

from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from monitor.errors import EdgeError
from monitor.mention import Lane, MentionId
from monitor.storage.stored import StoredMention
from responders import store
from responders.accounts import Account, AccountFault
from responders.console.context import Console
from responders.drafting import choose_door
from responders.reply import CheckReport, Draft, ReplyFault, ReplyState, StaleDraft
from responders.report import CheckUnavailable, check_reply
from responders.sameness import sameness


@dataclass(slots=True)
class Pen:
    """What is known of the words on the desk; `nonce` changes when they are replaced from outside the text area."""

    mention: MentionId
    nonce: int = 0
    draft: Draft | None = None
    saved: str = ""
    saved_at: datetime | None = None
    lane: Lane | None = None
    door: str | None = None
    template: str | None = None
    conflict: StaleDraft | None = None
    fault: Exception | None = None
    checked: tuple[str, Lane | None] | None = None
    report: CheckReport | None = None
    unavailable: str | None = None

    def adopt(self, draft: Draft | None) -> None:
        """Go on with what the database holds; the text area takes its words."""
        self.nonce += 1
        self.draft = draft
        self.saved = draft.text if draft else ""
        self.saved_at = draft.updated_at if draft else None
        self.conflict = self.fault = None
        if draft is not None and draft.report is not None:
            self.checked, self.report, self.unavailable = (draft.text, draft.lane), draft.report, None


def pen_for(mention: MentionId, account: str) -> Pen:
    """The session's pen for this mention."""
    kept: Pen = st.session_state.setdefault(f"pen-{account}-{mention}", Pen(mention=mention))
    return kept


def look_up(console: Console, pen: Pen, account: str) -> None:
    """Take over what the database has for this person and mention, unless words of theirs are still unsaved."""
    with console.database.read() as unit:
        stored = store.open_reply(unit, pen.mention, account)
    if pen.conflict is not None:
        return
    if stored is None:
        if pen.draft is not None:
            pen.adopt(None)
        return
    known = pen.draft
    if known is None or known.id != stored.id or known.version != stored.version:
        pen.adopt(stored)
    elif known.state is not stored.state:
        pen.draft = stored


def save(console: Console, pen: Pen, words: str, *, by: Account, mention: StoredMention, now: datetime) -> None:
    """Keep the words, as a new draft where there is none; what stands in the way is left on the pen."""
    pen.fault = None
    try:
        if pen.draft is None:
            if not words.strip():
                return
            door = pen.door or usual_door(console, mention)
            opened = console.review.open_draft(
                pen.mention, by=by, now=now, door=door, lane=pen.lane or mention.lane, text=words, template=pen.template
            )
            if opened.text.strip() and opened.text != words:
                # Another tab of the same person was first.
                raise store.stale(opened, words)
            pen.draft = opened
        if pen.draft.text != words:
            pen.draft = console.review.save_draft(pen.draft.id, words, by=by, now=now, version=pen.draft.version)
    except StaleDraft as conflict:
        pen.conflict = conflict
    except (ReplyFault, AccountFault, EdgeError) as fault:
        pen.fault = fault
    else:
        pen.saved, pen.saved_at, pen.conflict = words, now, None


def keep_mine(console: Console, pen: Pen, *, by: Account, now: datetime) -> None:
    """Save the words that were refused as the newest version after all; the other ones stay an earlier version."""
    conflict = pen.conflict
    if conflict is None or conflict.unsaved is None:
        return
    try:
        current = conflict.current
        saved = console.review.save_draft(current.id, conflict.unsaved, by=by, now=now, version=current.version)
    except StaleDraft as newer:
        pen.conflict = newer
    except (ReplyFault, AccountFault, EdgeError) as fault:
        pen.fault = fault
    else:
        pen.adopt(saved)


def replace_words(
    console: Console, pen: Pen, words: str, *, by: Account, mention: StoredMention, now: datetime
) -> None:
    """Put other words on the desk; the ones there stay an earlier version."""
    save(console, pen, words, by=by, mention=mention, now=now)
    if pen.conflict is None and pen.fault is None:
        pen.adopt(pen.draft)


def check(console: Console, pen: Pen, now: datetime) -> None:
    """Judge the saved words, once for each text; a check that cannot run leaves its reason."""
    lane = pen.draft.lane if pen.draft else pen.lane
    if pen.checked == (pen.saved, lane) or not pen.saved.strip():
        return
    with console.database.read() as unit:
        target = store.target_of(unit, pen.mention)
        spoken = store.last_sent(unit, target.brand)
    in_lane = lane or target.lane or Lane.PERSONAL
    repeats = sameness(pen.saved, target, lane=in_lane, spoken=spoken, book=console.templates)
    try:
        report = check_reply(console.checker, pen.saved, target, now, lane=lane, besides=repeats)
    except CheckUnavailable as fault:
        pen.checked, pen.report, pen.unavailable = (pen.saved, lane), None, str(fault)
    else:
        pen.checked, pen.report, pen.unavailable = (pen.saved, lane), report, None


def usual_door(console: Console, mention: StoredMention) -> str:
    """The door that answers posts of this platform."""
    return choose_door(mention.platform, console.settings.doors, console.settings.replies.default_door)


def is_locked(pen: Pen) -> bool:
    """Whether the words may not change without being taken back first."""
    return pen.draft is not None and pen.draft.state is not ReplyState.DRAFT
