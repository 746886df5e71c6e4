"""The conversation around a mention: its thread with our replies in place, and what else its author wrote."""

from html import escape
from typing import Final

import streamlit as st

from monitor.mention import MentionId
from monitor.storage import queries
from monitor.storage.queries import MentionView, ReplyView
from monitor.storage.stored import StoredMention
from responders.console import explanation, mention_card
from responders.console.context import Visit
from responders.console.notices import plain
from responders.console.rendering import badge, clamped, harmless, inline, link, paragraph

POSTS_SHOWN: Final = 40
HISTORY: Final = 8
_SHOWN_REPLIES: Final = frozenset({"sent", "sending", "uncertain", "approved", "in_review"})


def show(visit: Visit, mention: StoredMention) -> None:
    """Thread, with the words that decided under the mention, and author."""
    say = visit.words
    with visit.console.database.read() as unit:
        posts = queries.thread(unit, mention.id)
        history = queries.author_history(unit, mention.platform, mention.author.handle, size=HISTORY + 1)
    st.header(say("desk.thread"), anchor=False)
    reveal = st.toggle(say("common.reveal"), key="reveal-thread")
    shown, left_out = _chosen(posts, mention.id)
    root = posts[0].mention.external_id if posts else None
    before, after = "", ""
    for view in shown:
        post = _post(visit, view, this=mention.id, root=root, reveal=reveal)
        answers = "".join(_ours(visit, reply) for reply in view.replies if reply.state in _SHOWN_REPLIES)
        if view.mention.id == mention.id:
            before, after = before + after + post, answers
        else:
            after += post + answers
    more = f'<p class="tf-faint">{escape(say("desk.thread-more", count=left_out))}</p>' if left_out else ""
    if before:
        st.html(before)
        explanation.show(mention, reveal=reveal)
    if after + more:
        st.html(after + more)
    name = harmless(mention.author.name or mention.author.handle)
    st.header(plain(say("desk.history", name=name)), anchor=False)
    others = [view for view in history.rows if view.mention.id != mention.id][:HISTORY]
    if not others:
        st.caption(say("desk.history-none"))
        return
    st.html("".join(_past(visit, view) for view in others))


def _chosen(posts: list[MentionView], this: MentionId) -> tuple[list[MentionView], int]:
    """The root, and the posts nearest to the mention; the page of a long thread stays readable."""
    if len(posts) <= POSTS_SHOWN:
        return posts, 0
    place = next((number for number, view in enumerate(posts) if view.mention.id == this), 0)
    start = max(1, min(place - POSTS_SHOWN // 2, len(posts) - POSTS_SHOWN + 1))
    shown = [posts[0], *posts[start : start + POSTS_SHOWN - 1]]
    return shown, len(posts) - len(shown)


def _post(visit: Visit, view: MentionView, *, this: MentionId, root: str | None, reveal: bool) -> str:
    say, mention = visit.words, view.mention
    css = "tf-post" + (" tf-this" if mention.id == this else "") + (" tf-answer" if mention.external_id != root else "")
    facts = [badge(say("desk.thread-this"), kind="bad")] if mention.id == this else []
    if mention.id == this:
        facts += [mention_card.severity(visit, mention), mention_card.due(visit, mention)]
        facts.append(mention_card.judgement(visit, mention))
        facts += [badge(say(f"mention.alert-{alert.state.value}"), title=alert.why) for alert in view.alerts[-1:]]
    facts.append(mention_card.changed(visit, mention))
    terms = mention_card.terms(visit, mention) if mention.id == this else ""
    row = f'<div class="tf-row">{" ".join(part for part in facts if part)}</div>' if any(facts) else ""
    words = mention_card.words_of(visit, mention, reveal=reveal, whole=mention.id == this)
    return f'<article class="{css}">{mention_card.who(visit, mention)}{row}{words}{terms}</article>'


def _ours(visit: Visit, reply: ReplyView) -> str:
    say = visit.words
    where = f" · {link(reply.url, say('common.original'))}" if reply.url else ""
    return (
        '<article class="tf-post tf-own tf-answer"><div class="tf-row">'
        f"{badge(say('desk.ours'), kind='ours')} {badge(say.name('state', reply.state))} {inline(reply.author)} · "
        f"{escape(visit.clock(reply.sent_at or reply.updated_at))}{where}</div>{paragraph(reply.text)}</article>"
    )


def _past(visit: Visit, view: MentionView) -> str:
    say, mention = visit.words, view.mention
    state = badge(say.name("handling", mention.handling.value))
    when = escape(visit.clock(mention.created_at))
    text = clamped(mention.text, more=say("common.more"))
    ours = "".join(_ours(visit, reply) for reply in view.replies if reply.state == "sent")
    judged = mention_card.judgement(visit, mention)
    return f'<article class="tf-post"><div class="tf-row">{when} {state} {judged}</div>{text}</article>{ours}'
