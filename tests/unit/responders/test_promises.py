"""What commits us and by when; every example of `promises.toml` is a test."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from responders.promise_rules import Example, shipped_rules
from responders.promises import commitments

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
