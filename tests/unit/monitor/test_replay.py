import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from monitor.collectors.registry import build
from monitor.collectors.replay import BATCH, Replay, ReplaySettings
from monitor.config import Settings
from monitor.errors import SourceDown
from monitor.mention import Cursor, SourceName

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FIRST = datetime(2025, 1, 1, tzinfo=UTC)


def posts(folder: Path, *minutes: float, extra: str = "") -> Path:
    file = folder / "posts.jsonl"
    lines = [
        json.dumps(
            {
                "external_id": f"m{minute:g}",
                "created_at": (FIRST + timedelta(minutes=minute)).isoformat(),
                "author": "ana",
                "text": f"post of minute {minute:g}",
            }
        )
        for minute in minutes
    ]
    file.write_text("\n".join(lines) + "\n" + extra, encoding="utf-8")
    return file


def replay(file: Path, **settings: object) -> Replay:
    return Replay(ReplaySettings.model_validate({"kind": "replay", "file": str(file), **settings}))


def test_the_first_post_appears_at_once_and_the_others_in_their_time(tmp_path: Path) -> None:
    source = replay(posts(tmp_path, 0, 10, 30), speed=2)
    first = source.fetch(Cursor(), now=NOW)
    early = source.fetch(first.cursor, now=NOW + timedelta(minutes=4))
    later = source.fetch(early.cursor, now=NOW + timedelta(minutes=5))
    last = source.fetch(later.cursor, now=NOW + timedelta(days=1))
    assert [[post.external_id for post in batch.mentions] for batch in (first, early, later, last)] == [
        ["m0"],
        [],
        ["m10"],
        ["m30"],
    ]
    assert last.mentions[0].created_at == NOW + timedelta(minutes=15)
    assert last.note == "every post of the file has been played"


def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    file = posts(tmp_path, 0, 10)
    first = replay(file).fetch(Cursor(), now=NOW)
    kept = Cursor(values=json.loads(json.dumps(dict(first.cursor.values))))
    again = replay(file).fetch(kept, now=NOW + timedelta(hours=1))
    assert [post.external_id for post in again.mentions] == ["m10"]
    assert again.mentions[0].created_at == NOW + timedelta(minutes=10)


def test_speed_zero_brings_everything_at_once_and_recent(tmp_path: Path) -> None:
    batch = replay(posts(tmp_path, 30, 0), speed=0).fetch(Cursor(), now=NOW)
    assert [(post.external_id, post.created_at) for post in batch.mentions] == [
        ("m0", NOW - timedelta(minutes=30)),
        ("m30", NOW),
    ]


def test_a_start_in_the_settings(tmp_path: Path) -> None:
    source = replay(posts(tmp_path, 0, 10), start=(NOW - timedelta(minutes=10)).isoformat())
    assert [post.created_at for post in source.fetch(Cursor(), now=NOW).mentions] == [NOW - timedelta(minutes=10), NOW]


def test_long_files_come_in_batches(tmp_path: Path) -> None:
    source = replay(posts(tmp_path, *range(BATCH + 1)), speed=0)
    first = source.fetch(Cursor(), now=NOW)
    second = source.fetch(first.cursor, now=NOW)
    assert (len(first.mentions), first.more, len(second.mentions), second.more) == (BATCH, True, 1, False)


def test_bad_rows_are_set_aside_once(tmp_path: Path) -> None:
    source = replay(posts(tmp_path, 0, extra='{broken\n{"external_id":"x","created_at":"2025-01-01T00:00:00Z"}\n'))
    first = source.fetch(Cursor(), now=NOW)
    assert [aside.reason for aside in first.set_aside] == [
        "line 2: the line is not JSON (column 2)",
        "line 3: the post has no text",
    ]
    assert source.fetch(first.cursor, now=NOW).set_aside == ()


def test_an_empty_file(tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_text("")
    batch = replay(file).fetch(Cursor(), now=NOW)
    assert (batch.mentions, batch.set_aside, batch.more) == ([], [], False)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceDown, match=r"nowhere\.jsonl cannot be read"):
        replay(tmp_path / "nowhere.jsonl").fetch(Cursor(), now=NOW)


def test_the_sample_brand_plays() -> None:
    table = {"kind": "replay", "file": "posts.jsonl", "speed": 0}
    batch = build(SourceName("sample"), table, Settings(sample=True)).fetch(Cursor(), now=NOW)
    assert batch.mentions
    assert not batch.set_aside


def test_the_sources_brand_stands_in_for_the_rows(tmp_path: Path) -> None:
    batch = replay(posts(tmp_path, 0), brand="marola").fetch(Cursor(), now=NOW)
    assert batch.mentions[0].brand == "marola"


def test_what_lies_ahead_is_past_at_the_start_and_keeps_its_own_pace(tmp_path: Path) -> None:
    source = replay(posts(tmp_path, 0, 40, 60, 80), speed=20, ahead_minutes=60)
    first = source.fetch(Cursor(), now=NOW)
    last = source.fetch(first.cursor, now=NOW + timedelta(minutes=1))
    assert [post.created_at for post in first.mentions] == [
        NOW - timedelta(minutes=60),
        NOW - timedelta(minutes=20),
        NOW,
    ]
    assert [post.created_at for post in last.mentions] == [NOW + timedelta(minutes=1)]


def test_a_speed_at_which_nothing_ever_comes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"at least 0\.001"):
        replay(posts(tmp_path, 0), speed=0.000001)
