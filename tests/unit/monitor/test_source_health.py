from datetime import UTC, datetime, timedelta

import pytest

from monitor.errors import (
    AuthFailed,
    BadPayload,
    BudgetSpent,
    DatabaseBusy,
    EdgeError,
    NotApproved,
    RateLimited,
    Refused,
    SourceDown,
)
from monitor.mention import SourceState
from monitor.source_health import RECHECK, back_off, next_run, rest_after

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
MINUTES = timedelta(minutes=5)
LATER = NOW + timedelta(minutes=40)


@pytest.mark.parametrize(
    ("error", "state", "wait"),
    [
        (RateLimited("slow down", until=LATER), SourceState.LIMITED, timedelta(minutes=40)),
        (RateLimited("slow down", until=NOW - MINUTES), SourceState.LIMITED, timedelta(seconds=1)),
        (BudgetSpent("the cap is reached", until=LATER), SourceState.LIMITED, timedelta(minutes=40)),
        (NotApproved("apply first"), SourceState.NOT_APPROVED, RECHECK),
        (AuthFailed("token expired"), SourceState.REVOKED, RECHECK),
        (Refused("a private network"), SourceState.MISCONFIGURED, RECHECK),
        (SourceDown("timed out"), SourceState.UNREACHABLE, MINUTES * 4),
        (BadPayload("not a feed"), SourceState.UNREACHABLE, MINUTES * 4),
        (DatabaseBusy("held"), SourceState.UNREACHABLE, MINUTES),
        (EdgeError("something of tomorrow"), SourceState.UNREACHABLE, MINUTES * 4),
    ],
)
def test_every_error_has_a_state_a_remedy_and_a_next_run(error: EdgeError, state: SourceState, wait: timedelta) -> None:
    rest = rest_after(error, failures=2, interval=MINUTES, now=NOW)
    assert rest.state is state
    assert rest.next_run_at == NOW + wait
    assert str(error) in rest.detail
    assert rest.remedy


def test_the_remedy_of_the_error_comes_first() -> None:
    error = AuthFailed("expired", remedy="make a new token")
    assert rest_after(error, failures=0, interval=MINUTES, now=NOW).remedy == "make a new token"


def test_limited_says_until_when() -> None:
    error = RateLimited("slow down", until=LATER)
    assert rest_after(error, failures=0, interval=MINUTES, now=NOW).detail == "slow down (until 2026-05-04 12:40 UTC)"


@pytest.mark.parametrize(
    ("failures", "interval", "wait"),
    [
        (0, MINUTES, MINUTES),
        (1, MINUTES, MINUTES * 2),
        (3, MINUTES, MINUTES * 8),
        (4, MINUTES, timedelta(hours=1)),
        (10_000, MINUTES, timedelta(hours=1)),
        (5, timedelta(days=1), timedelta(days=1)),
    ],
)
def test_back_off(failures: int, interval: timedelta, wait: timedelta) -> None:
    assert back_off(failures, interval) == wait


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 90), (0.5, 100), (1.0, 110)])
def test_jitter(chance: float, seconds: int) -> None:
    assert next_run(NOW, timedelta(seconds=100), chance=chance) == NOW + timedelta(seconds=seconds)


def test_a_source_with_more_to_bring_goes_on_after_a_breath() -> None:
    assert next_run(NOW, MINUTES, chance=0.5, more=True) == NOW + timedelta(seconds=5)
    assert next_run(NOW, timedelta(seconds=2), chance=0.5, more=True) == NOW + timedelta(seconds=2)
