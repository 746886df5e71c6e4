"""One mention as HTML: what the inbox lists, and what the desk and the review page show above a reply."""

from html import escape

from monitor.mention import Handling
from monitor.storage.stored import SeverityTerm, StoredMention
from responders.console.context import Visit
from responders.console.rendering import (
    SHOWN_AT_MOST,
    badge,
    bar,
    clamped,
    harmless,
    hidden,
    inert,
    inline,
    link,
    paragraph,
)


def who(visit: Visit, mention: StoredMention) -> str:
    """Author, place and time in one line."""
    say = visit.words
    author = mention.author
    name = inline(author.name or author.handle)
    handle = f' <span class="tf-faint">{inline(author.handle)}</span>' if author.name else ""
    reach = "" if author.followers is None else f" · {escape(say('mention.followers', count=f'{author.followers:,}'))}"
    at = say("mention.at", platform=harmless(mention.platform))
    place = escape(f"{at} ({say('mention.via', source=harmless(mention.source))})")
    when = escape(say("mention.written", time=visit.clock(mention.created_at)))
    return f'<p class="tf-line"><span class="tf-who">{name}</span>{handle}{reach} · {place} · {when}</p>'


def severity(visit: Visit, mention: StoredMention) -> str:
    """The severity as a number, a bar of its terms, and the terms in words behind a summary."""
    say = visit.words
    terms = [term for term in mention.severity_terms if term.points > 0]
    named = ", ".join(f"{say.name('term', term.term)} {term.points:g}" for term in terms)
    label = say("mention.severity", points=f"{mention.severity:.0f}") + (f": {named}" if named else "")
    parts = [(f"{say.name('term', term.term)} {term.points:g}", term.points) for term in terms]
    return (
        f'<span class="tf-severity"><span>{escape(say("mention.severity-short"))}</span>'
        f"<b>{mention.severity:.0f}</b>{bar(parts, label=label)}</span>"
    )


def terms(visit: Visit, mention: StoredMention) -> str:
    """Each term of the severity with its points and its reason."""
    say = visit.words
    rows = "".join(
        f"<li><b>{term.points:g}</b> {escape(say.name('term', term.term))}: <bdi>{inert(_why(visit, term))}</bdi></li>"
        for term in mention.severity_terms
    )
    if not rows:
        return ""
    summary = escape(say("mention.terms"))
    return f'<details class="tf-why"><summary>{summary}</summary><ul class="tf-terms">{rows}</ul></details>'


def _why(visit: Visit, term: SeverityTerm) -> str:
    """Why a term has its points, in the language of the interface where its reasons have words there."""
    say = visit.words
    keys = [f"why.{reason.get('key', '')}" for reason in term.reasons]
    if not keys or not all(say.has(key) for key in keys):
        return term.why
    return "; ".join(
        say(key, count=f"{float(reason.get('count', 0)):,.0f}", platform=str(reason.get("platform", "")))
        for key, reason in zip(keys, term.reasons, strict=True)
    )


def due(visit: Visit, mention: StoredMention) -> str:
    """The clock: how long is left, or since when it is overdue; once somebody has dealt with it, only that."""
    say = visit.words
    if mention.handling is not Handling.OPEN:
        return badge(say.name("handling", mention.handling.value), kind="good")
    if mention.due_at is None:
        return badge(say("mention.no-due"))
    if mention.due_at <= visit.now:
        return badge("⚠ " + say("mention.overdue", time=visit.span(visit.now - mention.due_at)), kind="bad")
    return badge(say("mention.due", time=visit.span(mention.due_at - visit.now)))


def judgement(visit: Visit, mention: StoredMention) -> str:
    """Language, intent, sentiment and urgency, each saying so when the model is not sure."""
    say = visit.words
    assessment = mention.assessment
    if assessment is None:
        return badge(say("mention.needs-person"), kind="care")
    parts = [badge(say.name("language", assessment.lang.label))]
    for group, judged in (("intent", assessment.intent), ("sentiment", assessment.sentiment)):
        word = say.name(group, judged.label.value)
        if judged.sure:
            parts.append(badge(word))
        else:
            parts.append(badge(f"{word}? {say('common.not-sure')}", kind="unsure"))
    urgency = assessment.urgency
    if urgency.urgent:
        reason = say.name("urgency", urgency.reason.value if urgency.reason else "other")
        key = "mention.urgent" if urgency.sure else "mention.urgent-unsure"
        parts.append(badge(say(key, reason=reason), kind="bad" if urgency.sure else "care"))
    return " ".join(parts)


def changed(visit: Visit, mention: StoredMention) -> str:
    """That the source shows something else by now."""
    say = visit.words
    parts = []
    if mention.gone_at is not None:
        parts.append(badge(say("mention.gone"), kind="care"))
    elif mention.edited_at is not None:
        parts.append(badge(say("mention.edited"), kind="care"))
    return " ".join(parts)


def words_of(visit: Visit, mention: StoredMention, *, reveal: bool, whole: bool) -> str:
    """Title and text as the person wrote them, with the count of hidden characters and the link to the original."""
    say = visit.words
    title = f'<div class="tf-title">{inline(mention.title, limit=300)}</div>' if mention.title else ""
    text = (
        paragraph(mention.text, reveal=reveal)
        if whole
        else clamped(mention.text, more=say("common.more"), reveal=reveal)
    )
    unseen = hidden(mention.text[:SHOWN_AT_MOST])
    notes = [badge(say("common.hidden", count=unseen), kind="care")] if unseen else []
    if mention.url:
        notes.append(link(mention.url, say("common.original")))
    return f'{title}{text}<div class="tf-row">{" ".join(notes)}</div>' if notes else f"{title}{text}"
