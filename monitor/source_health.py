"""What a source says of itself after a fetch, and when it runs next. Pure: no clock, no randomness, no database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from monitor.errors import (
    AuthFailed,
    BudgetSpent,
    DatabaseBusy,
    EdgeError,
    NotApproved,
    RateLimited,
    Refused,
)
from monitor.mention import SourceState

LONGEST_BACK_OFF: Final = timedelta(hours=1)
"""A source that is down is tried at least this often (or at its own interval, where that is longer)."""
RECHECK: Final = timedelta(hours=6)
"""How often a source is tried that only a person can mend: an approval may have come without anybody telling us."""
JITTER: Final = 0.1
"""Runs are moved by up to this share of the interval, so that sources do not all knock at the same second."""
MOST_DOUBLINGS: Final = 16
BREATH: Final = timedelta(seconds=5)

WAITS_FOR_A_PERSON: Final = frozenset({SourceState.NOT_APPROVED, SourceState.REVOKED, SourceState.MISCONFIGURED})
"""States that new settings may mend: such sources are tried at once when the monitor starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What a failed source says, and when it is tried again."""

    state: SourceState
    detail: str
    remedy: str
    next_run_at: datetime


_WORDS: Final[Mapping[type[EdgeError], tuple[SourceState, str]]] = {
    NotApproved: (SourceState.NOT_APPROVED, "apply for access with the platform; docs/sources.md says how"),
    AuthFailed: (SourceState.REVOKED, "set its credentials anew and restart, or press retry"),
    Refused: (SourceState.MISCONFIGURED, "change its address, or allow it in the settings"),
}
_UNREACHABLE_REMEDY: Final = "nothing to do at once: it is tried again by itself"


def rest_after(error: EdgeError, *, failures: int, interval: timedelta, now: datetime) -> Rest:
    """The state and next run of a source whose fetch raised `error`.

    `failures` counts those before this one, in a row; `interval` is the source's own. Down: the interval, doubled for
    each failure, up to `LONGEST_BACK_OFF`. Limited or out of budget: when the platform or the cap says, not before.
    What only a person can mend: every `RECHECK`. A database that was busy is no fault of the source.
    """
    if isinstance(error, RateLimited | BudgetSpent):
        until = max(error.until, now + timedelta(seconds=1))
        remedy = error.remedy or "nothing to do: it goes on by itself"
        return Rest(
            state=SourceState.LIMITED,
            detail=f"{error} (until {until:%Y-%m-%d %H:%M} UTC)",
            remedy=remedy,
            next_run_at=until,
        )
    for kind, (state, remedy) in _WORDS.items():
        if isinstance(error, kind):
            return Rest(state=state, detail=str(error), remedy=error.remedy or remedy, next_run_at=now + RECHECK)
    wait = interval if isinstance(error, DatabaseBusy) else back_off(failures, interval)
    return Rest(
        state=SourceState.UNREACHABLE,
        detail=str(error),
        remedy=error.remedy or _UNREACHABLE_REMEDY,
        next_run_at=now + wait,
    )


def back_off(failures: int, interval: timedelta) -> timedelta:
    """The interval, doubled for each failure in a row before this one, up to an hour or the interval itself."""
    doubled = interval * (1 << min(max(failures, 0), MOST_DOUBLINGS))
    return min(doubled, max(LONGEST_BACK_OFF, interval))


def next_run(now: datetime, interval: timedelta, *, chance: float, more: bool = False) -> datetime:
    """When a source that went well runs again; `chance` in 0…1 moves it within the jitter.

    One that has `more` to bring at once goes on after a breath.
    """
    if more:
        return now + min(interval, BREATH)
    return now + interval * (1 + JITTER * (2 * chance - 1))
