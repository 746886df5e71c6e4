"""Judgements counted by week as they are stored, so that a chart costs the same however many mentions there are.

What is counted is exactly what the mentions hold now: a mention that is judged again leaves its old cells for the new
ones, and one that is about to be deleted must be taken out by `forget` in the same unit of work. `recounted` is the
slow truth that tests hold this to. A count names no mention and no person.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection, bindparam, select, update

from monitor.drift import Cell, Count, Head, cells_of
from monitor.mention import MentionId
from monitor.storage.schema import mentions
from monitor.storage.schema import weekly_judgements as weekly
from monitor.storage.session import inserting
from monitor.storage.stored import assessment_of

CHUNK: Final = 500
"""Mentions asked for in one statement, far below what any database takes as parameters."""

_HEADS: Final = ("sentiment", "toxicity", "intent", "urgency")
_JUDGED: Final = tuple(
    column
    for column in mentions.c
    if column.name in ("id", "created_at", "assessed_at", "model", "revision", "urgent")
    or column.name.startswith(("lang", *_HEADS))
)


def counted(connection: Connection, ids: Sequence[MentionId]) -> dict[MentionId, tuple[Cell, ...]]:
    """In which cells the mentions of those numbers stand now; none for one that was never judged.

    In a writing unit they are held until its end, so that what is read here is what is replaced there.
    """
    found: dict[MentionId, tuple[Cell, ...]] = {}
    for start in range(0, len(ids), CHUNK):
        some = select(*_JUDGED).where(mentions.c.id.in_(ids[start : start + CHUNK])).order_by(mentions.c.id)
        for row in connection.execute(some.with_for_update()).mappings():
            assessment = assessment_of(row)
            if assessment is not None:
                cells = cells_of(assessment, created_at=row["created_at"], assessed_at=row["assessed_at"])
                found[MentionId(row["id"])] = cells
    return found


def move(connection: Connection, *, gone: Iterable[Cell], come: Iterable[Cell], now: datetime) -> None:
    """Take judgements out of cells and put others in; a cell each time as often as it is named."""
    out, into = Counter(gone), Counter(come)
    # In one order everywhere: two processes that count at once wait for each other and never in a circle.
    rows = [_key(cell) | {"count": count, "last_at": now} for cell, count in sorted(into.items())]
    if rows:
        insert = inserting(connection, weekly)
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=[column.name for column in weekly.primary_key],
                set_={"count": weekly.c.count + insert.excluded.count, "last_at": insert.excluded.last_at},
            ),
            rows,
        )
    if out:
        here = [column == bindparam(f"of_{column.name}") for column in weekly.primary_key]
        connection.execute(
            update(weekly).where(*here).values(count=weekly.c.count - bindparam("less")),
            [
                {f"of_{name}": value for name, value in _key(cell).items()} | {"less": count}
                for cell, count in sorted(out.items())
            ],
        )


def forget(connection: Connection, ids: Sequence[MentionId], now: datetime) -> None:
    """Take mentions out of the counts. Call it in the unit that deletes them, before their rows go."""
    gone = [cell for cells in counted(connection, ids).values() for cell in cells]
    move(connection, gone=gone, come=(), now=now)


def counts(connection: Connection, since: date) -> list[Count]:
    """Every cell that holds a judgement, from the week of the Monday `since` on."""
    query = select(weekly).where(weekly.c.week >= since.isoformat(), weekly.c.count > 0)
    return [
        Count(
            cell=Cell(
                week=date.fromisoformat(row["week"]),
                lang=row["lang"],
                head=Head(row["head"]),
                model=row["model"],
                revision=row["revision"],
                label=row["label"],
                bin=row["bin"],
            ),
            count=row["count"],
            last_at=row["last_at"],
        )
        for row in connection.execute(query).mappings()
    ]


def recounted(connection: Connection) -> dict[Cell, int]:
    """What the counts must be, by walking all mentions: for tests and for doubt."""

    def cells() -> Iterator[Cell]:
        for row in connection.execute(select(*_JUDGED).where(mentions.c.model.is_not(None))).mappings():
            assessment = assessment_of(row)
            if assessment is not None:
                yield from cells_of(assessment, created_at=row["created_at"], assessed_at=row["assessed_at"])

    return dict(Counter(cells()))


def _key(cell: Cell) -> dict[str, str | int]:
    return {
        "week": cell.week.isoformat(),
        "lang": cell.lang,
        "head": cell.head.value,
        "model": cell.model,
        "revision": cell.revision,
        "label": cell.label,
        "bin": cell.bin,
    }
