"""Insights shows what was counted, in every language, to whom may read."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from types import MappingProxyType

import pytest
from streamlit.testing.v1 import AppTest

from monitor.drift import CALM, LEAST_NOW, URGENT, Cell, Count, Drift, Head, drifts, week_of
from monitor.storage import drift_alarms, schema, weekly
from responders import accounts
from responders.accounts import Permission, Role
from responders.console import context, insights_figures
from responders.console.shell import PLACES
from responders.console.words import LANGUAGES, words
from tests.console.clicking import Desk, html_of

BEFORE = (
    (Head.SENTIMENT, "neutral", 7, 60),
    (Head.SENTIMENT, "negative", 8, 60),
    (Head.INTENT, "complaint", 6, 40),
    (Head.INTENT, "question", 7, 80),
    (Head.TOXICITY, "clean", 9, 120),
    (Head.URGENCY, CALM, 0, 114),
    (Head.URGENCY, URGENT, 7, 6),
)
MOVED = (
    (Head.SENTIMENT, "neutral", 7, 40),
    (Head.SENTIMENT, "negative", 8, 200),
    (Head.INTENT, "complaint", 6, 80),
    (Head.INTENT, "question", 7, 160),
    (Head.TOXICITY, "clean", 9, 240),
    (Head.URGENCY, CALM, 0, 228),
    (Head.URGENCY, URGENT, 7, 12),
)
Row = tuple[Head, str, int, int]


def count_in(desk: Desk, langs: Sequence[str], *, now: Sequence[Row] = MOVED, revision: str = "r9") -> None:
    """Eleven weeks as `BEFORE` and this one as `now`, for each language."""
    this = week_of(context.now())
    with desk.database.write() as unit:
        for week in range(12):
            come = [
                Cell(
                    week=this - timedelta(weeks=week),
                    lang=lang,
                    head=head,
                    model="stand-in",
                    revision="r9" if week else revision,
                    label=label,
                    bin=place,
                )
                for lang in langs
                for head, label, place, number in (BEFORE if week else now)
                for _ in range(number)
            ]
            weekly.move(unit, gone=(), come=come, now=context.now() - timedelta(weeks=week))


def empty(desk: Desk) -> None:
    with desk.database.write() as unit:
        unit.execute(schema.weekly_judgements.delete())


@pytest.fixture
def opened(desk: Desk) -> Callable[[], AppTest]:
    def open_it() -> AppTest:
        desk.sign_in("view")
        at = desk.open("insights")
        assert not at.exception
        return at

    return open_it


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_what_moved_is_said_in_the_readers_words(desk: Desk, opened: Callable[[], AppTest], language: str) -> None:
    say = words(language)
    empty(desk)
    count_in(desk, ["uk"])
    at = opened()
    assert [header.value for header in at.header] == [
        say(f"insights.{name}") for name in ("volume", "shares", "drift", "alarms")
    ]
    page = html_of(at)
    assert say("insights.more", label=say("sentiment.negative"), before="50", after="83") in page.replace("&#x27;", "'")
    assert f'<span class="tf-badge tf-bad">{say("drift-state.shifted")}</span>' in page
    assert f'<span class="tf-badge tf-good">{say("drift-state.steady")}</span>' in page
    assert say("insights.advice").replace("'", "&#x27;") in page
    assert len(at.get("vega_lite_chart")) + len(at.get("arrow_vega_lite_chart")) == 2 + len(Head)


def test_nothing_yet_is_one_sentence(desk: Desk, opened: Callable[[], AppTest]) -> None:
    empty(desk)
    at = opened()
    assert "Nothing has been judged in the last 12 weeks." in at.info[0].value
    assert not at.header


def test_the_mentions_of_the_first_day_are_shown_and_compared_with_nothing(opened: Callable[[], AppTest]) -> None:
    page = html_of(opened())
    assert "Too few mentions in the weeks before to compare with: 0 of 400." in page
    assert "No alarm" not in page


def test_a_new_revision_is_named(desk: Desk, opened: Callable[[], AppTest]) -> None:
    empty(desk)
    count_in(desk, ["en"], revision="r10")
    page = html_of(opened())
    assert "The model&#x27;s version has changed, so a new reference begins: 0 of 400 mentions so far." in page
    assert "r10" in page


def test_a_quiet_week_is_no_finding(desk: Desk, opened: Callable[[], AppTest]) -> None:
    empty(desk)
    count_in(desk, ["en"], now=((Head.SENTIMENT, "negative", 8, LEAST_NOW - 1),))
    page = html_of(opened())
    assert "tf-badge tf-bad" not in page
    assert "tf-badge tf-care" not in page


def test_many_languages_are_told_apart_and_one_is_drawn(desk: Desk, opened: Callable[[], AppTest]) -> None:
    empty(desk)
    count_in(desk, ["uk", "ru", "ar", "en", "und"])
    at = opened()
    assert {"Ukrainian", "Russian", "Arabic", "English", "language unknown"} <= set(
        at.selectbox(key="insights-shares").options
    )
    before = len(at.get("vega_lite_chart"))
    at.selectbox(key="insights-drift").select("ar").run()
    assert not at.exception
    assert len(at.get("vega_lite_chart")) == before
    at.selectbox(key="insights-shares").select("ru").run()
    assert not at.exception


def test_alarms_are_listed_with_whether_anybody_heard(desk: Desk, opened: Callable[[], AppTest]) -> None:
    empty(desk)
    count_in(desk, ["uk"])
    found = insights_drift(desk)
    with desk.database.write() as unit:
        assert drift_alarms.raise_alarm(unit, found, why="it moved", channel="slack", now=context.now())
    page = html_of(opened())
    assert "not delivered yet" in page
    assert found.week.isoformat() in page


def insights_drift(desk: Desk) -> Drift:
    with desk.database.read() as unit:
        counts = weekly.counts(unit, week_of(context.now()) - timedelta(weeks=5))
    return drifts(counts, now=context.now())[0]


def test_who_may_not_read_has_no_such_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    needs = {place.path: place.needs for place in PLACES}
    assert needs["insights"] is needs["sources"] is Permission.READ
    without = dict(accounts.PERMISSIONS) | {Role.VIEWER: frozenset()}
    monkeypatch.setattr(accounts, "PERMISSIONS", MappingProxyType(without))
    desk.sign_in("view")
    at = desk.open()
    assert "insights" not in {info.get("url_pathname") for info in at._registered_pages.values()}
    assert "stand-in" not in html_of(at)


def count(number: int, week: date, label: str, head: Head = Head.SENTIMENT, lang: str = "uk") -> Count:
    cell = Cell(week=week, lang=lang, head=head, model="m", revision="1", label=label, bin=5)
    return Count(cell=cell, count=number, last_at=context.now())


def test_the_weeks_have_no_hole_and_begin_with_the_first_mention() -> None:
    monday = date(2026, 3, 2)
    counts = [
        count(6, monday - timedelta(weeks=2), "negative"),
        count(2, monday - timedelta(weeks=2), "neutral", lang="ar"),
        count(2, monday - timedelta(weeks=2), "complaint", Head.INTENT),
        count(9, monday - timedelta(weeks=40), "negative"),
    ]
    found = insights_figures.weeks(counts, this=monday)
    assert [one.monday for one in found] == [monday - timedelta(weeks=number) for number in (2, 1, 0)]
    assert [one.n for one in found] == [8, 0, 0]
    assert found[0].by_language == {"uk": 6, "ar": 2}
    assert (found[0].shares["negative"].percent, found[0].shares["complaint"].percent) == (75, 25)
    assert insights_figures.weeks(counts, this=monday, lang="ar")[0].n == 2
    assert insights_figures.weeks([], this=monday) == []


def test_an_interval_is_that_of_wilson() -> None:
    found = insights_figures.share(10, 100)
    assert (found.percent, round(found.low, 1), round(found.high, 1)) == (10, 5.5, 17.4)
    none = insights_figures.share(0, 50)
    assert (none.low, round(none.high, 1)) == (0, 7.1)
