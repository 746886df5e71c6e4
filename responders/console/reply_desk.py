"""Reply desk: on one side all that is known of the mention, on the other the reply, checked while it is typed."""

from typing import Final

import streamlit as st

from monitor.mention import Handling, MentionId
from monitor.priority import LANE_WORDS
from monitor.storage import stored
from monitor.storage.stored import StoredMention
from responders import store
from responders.accounts import Permission
from responders.console import conversation, mention_card, navigation, writing
from responders.console.context import Visit
from responders.console.notices import plain
from responders.console.rendering import inline
from responders.reply import Draft, Publication, PublicationState

DRY_RUN: Final = "dry_run"
_LANE_KEYS = {words: reason.value for reason, words in LANE_WORDS.items()}


def show(visit: Visit) -> None:
    """The page."""
    say = visit.words
    st.title(say("desk.title"), anchor=False)
    number = navigation.number("mention")
    if number is None:
        st.info(say("desk.choose"))
        _to_inbox(visit)
        return
    with visit.console.database.read() as unit:
        mention = stored.get(unit, MentionId(number))
        replies = store.replies_to(unit, MentionId(number))
        sent = [
            publication
            for reply in replies
            for publication in store.publications_of(unit, reply.id)
            if publication.state is PublicationState.SENT
        ]
    if mention is None:
        st.warning(say("desk.missing"))
        _to_inbox(visit)
        return
    visit.console.checker.warm()
    st.html(
        f'<div class="tf-row">{inline(mention.brand or "")} {mention_card.severity(visit, mention)} '
        f"{mention_card.due(visit, mention)}</div>"
    )
    known, ours = st.columns([5, 6], gap="medium")
    with ours:
        st.header(say("desk.text"), anchor=False)
        _reply_side(visit, mention, replies, sent)
    with known:
        conversation.show(visit, mention)


def lane_reason(visit: Visit, reason: str | None) -> str:
    """Why a mention took its lane, in the language of the interface where the reason is one of ours."""
    if reason is None:
        return visit.words("common.unknown")
    key = _LANE_KEYS.get(reason)
    return visit.words.name("lane-reason", key) if key else reason


def _reply_side(visit: Visit, mention: StoredMention, replies: list[Draft], sent: list[Publication]) -> None:
    say = visit.words
    if mention.claimed_by not in (None, visit.account.name):
        st.warning(plain(say("desk.claim-first", name=mention.claimed_by)), icon=":material/person:")
    for other in replies:
        if other.author != visit.account.name and other.state.value not in ("sent", "rejected", "refused"):
            sentence = say("desk.other-draft", name=other.author, state=say.name("state", other.state.value))
            st.warning(plain(sentence), icon=":material/group:")
    if mention.handling is Handling.ANSWERED:
        dry = bool(sent) and all(_is_dry(visit, publication.door) for publication in sent)
        st.info(say("desk.already-dry" if dry else "desk.already"))
    if not visit.may(Permission.DRAFT):
        st.caption(say("desk.needs-role"))
        return
    writing.show(visit, mention, lane_why=lane_reason(visit, mention.lane_reason))


def _is_dry(visit: Visit, door: str) -> bool:
    """Whether what went through this door stayed here."""
    return visit.console.settings.doors.get(door, {}).get("kind", door) == DRY_RUN


def _to_inbox(visit: Visit) -> None:
    if st.button(visit.words("desk.to-inbox"), key="to-inbox", icon=":material/inbox:"):
        navigation.go(navigation.INBOX)
