"""Posts of a JSONL file played again in simulated time: the twin that needs no platform, no key and no network."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, Field

from classifiers import command_line
from monitor.collectors.file_import import row
from monitor.collectors.settings import Ledger, SourceSettings
from monitor.config import SAMPLE_FILE, Settings
from monitor.errors import SourceDown
from monitor.mention import Batch, Cursor, NewMention, SetAside, SourceName, storable

BATCH: Final = 500
SLOWEST: Final = 0.001
"""A day of the file in three years: slower than that, times leave the calendar."""
SAMPLE_FOLDER: Final = SAMPLE_FILE.parent


def _usable_speed(speed: float) -> float:
    if 0 < speed < SLOWEST:
        msg = f"must be 0 or at least {SLOWEST}"
        raise ValueError(msg)
    return speed


class ReplaySettings(SourceSettings):
    """`kind = "replay"`: which file, how fast, and when its first post appears."""

    every_seconds: int = Field(default=10, ge=1, le=7 * 86400)
    file: Path
    # 2: an hour passes in 30 minutes; 0: everything at once
    speed: Annotated[float, AfterValidator(_usable_speed)] = Field(default=1.0, ge=0, le=1_000_000)
    start: AwareDatetime | None = None  # None: the first fetch
    ahead_minutes: float = Field(default=0.0, ge=0)  # so much of the file is past at the start, in its own time


class Replay:
    """Brings each post when its time has come, shifted so that the file begins `ahead_minutes` before the start.

    The cursor holds the start and how many rows were brought: a restart goes on where it was, and the same cursor at
    the same time brings the same posts.
    """

    def __init__(self, settings: ReplaySettings) -> None:
        self._settings = settings
        self._rows: tuple[Sequence[SetAside], Sequence[NewMention]] | None = None

    def fetch(self, cursor: Cursor, *, now: datetime) -> Batch:
        """Posts that are due at `now`, at most 500; raises SourceDown when the file cannot be read."""
        bad, good = self._loaded()
        start = self._start(cursor, now)
        position = int(cursor.values.get("position", "0"))
        times = self._times(good, start)
        ready = sum(1 for time in times if time <= now)
        chosen = range(position, min(ready, position + BATCH))
        mentions = [replace(good[i], created_at=times[i], brand=good[i].brand or self._settings.brand) for i in chosen]
        # Rows that cannot be used have no time to wait for; they are set aside once, at the beginning.
        aside = bad if not cursor.values else ()
        position = max(position, chosen.stop)
        return Batch(
            mentions=mentions,
            cursor=Cursor(values={"start": start.isoformat(), "position": str(position)}),
            seen=len(mentions) + len(aside),
            set_aside=aside,
            more=position < ready,
            note=None if position < len(good) else "every post of the file has been played",
        )

    def _start(self, cursor: Cursor, now: datetime) -> datetime:
        kept = cursor.values.get("start")
        return datetime.fromisoformat(kept) if kept else self._settings.start or now

    def _times(self, posts: Sequence[NewMention], start: datetime) -> list[datetime]:
        """When each post appears: what lies ahead in its own time before the start, the rest after it at `speed`."""
        if not posts:
            return []
        speed = self._settings.speed
        whole = posts[-1].created_at - posts[0].created_at
        ahead = timedelta(minutes=self._settings.ahead_minutes) if speed else whole
        offsets = [post.created_at - posts[0].created_at - ahead for post in posts]
        return [start + (offset / speed if offset > timedelta(0) else offset) for offset in offsets]

    def _loaded(self) -> tuple[Sequence[SetAside], Sequence[NewMention]]:
        if self._rows is None:
            file = self._settings.file
            try:
                with file.open("rb") as stream:
                    found = [_mention(fields) for fields in command_line.rows(stream)]
            except OSError as error:
                raise SourceDown(
                    f"the file {file} cannot be read: {error.strerror or error}",
                    remedy='set "file" to a JSONL file of posts',
                ) from error
            good = sorted((item for item in found if isinstance(item, NewMention)), key=lambda post: post.created_at)
            self._rows = ([item for item in found if isinstance(item, SetAside)], good)
        return self._rows


def _mention(parsed: command_line.Row) -> NewMention | SetAside:
    where = f"line {parsed.line}: "
    if parsed.error is not None:
        return SetAside(external_id=None, reason=where + parsed.error, payload="")
    return row(parsed.fields, where=where, payload=storable(str(dict(parsed.fields))), platform="replay")


SETTINGS: Final = ReplaySettings


def build(name: SourceName, source: SourceSettings, settings: Settings, ledger: Ledger | None) -> Replay:  # noqa: ARG001 - every kind is built alike
    """The collector of one source; a relative file of the sample brand lies beside its settings."""
    own = ReplaySettings.model_validate(source)
    if settings.sample and not own.file.is_absolute():
        own = own.model_copy(update={"file": SAMPLE_FOLDER / own.file})
    return Replay(own)
