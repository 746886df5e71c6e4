from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from classifiers.types import (
    Assessment,
    Intent,
    Judgement,
    Language,
    ModelUnavailable,
    Sentiment,
    Toxicity,
    Urgency,
    UrgencyReason,
)
from monitor.alerts import Card, Threshold
from monitor.delivery import Delivery
from monitor.errors import AuthFailed, BadPayload, DatabaseBusy, EdgeError, RateLimited, Refused, SourceDown
from monitor.judging import MODEL_REST, PROBE, UNREADABLE, Judging
from monitor.mention import Author, Batch, Cursor, MentionState, NewMention, SourceName, SourceState
from monitor.pipeline import MOST_PAGES, Pipeline, Rules, Source
from monitor.priority import ReplyTimes
from monitor.storage import mentions as mention_rows
from monitor.storage import sources as source_rows
from monitor.storage.audit import AuditLog
from monitor.storage.migrate import upgrade
from monitor.storage.schema import alerts as alert_table
from monitor.storage.schema import mentions as mention_table
from monitor.storage.session import Database

START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
NAME = SourceName("feed")
MINUTES = timedelta(minutes=5)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time


def post(number: int, text: str, **changes: object) -> NewMention:
    plain = NewMention(
        external_id=f"p{number}",
        platform="reddit",
        created_at=START - timedelta(minutes=1),
        author=Author(handle=f"user{number}", followers=10),
        text=text,
    )
    return replace(plain, **changes)


@dataclass
class FakeCollector:
    """Brings what it is given, one answer a fetch; an answer may be an error."""

    answers: list[Batch | Exception]
    cursors: list[Cursor] = field(default_factory=list)

    def fetch(self, cursor: Cursor, *, now: datetime) -> Batch:  # noqa: ARG002 - the protocol
        self.cursors.append(cursor)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def batch(*posts: NewMention, more: bool = False, cursor: str = "1", note: str | None = None) -> Batch:
    return Batch(mentions=posts, cursor=Cursor(values={"at": cursor}), seen=len(posts), more=more, note=note)


def judge(text: str) -> Assessment:
    urgent = "fire" in text
    angry = "awful" in text
    return Assessment(
        lang=Language(label="en", score=1.0),
        sentiment=Judgement(label=Sentiment.NEGATIVE if angry else Sentiment.NEUTRAL, score=0.9, sure=True),
        toxicity=Judgement(label=Toxicity.CLEAN, score=0.9, sure=True),
        intent=Judgement(label=Intent.COMPLAINT if angry else Intent.OTHER, score=0.9, sure=True),
        urgency=Urgency(urgent=urgent, score=0.9, reason=UrgencyReason.SAFETY if urgent else None, sure=True),
        model="fake",
        revision="1",
    )


@dataclass
class FakeModel:
    """Judges by words; fails on the word `poison`, or on everything while `fault` is set."""

    fault: Exception | None = None
    calls: list[int] = field(default_factory=list)

    def __call__(self, texts: Sequence[str]) -> Sequence[Assessment]:
        self.calls.append(len(texts))
        if self.fault is not None:
            raise self.fault
        if any("poison" in text for text in texts):
            raise RuntimeError("the words of the post: poison")
        return [judge(text) for text in texts]


@dataclass
class FakeNotifier:
    """Keeps cards; raises what it is told to, one error a send."""

    channel: str = "fake"
    errors: list[EdgeError] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    tries: int = 0

    def send(self, card: Card, *, now: datetime) -> None:  # noqa: ARG002 - the protocol
        self.tries += 1
        if self.errors:
            raise self.errors.pop(0)
        self.cards.append(card)


@dataclass
class Line:
    """A whole line on a database in memory."""

    database: Database
    clock: Clock
    model: FakeModel
    notifier: FakeNotifier
    pipeline: Pipeline
    delivery: Delivery

    def feed(self, *answers: Batch | Exception) -> FakeCollector:
        collector = FakeCollector(answers=list(answers))
        self.collected = self.pipeline.collect(source(collector))
        return collector

    def run(self) -> None:
        self.pipeline.judge_all()
        self.delivery.deliver()

    def column(self, name: str) -> list[object]:
        with self.database.read() as connection:
            return list(connection.execute(select(mention_table.c[name]).order_by(mention_table.c.id)).scalars())

    def alerts(self, name: str = "state") -> list[object]:
        with self.database.read() as connection:
            return list(connection.execute(select(alert_table.c[name]).order_by(alert_table.c.id)).scalars())

    def state(self) -> source_rows.SourceRow:
        with self.database.read() as connection:
            row = source_rows.get(connection, NAME)
        assert row is not None
        return row


