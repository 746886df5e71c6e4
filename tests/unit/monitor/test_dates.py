from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from monitor.collectors.dates import parse_time


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01T12:00:00+02:00", "2026-03-01T10:00:00"),
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00"),
        ("2026-03-01 12:00:00", "2026-03-01T12:00:00"),
        ("2026-03-01", "2026-03-01T00:00:00"),
        ("Sun, 01 Mar 2026 12:00:00 GMT", "2026-03-01T12:00:00"),
        ("Sun, 01 Mar 2026 12:00:00 -0500", "2026-03-01T17:00:00"),
        ("Sun, 01 Mar 2026 12:00:00 MSK", "2026-03-01T09:00:00"),
        ("Sun, 01 Mar 2026 12:00:00 EEST", "2026-03-01T09:00:00"),
        ("Sun, 01 Mar 2026 12:00:00", "2026-03-01T12:00:00"),
        ("Sun Mar 01 12:00:00 +0000 2026", "2026-03-01T12:00:00"),
        ("01.03.2026 12:30", "2026-03-01T12:30:00"),
        ("1772366400", "2026-03-01T12:00:00"),
        ("1772366400.0", "2026-03-01T12:00:00"),
        ("1772366400000", "2026-03-01T12:00:00"),
    ],
)
def test_times_as_they_are_written(text: str, expected: str) -> None:
    assert parse_time(text) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "12", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2026-13-01", "9999999999999999"]
)
def test_what_is_no_time(text: str) -> None:
    assert parse_time(text) is None


def test_a_time_without_zone_is_in_the_zone_given() -> None:
    kyiv = ZoneInfo("Europe/Kyiv")
    assert parse_time("2026-03-01 12:00", kyiv) == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert parse_time("2026-07-01 12:00", kyiv) == datetime(2026, 7, 1, 9, tzinfo=UTC)
    assert parse_time("2026-03-01T12:00:00Z", kyiv) == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert parse_time("Sun, 01 Mar 2026 12:00:00", kyiv) == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert parse_time("Sun, 01 Mar 2026 12:00:00 Kyiv", kyiv) == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert parse_time("Sun, 01 Mar 2026 12:00:00 -0000", kyiv) == datetime(2026, 3, 1, 12, tzinfo=UTC)
