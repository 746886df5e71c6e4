from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from classifiers.types import Urgency, UrgencyReason
from monitor.alerts import Alert, Rule, Subject, Threshold, card, due, due_words, next_try, plain, web_link
from monitor.errors import AuthFailed, BadPayload, EdgeError, RateLimited, SourceDown
from monitor.mention import Lane
from monitor.priority import LaneReason, Priority

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
THRESHOLD = Threshold(severity=60, max_age=timedelta(hours=48))
CALM = Urgency(urgent=False, score=0.02, reason=None, sure=True)
FRAUD = Urgency(urgent=True, score=0.97, reason=UrgencyReason.FRAUD, sure=True)


def ranked(severity: float) -> Priority:
    return Priority(
        severity=severity,
        terms=(),
        lane=Lane.PERSONAL,
        lane_reason=LaneReason.ANGRY,
        due_at=NOW + timedelta(minutes=12),
        retriage_at=None,
    )


def alert_for(
    severity: float, urgency: Urgency, *, age: timedelta = timedelta(0), already: Collection[str] = ()
) -> Alert | None:
    return due(ranked(severity), urgency, created_at=NOW - age, already=already, threshold=THRESHOLD, now=NOW)


@pytest.mark.parametrize(
    ("severity", "urgency", "rule"),
    [
        (59.9, CALM, None),
        (60, CALM, Rule.SEVERITY),
        (10, FRAUD, Rule.URGENT),
        (90, FRAUD, Rule.URGENT),  # both hold: only the stronger speaks
        (10, replace(FRAUD, score=0.5, sure=False), Rule.URGENT),
        (10, replace(FRAUD, score=0.49, sure=False), None),  # the inbox shows it, nobody is woken
        (60, replace(FRAUD, score=0.49, sure=False), Rule.SEVERITY),
    ],
)
def test_the_strongest_rule_speaks(severity: float, urgency: Urgency, rule: Rule | None) -> None:
    found = alert_for(severity, urgency)
    assert (found.rule if found else None) == rule


@pytest.mark.parametrize(
    ("urgency", "already", "rule"),
    [
        (CALM, ["severity"], None),
        (CALM, ["urgent"], None),  # a stronger rule has spoken
        (FRAUD, ["urgent"], None),
        (FRAUD, ["severity"], Rule.URGENT),  # it became urgent since: worth a second word
        (CALM, ["a rule of another version"], Rule.SEVERITY),
    ],
)
def test_nobody_is_called_twice(urgency: Urgency, already: list[str], rule: Rule | None) -> None:
    found = alert_for(80, urgency, already=already)
    assert (found.rule if found else None) == rule


def test_old_posts_wake_nobody() -> None:
    assert alert_for(90, FRAUD, age=timedelta(hours=48)) is not None
    assert alert_for(90, FRAUD, age=timedelta(hours=48, seconds=1)) is None


def test_an_alert_says_why() -> None:
    assert alert_for(72, CALM) == Alert(rule=Rule.SEVERITY, why="severity 72 of 100, at or above the 60 you set")
    unsure = replace(FRAUD, reason=UrgencyReason.DATA_LEAK, sure=False)
    found = alert_for(0, unsure)
    assert found is not None
    assert found.why == "data leak: a person should look within the hour (the model is not sure)"


SUBJECT = Subject(
    mention_id=7,
    brand="Lumen",
    platform="reddit",
    author="night_owl",
    text="The charger caught fire",
    url="https://example.org/p/1",
    severity=81.5,
    terms=(("harm", 60.0, "urgent (safety)"), ("reach", 5.0, "unknown")),
    due_at=NOW + timedelta(minutes=8),
)


def test_a_card_holds_all_that_a_person_on_call_needs() -> None:
    shown = card("urgent", "safety", SUBJECT, console_url="http://127.0.0.1:8501/", now=NOW)
    assert shown.title == "Urgent: night_owl on reddit about Lumen"
    assert shown.quote == "The charger caught fire"
    assert shown.terms == ("harm 60: urgent (safety)", "reach 5: unknown")
    assert shown.due_words == "reply due in 8 min"
    assert shown.console_link.startswith("http://127.0.0.1:8501/")
    assert "7" in shown.console_link
    assert shown.post_link == "https://example.org/p/1"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a\n\n b\tc", "a b c"),
        ("abc\u202egnp.exe\u2066x", "abcgnp.exex"),
        ("\u200bhid\u2060den\ufeff", "hidden"),
        ("\x1b[31mred\x07", "[31mred"),
        ("\u2800\u2800", ""),
        ("@channel @HERE @everyone now", "@ channel @ HERE @ everyone now"),
        ("@herewego is a name", "@herewego is a name"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("заказ не пришёл، أين طلبي؟", "заказ не пришёл، أين طلبي؟"),
        ("\ud800 broken", "broken"),
        ("", ""),
    ],
)
def test_text_from_outside_is_made_harmless(given: str, shown: str) -> None:
    assert plain(given, 300) == shown


def test_a_long_text_is_cut() -> None:
    assert plain("x" * 301, 300) == "x" * 299 + "…"
    assert len(plain("ы" * 10_000_000, 300)) == 300


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://example.org/?a=1&b=<x>|y", "https://example.org/?a=1&b=%3Cx%3E%7Cy"),
        ("javascript:alert(1)", None),
        ("https://example.org/a b", None),
        ("https://example.org/\u202egnp", None),
        (None, None),
        ("", None),
    ],
)
def test_only_web_addresses_become_links(url: str | None, link: str | None) -> None:
    assert web_link(url) == link


@pytest.mark.parametrize(
    ("minutes", "words"), [(8, "reply due in 8 min"), (0, "reply overdue by 0 min"), (-180, "reply overdue by 3 h")]
)
def test_due_words(minutes: int, words: str) -> None:
    assert due_words(NOW + timedelta(minutes=minutes), NOW) == words
    assert due_words(None, NOW) == ""


@pytest.mark.parametrize(
    ("error", "attempts", "wait"),
    [
        (SourceDown("500"), 0, timedelta(seconds=10)),
        (SourceDown("500"), 3, timedelta(seconds=80)),
        (SourceDown("500"), 7, timedelta(minutes=15)),
        (SourceDown("500"), 100_000, timedelta(minutes=15)),
        (RateLimited("wait", until=NOW + timedelta(seconds=33)), 5, timedelta(seconds=33)),
        (RateLimited("wait", until=NOW - timedelta(hours=1)), 0, timedelta(seconds=1)),
        (AuthFailed("revoked"), 0, timedelta(minutes=10)),
        (BadPayload("no"), 9, timedelta(minutes=10)),
    ],
)
def test_what_was_not_delivered_is_tried_again(error: EdgeError, attempts: int, wait: timedelta) -> None:
    assert next_try(error, attempts=attempts, created_at=NOW - timedelta(days=6), now=NOW) == NOW + wait
    assert next_try(error, attempts=attempts, created_at=NOW - timedelta(days=7), now=NOW) is None
