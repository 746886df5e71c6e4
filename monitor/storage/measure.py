"""How fast storage is: posts imported a second, and milliseconds for a page of the inbox, at growing sizes.

The posts are made up here, in four languages, from a seeded generator. Hygiene is the real one; nothing is judged by
a model: judgements and severities are drawn. `monitor.bench` is its command line.
"""

import os
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, create_engine, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from classifiers.text import clean
from classifiers.types import Intent, Sentiment
from monitor.errors import DatabaseBusy
from monitor.mention import Author, Batch, Cursor, MentionId, NewMention, SourceName
from monitor.storage import mentions, migrate, queries
from monitor.storage.audit import AuditLog
from monitor.storage.queries import InboxFilter, Order
from monitor.storage.schema import mentions as table
from monitor.storage.session import Database

PAGE: Final = 50
BATCH: Final = 500
REPEATS: Final = 15
START: Final = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE: Final = SourceName("bench")
SENTENCES: Final[Mapping[str, tuple[str, ...]]] = {
    "ru": ("Заказ Lumora опять не привезли.", "Где моя посылка?", "Спасибо, всё дошло вовремя!", "Сколько ещё ждать?"),
    "uk": ("Замовлення Lumora знову не привезли.", "Де моя посилка?", "Дякую, все вчасно!", "Скільки ще чекати?"),
    "ar": ("لم يصل طلبي من Lumora حتى الآن.", "أين الشحنة؟", "شكرا، وصل كل شيء في موعده!", "كم سأنتظر؟"),
    "en": ("My Lumora order did not come again.", "Where is my parcel?", "Thanks, all on time!", "How much longer?"),
}

ANSWERS: Final = 0.5  # shares of all posts: replies, urgent ones, those of the personal lane
URGENT: Final = 0.01
PERSONAL: Final = 0.3

Timings = dict[str, float]


def measured(url: str, sizes: Sequence[int]) -> list[dict[str, object]]:
    """The figures of the database `url`, which must be empty, at each of the growing `sizes`. Raises DatabaseBusy."""
    database = Database.open(url)
    try:
        migrate.upgrade(database)
        there = 0
        results: list[dict[str, object]] = []
        for size in sizes:
            seconds = _import(database, there, size)
            imported = size - there
            _judge(database, there, size)
            there = size
            rate = round(imported / seconds)
            times = _page_times(database, size)
            results.append({"mentions": size, "imported": imported, "import_per_s": rate, "ms": times})
    finally:
        database.close()
    return results


@contextmanager
def scratch_database(url: str) -> Iterator[str]:
    """A new, empty database on a PostgreSQL server, as a URL; dropped at the end. Raises DatabaseBusy."""
    try:
        engine = create_engine(make_url(url), isolation_level="AUTOCOMMIT")
        name = f"tactful_bench_{os.getpid()}"
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
    except (SQLAlchemyError, ValueError) as error:
        reason = " ".join(str(getattr(error, "orig", error)).split())
        message = f"no database for the benchmark can be made there ({reason})"
        raise DatabaseBusy(message, remedy="name a server whose user may make databases") from error
    try:
        yield make_url(url).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        engine.dispose()


def _post(number: int, chance: random.Random) -> NewMention:
    lang = chance.choice(tuple(SENTENCES))
    words = " ".join(chance.choice(SENTENCES[lang]) for _ in range(chance.randint(1, 6)))
    answers = number > 0 and chance.random() < ANSWERS
    root = str(chance.randrange(max(0, number - 2000), number)) if answers else None
    return NewMention(
        external_id=str(number),
        platform="reddit",
        created_at=START + timedelta(seconds=30 * number),
        author=Author(handle=f"user{chance.randrange(20_000)}", followers=chance.randrange(100_000)),
        text=f"{words} №{number}",
        url=f"https://forum.example/{number}",
        parent_id=root,
        root_id=root,
    )


def _import(database: Database, there: int, size: int) -> float:
    """Seconds to store posts `there`…`size` in batches, hygiene and a plain brand match included."""
    log = AuditLog(b"a key for measuring only, 32 byte")
    chance = random.Random(there)  # noqa: S311 - made-up posts, not secrets
    posts = [_post(number, chance) for number in range(there, size)]
    began = time.perf_counter()
    for start in range(0, len(posts), BATCH):
        some = posts[start : start + BATCH]
        batch = Batch(mentions=some, cursor=Cursor(values={"last": some[-1].external_id}), seen=len(some))
        with database.write() as connection:
            mentions.add_new(
                connection,
                SOURCE,
                batch,
                now=START,
                brand_of=lambda post, inherited: "lumora" if "Lumora" in post.text else inherited,
                clean=lambda original: clean(original).text,
                audit=log,
            )
    return time.perf_counter() - began