def source(collector: FakeCollector | None, fault: EdgeError | None = None) -> Source:
    return Source(name=NAME, kind="feed", interval=MINUTES, collector=collector, fault=fault)


def brand_of(given: NewMention, inherited: str | None) -> str | None:
    return "lumen" if "Lumen" in given.text else inherited


@pytest.fixture
def line() -> Iterator[Line]:
    database = Database.open("sqlite://")
    upgrade(database)
    clock, model, notifier = Clock(), FakeModel(), FakeNotifier()
    pipeline = Pipeline(
        database=database,
        audit=AuditLog(b"k" * 32),
        brand_of=brand_of,
        ours=lambda post: post.author.handle == "lumenhelp",
        clean=str.strip,
        judging=Judging(assess=model, now=clock),
        rules=Rules(
            times=ReplyTimes(
                urgent=timedelta(minutes=12),
                personal=timedelta(hours=2),
                flow=timedelta(hours=1),
                quiet=timedelta(days=1),
            ),
            threshold=Threshold(severity=60, max_age=timedelta(hours=48)),
            channel="fake",
        ),
        now=clock,
        chance=lambda: 0.5,
    )
    delivery = Delivery(database=database, notifier=notifier, console_url="http://console", now=clock)
    yield Line(database, clock, model, notifier, pipeline, delivery)
    database.close()


def test_a_post_goes_all_the_way(line: Line) -> None:
    line.feed(batch(post(1, "My Lumen is on fire")))
    assert line.column("state") == ["collected"]
    line.run()
    assert line.column("state") == ["triaged"]
    assert line.column("lane") == ["personal"]
    assert line.column("due_at") == [START + timedelta(minutes=11)]
    assert line.alerts() == ["delivered"]
    assert [card.quote for card in line.notifier.cards] == ["My Lumen is on fire"]
    assert line.notifier.cards[0].severity == line.column("severity")[0]


def test_what_is_about_no_brand_is_kept_but_not_judged(line: Line) -> None:
    line.feed(batch(post(1, "My toaster is on fire"), post(2, "fire here", addressed=True)))
    line.run()
    assert line.column("model") == [None, "fake"]
    assert line.alerts("mention_id") == [2]


def test_our_own_posts_are_no_mentions_but_their_answers_are(line: Line) -> None:
    ours = post(1, "Lumen is on fire today!", author=Author(handle="lumenhelp"), external_id="root")
    line.feed(batch(ours, post(2, "fire, really?", parent_id="root", root_id="root")))
    line.run()
    assert line.column("model") == [None, "fake"]
    assert line.alerts("mention_id") == [2]


def test_the_same_page_twice_changes_nothing(line: Line) -> None:
    page = batch(post(1, "My Lumen is on fire"))
    for _ in range(3):
        line.feed(page)
        line.run()
    assert line.column("external_id") == ["p1"]
    assert line.notifier.tries == 1
    assert line.collected.added == 0


def test_the_cursor_goes_with_the_rows_and_pages_follow_each_other(line: Line) -> None:
    collector = line.feed(batch(post(1, "a"), more=True, cursor="1"), batch(post(2, "b"), cursor="2"))
    assert [cursor.values for cursor in collector.cursors] == [{}, {"at": "1"}]
    assert (line.collected.seen, line.collected.added) == (2, 2)
    assert line.feed(batch()).cursors[0].values == {"at": "2"}


def test_an_endless_source_is_left_after_some_pages_and_soon_goes_on(line: Line) -> None:
    collector = line.feed(*[batch(post(i, "a"), more=True, cursor=str(i)) for i in range(MOST_PAGES + 5)])
    assert len(collector.cursors) == MOST_PAGES
    assert line.state().next_run_at == START + timedelta(seconds=5)


def test_a_source_that_went_well_says_so_and_runs_again(line: Line) -> None:
    line.feed(batch(post(1, "a"), note="half of the page was blank"))
    row = line.state()
    assert (row.state, row.detail, row.seen, row.added) == (SourceState.OK, "half of the page was blank", 1, 1)
    assert row.next_run_at == START + MINUTES


