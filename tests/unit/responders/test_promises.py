"""What commits us and by when; every example of `promises.toml` is a test."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from responders.promise_rules import Example, Kind, shipped_rules
from responders.promises import MOST, commitments, promised

KYIV = ZoneInfo("Europe/Kyiv")
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)  # Monday, 12:00 in Kyiv
EXAMPLES = shipped_rules().examples


def name(example: Example) -> str:
    return f"{example.lang}-{example.text[:32]}"


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.kind is not None], ids=name)
def test_a_commitment_is_found_with_its_kind(example: Example) -> None:
    found = commitments(example.text, now=NOW, zone=KYIV)
    assert example.kind in {one.kind for one in found}, found


@pytest.mark.parametrize("example", [e for e in EXAMPLES if not e.hit], ids=name)
def test_what_commits_nobody_is_left_alone(example: Example) -> None:
    assert commitments(example.text, now=NOW, zone=KYIV) == ()


@pytest.mark.parametrize("example", [e for e in EXAMPLES if e.due is not None], ids=name)
def test_the_time_is_read_as_the_customer_reads_it(example: Example) -> None:
    (found,) = commitments(example.text, now=NOW, zone=KYIV)
    assert found.stated
    assert found.due_at.tzinfo is UTC
    assert found.due_at.astimezone(KYIV).replace(tzinfo=None) == example.due


def test_places_count_the_original_whatever_it_hides() -> None:
    text = "Sorry!\u200b W\u200be\u2019ll ca\u200bll you tom\u200borrow by 18:00, and have a nice day."
    (found,) = commitments(text, now=NOW, zone=KYIV)
    assert text[found.start : found.end] == found.text
    assert found.text.replace("\u200b", "") == "We\u2019ll call you tomorrow by 18:00"


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("We'll check it today and write to you tomorrow.", {"check": 2, "write": 3}),
        ("We'll check it and write to you tomorrow.", {"check": 3, "write": 3}),
        ("Сегодня проверим, завтра напишем.", {"check": 2, "write": 3}),
        ("Перевіримо й напишемо вам завтра.", {"check": 3, "write": 3}),
        ("سنتحقق ونكتب لك غداً.", {"check": 3, "write": 3}),
    ],
)
def test_each_promise_has_its_own_time(text: str, days: dict[str, int]) -> None:
    found = commitments(text, now=NOW, zone=KYIV)
    assert {one.kind.value: one.due_at.astimezone(KYIV).day for one in found} == days


def test_a_promise_without_a_time_gets_the_deadline() -> None:
    (found,) = commitments("We'll call you.", now=NOW, zone=KYIV, deadline=timedelta(hours=3))
    assert (found.stated, found.due_at) == (False, NOW + timedelta(hours=3))


def test_working_days_skip_the_weekend_of_the_place() -> None:
    text = "We'll refund you within five working days."
    (found,) = commitments(text, now=NOW, zone=KYIV, weekend=frozenset({4, 5}))  # Friday and Saturday
    assert found.due_at.astimezone(KYIV).date() == date(2026, 3, 9)


def test_the_clock_may_change_in_between() -> None:
    saturday = datetime(2026, 3, 28, 10, tzinfo=UTC)  # summer time begins in the night
    (by_day,) = commitments("We'll call you tomorrow by 18:00.", now=saturday, zone=KYIV)
    (by_hours,) = commitments("We'll call you within 24 hours.", now=saturday, zone=KYIV)
    assert by_day.due_at == datetime(2026, 3, 29, 15, tzinfo=UTC)
    assert by_hours.due_at == datetime(2026, 3, 29, 10, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "   ", "😀😀", "\u202e", "We'll write by 99.99.9999 at 77:77", "we'll " * 3000])
def test_nonsense_promises_nothing_dated(text: str) -> None:
    assert not any(one.stated for one in commitments(text, now=NOW, zone=KYIV))


def test_a_text_that_repeats_itself_is_listed_so_far() -> None:
    assert len(commitments("We'll call you tomorrow. " * 400, now=NOW, zone=KYIV)) == MOST


def test_a_time_at_the_end_of_the_calendar_is_none() -> None:
    (found,) = commitments("Мы позвоним вам 31.12.9999 в 23:30.", now=NOW, zone=KYIV)
    assert found.due_at == NOW + timedelta(hours=24)  # later, no clock east of Greenwich could show it


def test_no_promise_hides_behind_many_others() -> None:
    text = "We'll call you tomorrow. " * (MOST + 5) + "We'll refund you by Friday."
    assert promised(text)[-1].kind is Kind.REFUND