def _judge(database: Database, there: int, size: int) -> None:
    """Draw a judgement and a priority for every mention, past the steps that store them one by one."""
    chance = random.Random(size)  # noqa: S311 - made-up judgements, not secrets
    drawn = ("lang", "intent", "sentiment", "urgent", "severity", "lane", "due_order")
    statement = (
        update(table)
        .where(table.c.source == SOURCE, table.c.external_id == bindparam("number"))
        .values({name: bindparam(f"new_{name}") for name in drawn} | {"state": "triaged"})
    )
    rows = [
        {
            "number": str(number),
            "new_lang": chance.choice(tuple(SENTENCES)),
            "new_intent": chance.choice(tuple(Intent)).value,
            "new_sentiment": chance.choice(tuple(Sentiment)).value,
            "new_urgent": chance.random() < URGENT,
            "new_severity": round(chance.random() * 100, 1),
            "new_lane": "personal" if chance.random() < PERSONAL else "flow",
            "new_due_order": START + timedelta(seconds=30 * number, minutes=chance.choice((12, 60, 120))),
        }
        for number in range(there, size)
    ]
    with database.write() as connection:
        connection.execute(statement, rows)


def _page_times(database: Database, size: int) -> dict[str, Timings]:
    """Milliseconds, median and slowest, of what the console asks most."""
    narrow = InboxFilter(brand="lumora", lang="ar", intent=Intent.COMPLAINT, urgent=True)
    nobody = InboxFilter(lang="ar", claimed_by="nobody")
    asked: dict[str, tuple[InboxFilter, int]] = {
        "inbox by severity": (InboxFilter(), 1),
        "inbox by due time": (InboxFilter(order=Order.DUE), 1),
        "inbox, newest": (InboxFilter(order=Order.NEWEST), 1),
        "inbox, any handling": (InboxFilter(handling=None), 1),
        "inbox, four filters": (narrow, 1),
        "inbox, filter that fits none": (nobody, 1),
        "inbox, page 20": (InboxFilter(), 20),
        "search, many hits": (InboxFilter(search="посылка"), 1),
        "search, no hit": (InboxFilter(search="zzzz"), 1),
    }
    times: dict[str, Timings] = {}
    for name, (wanted, page) in asked.items():
        times[name] = _timed(database, _inbox(database, wanted, page))
    middle = MentionId(size // 2 + 1)
    times["inbox counts"] = _timed(database, lambda unit: queries.inbox_counts(unit, InboxFilter(), START))
    times["counts, filter that fits none"] = _timed(database, lambda unit: queries.inbox_counts(unit, nobody, START))
    missed = InboxFilter(search="zzzz")
    times["counts, search without a hit"] = _timed(database, lambda unit: queries.inbox_counts(unit, missed, START))
    times["one mention"] = _timed(database, lambda unit: queries.mention_view(unit, middle))
    times["its thread"] = _timed(database, lambda unit: queries.thread(unit, middle))
    times["author history"] = _timed(database, lambda unit: queries.author_history(unit, "reddit", "user7"))
    return times


def _inbox(database: Database, wanted: InboxFilter, number: int) -> Callable[[Connection], object]:
    """The question for page `number`; the pages before it are walked here, untimed."""
    key = None
    for _ in range(number - 1):
        with database.read() as unit:
            key = queries.inbox(unit, wanted, after=key, size=PAGE).next
    return lambda unit: queries.inbox(unit, wanted, after=key, size=PAGE)


def _timed(database: Database, ask: Callable[[Connection], object]) -> Timings:
    """Milliseconds for a unit of work that asks once; the first, which fills caches, is not counted."""
    taken = []
    for _ in range(REPEATS + 1):
        began = time.perf_counter()
        with database.read() as unit:
            ask(unit)
        taken.append((time.perf_counter() - began) * 1000)
    counted = taken[1:]
    return {"median": round(statistics.median(counted), 2), "slowest": round(max(counted), 2)}