@pytest.mark.parametrize(
    ("error", "state", "wait"),
    [
        (RateLimited("slow", until=START + timedelta(minutes=15)), SourceState.LIMITED, timedelta(minutes=15)),
        (AuthFailed("expired"), SourceState.REVOKED, timedelta(hours=6)),
        (SourceDown("down"), SourceState.UNREACHABLE, MINUTES),
        (BadPayload("not a feed"), SourceState.UNREACHABLE, MINUTES),
    ],
)
def test_a_source_that_fails_says_why_and_keeps_its_cursor(
    error: EdgeError, state: SourceState, wait: timedelta, line: Line
) -> None:
    line.feed(batch(post(1, "a"), cursor="7"))
    line.feed(error)
    row = line.state()
    assert (row.state, row.failures) == (state, 1)
    assert row.next_run_at == START + wait
    assert row.remedy
    assert line.feed(batch()).cursors[0].values == {"at": "7"}
    assert line.state().failures == 0


def test_back_off_grows(line: Line) -> None:
    waits = []
    for _ in range(3):
        line.feed(SourceDown("down"))
        waits.append(line.state().next_run_at)
    assert waits == [START + MINUTES, START + MINUTES * 2, START + MINUTES * 4]


def test_a_page_that_was_stored_before_the_next_failed_stays(line: Line) -> None:
    line.feed(batch(post(1, "a"), more=True), SourceDown("down"))
    assert line.column("external_id") == ["p1"]
    assert line.collected.added == 1
    assert line.state().state is SourceState.UNREACHABLE


def test_a_defect_of_a_collector_is_one_sentence_without_its_words(line: Line) -> None:
    with capture_logs() as logs:
        line.feed(KeyError("token=hush-4711"))
    assert line.state().detail == "the collector failed (KeyError)"
    assert "hush-4711" not in str(logs)
    assert logs[0]["event"] == "source.defect"


def test_a_source_that_cannot_be_set_up_says_so(line: Line) -> None:
    result = line.pipeline.collect(source(None, Refused("no such kind", remedy="choose another")))
    assert (result.state, result.remedy) == (SourceState.MISCONFIGURED, "choose another")


