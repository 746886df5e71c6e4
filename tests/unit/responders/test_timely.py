"""A check that is late or hangs: a person decides, nobody waits for ever, and threads do not pile up."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

import pytest

from classifiers.encoder import DraftOutput
from classifiers.reply_risk import ReplyJudge, default_rules
from classifiers.types import ModelUnavailable
from monitor.config import Settings
from responders import store
from responders.check import ReplyChecker, load_policy
from responders.checking import FIRST_SECONDS, checker_of
from responders.reply import Verdict
from responders.report import check_reply
from responders.timely import AT_ONCE, CHECK_SECONDS, Bounded, TooSlow
from tests.reply_world import NOW, Checked, World, publish_next

T = TypeVar("T")
LATE = "the check took longer than 0.05 seconds; a person must decide"
PLAIN = "It comes in May."
RUDE = "You are such an idiot, Ann."


class Hanging:
    """An encoder that says nothing until it is let go."""

    model = "hanging"
    revision = "7"

    def __init__(self) -> None:
        self.go = threading.Event()
        self.began = threading.Semaphore(0)

    def run_drafts(self, pairs: Sequence[tuple[str | None, str]]) -> list[DraftOutput]:
        del pairs
        self.began.release()
        self.go.wait(30)
        raise ModelUnavailable("let go")

    def threshold_for(self, lang: str | None) -> float:
        del lang
        return 0.5


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    encoder = Hanging()
    yield encoder
    encoder.go.set()


class Patient(Bounded):
    """Waits as long as it takes, and remembers how long it should have."""

    def __init__(self) -> None:
        super().__init__()
        self.limits: list[float] = []

    def run(self, work: Callable[[], T], *, seconds: float = CHECK_SECONDS) -> T:
        self.limits.append(seconds)
        return super().run(work, seconds=60)


def checker_with(encoder: Hanging | None, seconds: float = 0.05) -> ReplyChecker:
    """A checker of which only the encoder can be late: the rules take their time on a busy machine."""
    judge = ReplyJudge(rules=default_rules(), encoder=encoder)
    return ReplyChecker(judge=judge, policy=load_policy(), seconds=seconds, rules_only=Patient())


def our_threads() -> int:
    return sum(thread.name == "reply-check-in-time" for thread in threading.enumerate())


def test_the_limit_is_two_seconds_wherever_somebody_waits() -> None:
    judge = ReplyJudge(rules=default_rules(), encoder=None)
    assert ReplyChecker(judge=judge, policy=load_policy()).seconds == CHECK_SECONDS == 2.0


def test_a_hanging_model_is_no_pass_and_says_so(hanging: Hanging) -> None:
    checked = checker_with(hanging).check(PLAIN)
    assert checked.verdict is Verdict.REVIEW
    assert checked.notes == (LATE,)
    assert checked.policy == load_policy().version


def test_the_rules_still_block_what_they_see(hanging: Hanging) -> None:
    checked = checker_with(hanging).check(RUDE, platform="x")
    assert checked.verdict is Verdict.BLOCK
    assert "insult" in {finding.category.value for finding in checked.findings}
    assert checked.approvals_needed == 2


def test_where_nothing_answers_in_time_nothing_passes(hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    checker = replace(checker_with(hanging), rules_only=Bounded(), seconds=0.01)

    def stuck(*_words: object, **_names: object) -> list[object]:
        hanging.go.wait(30)
        return []

    monkeypatch.setattr(ReplyJudge, "assess", stuck)
    checked = checker.check(PLAIN, followers=20_000)
    assert (checked.verdict, checked.risk, checked.findings) == (Verdict.REVIEW, 1.0, ())
    assert checked.notes[0] == "the check took longer than 0.01 seconds; a person must decide"
    assert checked.approvals_needed == 2, "the policy counts as ever"
    assert replace(checker, judge=replace(checker.judge, encoder=None)).check(PLAIN).verdict is Verdict.REVIEW


def test_hanging_checks_do_not_pile_up(hanging: Hanging) -> None:
    checker = checker_with(hanging, seconds=0.01)
    before = our_threads()
    for _ in range(6):
        assert checker.check(PLAIN).verdict is Verdict.REVIEW
    for _ in range(AT_ONCE):
        assert hanging.began.acquire(timeout=30)
    assert not hanging.began.acquire(timeout=0.05), "nobody else begins while they hang"
    assert our_threads() - before <= AT_ONCE + 1  # the last run of the rules may be about to end
    hanging.go.set()
    assert replace(checker, seconds=60).check(PLAIN).notes == ("let go",), "places are given back"


def test_what_the_work_itself_raises_comes_through() -> None:
    def broken() -> None:
        raise TimeoutError("its own")

    with pytest.raises(TimeoutError, match="its own"):
        Bounded().run(broken, seconds=60)


def test_work_that_is_late_is_too_slow() -> None:
    go = threading.Event()
    with pytest.raises(TooSlow):
        Bounded().run(lambda: go.wait(30), seconds=0.01)
    go.set()


def test_the_load_and_the_first_check_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Patient()
    loaded: list[str] = []

    def load(**_names: object) -> ReplyChecker:
        assert whole.limits == [], "no clock runs before the model is there"
        loaded.append("once")
        return replace(checker_with(None, seconds=CHECK_SECONDS), whole=whole)

    monkeypatch.setattr(ReplyChecker, "load", staticmethod(load))
    checker = checker_of(Settings())
    checker.check(PLAIN)
    checker.check(PLAIN)
    assert loaded == ["once"]
    assert whole.limits == [FIRST_SECONDS, CHECK_SECONDS, CHECK_SECONDS]


def test_a_late_check_before_sending_stops_with_the_sentence(world: World, hanging: Hanging) -> None:
    world.checker.says = Checked(policy=load_policy().version)
    world.approved(world.draft(PLAIN))
    world.checker = checker_with(hanging)
    outcome = publish_next(world.publishing())
    assert outcome is not None
    assert outcome.sentence == f"not sent: the reply check now says review ({LATE}); it was approved as pass"
    assert world.door.sent == []


def test_the_desk_gets_the_incomplete_report_of_a_late_check(world: World, hanging: Hanging) -> None:
    mention = world.mention()
    with world.database.read() as unit:
        target = store.target_of(unit, mention)
    report = check_reply(checker_with(hanging), PLAIN, target, NOW)
    assert report.verdict is Verdict.REVIEW
    assert LATE in report.notes
