"""Which mentions deserve an alert, and what it says. Pure: values in, values out, no clock, no channel.

Two rules, the stronger first:

urgent    a reason to look within the hour is more likely than not (whatever the severity);
severity  the severity is at or above `alerts.severity_at_least`.

A mention has at most one alert for each rule, and of the rules that hold at once only the strongest speaks, so that
nobody is called twice for one post. A rule weaker than one that has spoken stays silent. Posts older than
`alerts.max_age_hours` and mentions that somebody has dealt with raise none.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from classifiers.types import Urgency
from monitor.errors import EdgeError, RateLimited, SourceDown
from monitor.priority import Priority, in_words

LIKELY: Final = 0.5
"""The inbox shows every mention that may be urgent; people are called for those that more likely are than not."""
QUOTE_LIMIT: Final = 300
NAME_LIMIT: Final = 60
WEB: Final = ("http://", "https://")


class Rule(StrEnum):
    """Why an alert is sent; the order is that of strength."""

    URGENT = "urgent"
    SEVERITY = "severity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """From which severity (0…100) on, and up to which age, a mention is worth an alert."""

    severity: float
    max_age: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert to be sent: its rule and one plain sentence why."""

    rule: Rule
    why: str


def due(
    priority: Priority,
    urgency: Urgency,
    *,
    created_at: datetime,
    already: Collection[str],
    threshold: Threshold,
    now: datetime,
) -> Alert | None:
    """The alert that an open mention deserves at `now`, if any; `already` are the rules that have spoken for it."""
    if now - created_at > threshold.max_age:
        return None
    if urgency.urgent and urgency.score >= LIKELY:
        found = Alert(rule=Rule.URGENT, why=_urgent_words(urgency))
    elif priority.severity >= threshold.severity:
        why = f"severity {priority.severity:.0f} of 100, at or above the {threshold.severity:.0f} you set"
        found = Alert(rule=Rule.SEVERITY, why=why)
    else:
        return None
    strength = list(Rule)
    spoken = [strength.index(Rule(rule)) for rule in already if rule in strength]
    return found if all(strength.index(found.rule) < other for other in spoken) else None


def _urgent_words(urgency: Urgency) -> str:
    reason = "a person should look within the hour"
    if urgency.reason is not None:
        reason = f"{urgency.reason.value.replace('-', ' ')}: {reason}"
    return reason if urgency.sure else f"{reason} (the model is not sure)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What an alert is about, as it is kept; every text of it comes from outside."""

    mention_id: int
    brand: str | None
    platform: str
    author: str
    text: str
    url: str | None
    severity: float
    terms: Sequence[tuple[str, float, str]]  # name, points, why
    due_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a channel shows: harmless plain text, still to be escaped for the channel's own markup.

    `post_link` is None when the post has no web address.
    """

    title: str
    quote: str
    why: str
    severity: float
    terms: tuple[str, ...]
    due_at: datetime | None
    due_words: str
    console_link: str
    post_link: str | None


def card(rule: str, why: str, subject: Subject, *, console_url: str, now: datetime) -> Card:
    """The card of one alert at `now`; `console_url` is the console's address."""
    about = f" about {plain(subject.brand, NAME_LIMIT)}" if subject.brand else ""
    head = "Urgent" if rule == Rule.URGENT else "Severe"
    return Card(
        title=f"{head}: {plain(subject.author, NAME_LIMIT)} on {plain(subject.platform, NAME_LIMIT)}{about}",
        quote=plain(subject.text, QUOTE_LIMIT),
        why=plain(why, QUOTE_LIMIT),
        severity=subject.severity,
        terms=tuple(f"{name} {points:g}: {plain(reason, QUOTE_LIMIT)}" for name, points, reason in subject.terms),
        due_at=subject.due_at,
        due_words=due_words(subject.due_at, now),
        console_link=f"{console_url.rstrip('/')}/reply?mention={subject.mention_id}",
        post_link=web_link(subject.url),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a channel shows of something that can wait until somebody has time: harmless plain text and a link."""

    title: str
    text: str
    link: str


FIRST_RETRY: Final = timedelta(seconds=10)
LONGEST_RETRY: Final = timedelta(minutes=15)
SLOW_RETRY: Final = timedelta(minutes=10)
"""For what only a person can mend, such as a webhook that was taken back."""
GIVE_UP_AFTER: Final = timedelta(days=7)


def next_try(error: EdgeError, *, attempts: int, created_at: datetime, now: datetime) -> datetime | None:
    """When an alert that was not delivered is tried again; None when it is given up, a week after it was raised.

    `attempts` counts the tries before this one. A channel that is down is tried after 10 s, then twice as long each
    time up to 15 min; one that asks us to wait, when it says; everything else every 10 min.
    """
    if now - created_at >= GIVE_UP_AFTER:
        return None
    if isinstance(error, RateLimited):
        return max(error.until, now + timedelta(seconds=1))
    if isinstance(error, SourceDown):
        return now + min(FIRST_RETRY * (1 << min(max(attempts, 0), 16)), LONGEST_RETRY)
    return now + SLOW_RETRY


def due_words(due_at: datetime | None, now: datetime) -> str:
    """`reply due in 8 min`, `reply overdue by 3 h`, or nothing."""
    if due_at is None:
        return ""
    return f"reply due in {in_words(due_at - now)}" if due_at > now else f"reply overdue by {in_words(now - due_at)}"


def web_link(url: str | None) -> str | None:
    """A post's address if it is a plain web address, with what could end a link early percent-encoded."""
    if url is None or not url.lower().startswith(WEB) or any(char.isspace() or not char.isprintable() for char in url):
        return None
    return url.replace("<", "%3C").replace(">", "%3E").replace("|", "%7C").replace('"', "%22")


# Joiners that Persian, Indic scripts and emoji need to be spelled right; everything else invisible goes.
_KEPT_FORMAT: Final = frozenset("\u200c\u200d")
_BLANKS: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and symbols that show nothing
_CALLS: Final = re.compile(r"@(?=(?:channel|here|everyone|group)\b)", re.IGNORECASE)


def plain(text: str, limit: int) -> str:
    """Text from outside as one harmless line of at most `limit` code points.

    Control, bidi and invisible characters are dropped, white space is single, a cut ends in `…`, and words that
    call everyone in a chat (`@channel`) are written so that they call nobody.
    """
    # Enough for the limit even when most of it is invisible; a post may be megabytes long.
    shown = "".join(
        " " if char.isspace() else char
        for char in text[: limit * 50]
        if char.isspace() or char in _KEPT_FORMAT or (char not in _BLANKS and unicodedata.category(char)[0] != "C")
    )
    line = " ".join(shown.split())
    if len(line) > limit:
        line = line[: limit - 1].rstrip() + "…"
    return _CALLS.sub("@ ", line)