def test_a_busy_database_is_tried_again_before_the_page_is_given_up(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Callable[..., mention_rows.Added] = mention_rows.add_new
    busy = [DatabaseBusy("held"), DatabaseBusy("held")]

    def sometimes(*args: object, **options: object) -> mention_rows.Added:
        if busy:
            raise busy.pop()
        return real(*args, **options)

    monkeypatch.setattr(mention_rows, "add_new", sometimes)
    collector = line.feed(batch(post(1, "a")))
    assert len(collector.cursors) == 1
    assert line.collected.added == 1
    busy.extend([DatabaseBusy("held")] * 3)
    line.feed(batch(post(2, "b"), cursor="2"))
    assert line.collected.state is SourceState.UNREACHABLE
    assert line.feed(batch(post(2, "b"))).cursors[0].values == {"at": "1"}  # nothing was lost: it is fetched again


def test_without_a_model_mentions_wait_and_it_is_said_once(line: Line) -> None:
    line.feed(batch(post(1, "My Lumen is on fire")))
    line.model.fault = ModelUnavailable("weights/model.onnx is missing; run make model")
    with capture_logs() as logs:
        for _ in range(3):
            line.run()
            line.clock.time += MODEL_REST
    assert [entry["event"] for entry in logs] == ["model.unavailable"]
    assert line.column("state") == ["collected"]
    line.model.fault = None
    line.run()
    assert line.column("state") == ["triaged"]
    assert line.alerts() == ["delivered"]


def test_a_model_that_cannot_be_used_is_left_alone_for_a_while(line: Line) -> None:
    line.feed(batch(post(1, "Lumen")))
    line.model.fault = ModelUnavailable("damaged")
    line.run()
    line.run()
    assert len(line.model.calls) == 1


def test_a_poison_text_costs_only_itself(line: Line) -> None:
    line.feed(batch(*[post(i, "Lumen poison" if i == 5 else "Lumen is awful") for i in range(8)]))
    with capture_logs() as logs:
        line.run()
    assert line.column("state") == ["triaged"] * 8
    models = line.column("model")
    assert models.count(UNREADABLE) == 1
    assert models[5] == UNREADABLE
    assert line.column("lane_reason")[5] == "not sure what it says: a person should read it"
    assert "poison" not in str(logs)


def test_a_model_that_fails_on_everything_blames_no_text(line: Line) -> None:
    line.feed(batch(post(1, "Lumen"), post(2, "Lumen")))
    line.model.fault = RuntimeError("out of memory")
    with capture_logs() as logs:
        line.run()
    assert line.column("state") == ["collected"] * 2
    assert [entry["reason"] for entry in logs if entry["event"] == "model.unavailable"] == [
        "the model fails on every text (RuntimeError)"
    ]
    assert PROBE not in str(logs)


def test_an_alert_that_failed_is_retried_until_it_is_in(line: Line) -> None:
    line.feed(batch(post(1, "My Lumen is on fire")))
    line.notifier.errors = [SourceDown("Slack answered 500"), SourceDown("Slack did not answer")]
    line.run()
    assert line.alerts() == ["due"]
    assert line.alerts("last_error") == ["Slack answered 500"]
    assert line.alerts("next_try_at") == [START + timedelta(seconds=10)]
    line.run()  # not before its time
    assert line.notifier.tries == 1
    line.clock.time += timedelta(seconds=10)
    line.run()
    assert line.alerts("next_try_at") == [START + timedelta(seconds=30)]
    line.clock.time += timedelta(seconds=20)
    line.run()
    assert line.alerts() == ["delivered"]
    assert line.notifier.tries == 3
    assert len(line.notifier.cards) == 1


def test_one_wall_is_enough_for_all_alerts(line: Line) -> None:
    line.feed(batch(*[post(i, "My Lumen is on fire") for i in range(5)]))
    line.notifier.errors = [RateLimited("wait", until=START + timedelta(seconds=30))]
    line.run()
    assert line.notifier.tries == 1
    line.clock.time += timedelta(seconds=30)
    line.run()
    assert line.alerts() == ["delivered"] * 5
    assert line.notifier.tries == 6


def test_a_message_that_slack_cannot_use_does_not_hold_up_the_others(line: Line) -> None:
    line.feed(batch(post(1, "My Lumen is on fire"), post(2, "My Lumen is on fire")))
    line.notifier.errors = [BadPayload("invalid_blocks")]
    line.run()
    assert sorted(map(str, line.alerts())) == ["delivered", "due"]


def test_a_revoked_webhook_is_shown_and_given_up_after_a_week(line: Line) -> None:
    line.feed(batch(post(1, "My Lumen is on fire")))
    line.notifier.errors = [AuthFailed("Slack refuses the webhook", remedy="make a new one")] * 2
    line.run()
    assert line.alerts("last_error") == ["Slack refuses the webhook; make a new one"]
    assert line.alerts() == ["due"]
    line.clock.time += timedelta(days=7)
    with capture_logs() as logs:
        line.delivery.deliver()
    assert line.alerts() == ["given-up"]
    assert [entry["event"] for entry in logs] == ["alert.given-up"]


def test_a_kill_between_sending_and_recording_repeats_the_alert_rather_than_losing_it(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    line.feed(batch(post(1, "My Lumen is on fire")))
    line.pipeline.judge_all()

    class Killed(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("monitor.storage.alerts.record_delivered", die)
        with pytest.raises(Killed):
            line.delivery.deliver()
    assert line.alerts() == ["due"]
    line.delivery.deliver()
    assert line.notifier.tries == 1  # held back from others for a minute
    line.clock.time += timedelta(seconds=61)
    line.delivery.deliver()
    assert line.alerts() == ["delivered"]


def test_a_mention_that_grows_is_looked_at_again_and_calls_nobody_twice(line: Line) -> None:
    line.feed(batch(post(1, "My Lumen is on fire", external_id="root")))
    line.run()
    first = line.column("severity")[0]
    replies = [post(i, "same here", parent_id="root", root_id="root") for i in range(10, 20)]
    line.feed(batch(*replies))
    line.clock.time += timedelta(minutes=6)
    line.run()
    assert line.column("severity")[0] > first  # type: ignore[operator]
    assert line.alerts("rule") == ["urgent"]


def test_old_posts_raise_no_alert(line: Line) -> None:
    line.feed(batch(post(1, "My Lumen is on fire", created_at=START - timedelta(hours=49))))
    line.run()
    assert line.column("state") == ["triaged"]
    assert line.alerts() == []


def test_priority_and_alert_are_stored_together(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    line.feed(batch(post(1, "My Lumen is on fire")))
    line.pipeline.classify()

    def die(*_: object, **__: object) -> int:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr("monitor.storage.alerts.add_due", die)
        with pytest.raises(RuntimeError):
            line.pipeline.prioritise()
    assert line.column("state") == [MentionState.ASSESSED.value]
    line.run()
    assert line.alerts() == ["delivered"]


def test_a_stop_is_heard_between_two_batches(line: Line) -> None:
    line.feed(batch(post(1, "Lumen")))
    line.pipeline.stopping = lambda: True
    line.delivery.stopping = lambda: True
    line.run()
    assert line.column("state") == ["collected"]
