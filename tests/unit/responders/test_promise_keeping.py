"""A reply that went out leaves its promises behind; a person says what became of them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from classifiers.types import RiskReport, Severity
from monitor.config import Brand, ReplySettings, Settings
from monitor.mention import Lane
from monitor.storage import promises as rows
from monitor.storage.promises import Promise, PromiseState
from responders import store
from responders.accounts import NotAllowed
from responders.check import SHIPPED_POLICY
from responders.compliance import Decision, PolicyBroken, decide, parse_policy
from responders.console.words import LANGUAGES
from responders.promise_keeping import Keeping, terms_of
from responders.promise_policy import ADMINISTRATOR, REASONS, SECOND_PERSON, PromisePolicy, Terms
from responders.promise_rules import Kind
from responders.reply import IllegalMove, ReplyState, UnknownReply, Verdict
from tests.reply_world import NOW, World, publish_next

POLICY = SHIPPED_POLICY.read_text(encoding="utf-8")
WORDS = "Sorry! We'll refund you within two days and we'll call you tomorrow by 18:00."


def opened(world: World) -> list[Promise]:
    with world.database.read() as unit:
        return rows.opened(unit)


def sent(world: World, text: str = WORDS) -> list[Promise]:
    world.approved(world.draft(text))
    outcome = publish_next(world.publishing())
    assert outcome is not None
    return opened(world)


def test_a_published_reply_leaves_its_promises(world: World) -> None:
    call, refund = sent(world)
    assert (call.kind, call.text, call.by) == ("call", "we'll call you tomorrow by 18:00", "agent")
    assert call.due_at == datetime(2026, 3, 3, 18, tzinfo=UTC)
    assert (refund.kind, refund.due_at) == ("refund", datetime(2026, 3, 4, 23, 59, tzinfo=UTC))
    assert call.made_at == NOW
    assert call.remind_at == call.due_at - timedelta(hours=2)


def test_nothing_is_promised_before_it_is_out(world: World) -> None:
    world.approved(world.draft(WORDS))
    assert opened(world) == []


def test_a_reply_posted_by_hand_promises_too(world: World) -> None:
    draft = world.approved(world.draft(WORDS))
    world.posting.begin(draft.id, by=world.agent, now=NOW, version=draft.version)
    later = NOW + timedelta(days=1)
    after = world.posting.posted(draft.id, "https://social.example/1", by=world.agent, now=later)
    assert after.state is ReplyState.SENT
    assert {promise.made_at for promise in opened(world)} == {NOW}  # the customer read "tomorrow" when it went out


def test_words_that_cannot_be_read_keep_no_sent_reply_from_being_recorded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = world.approved(world.draft(WORDS))

    def breaks(*args: object, **named: object) -> None:  # noqa: ARG001 - whatever it is asked
        raise RecursionError

    monkeypatch.setattr(Terms, "of", breaks)
    assert publish_next(world.publishing()) is not None
    with world.database.read() as unit:
        assert store.draft_of(unit, draft.id).state is ReplyState.SENT
    assert opened(world) == []


def test_promises_are_read_on_the_clock_of_the_brand() -> None:
    terms = Terms(zones={"marola": ZoneInfo("Europe/Kyiv")})
    (kyiv,) = terms.of("We'll call you tomorrow by 18:00.", now=NOW, brand="marola")
    (other,) = terms.of("We'll call you tomorrow by 18:00.", now=NOW, brand=None)
    assert (kyiv.due_at.hour, other.due_at.hour) == (16, 18)


def test_a_promise_without_a_time_gets_the_policys() -> None:
    terms = Terms(policy=PromisePolicy(deadline=timedelta(hours=5)))
    (found,) = terms.of("We'll call you.", now=NOW, brand=None)
    assert (found.stated, found.due_at) == (False, NOW + timedelta(hours=5))


def test_what_the_customer_wrote_is_no_promise_of_ours() -> None:
    said = "You told me: we'll call you tomorrow by 18:00."
    assert Terms().of("We'll call you tomorrow by 18:00.", now=NOW, brand=None, mention=said) == ()


def test_a_person_says_that_it_was_kept(world: World) -> None:
    call, refund = sent(world)
    keeping = Keeping(database=world.database, audit=world.audit)
    assert keeping.settle(call.id, kept=True, by=world.agent, now=NOW).state is PromiseState.KEPT
    broken = keeping.settle(refund.id, kept=False, by=world.approver, now=NOW)
    assert (broken.state, broken.settled_by) == (PromiseState.BROKEN, "approver")
    assert world.actions()[-2:] == ["promise.kept", "promise.broken"]
    with pytest.raises(IllegalMove, match="is kept already"):
        keeping.settle(call.id, kept=False, by=world.agent, now=NOW)
    with pytest.raises(UnknownReply, match="no promise 99"):
        keeping.settle(99, kept=True, by=world.agent, now=NOW)


def test_who_only_reads_settles_nothing(world: World) -> None:
    call, _ = sent(world)
    with pytest.raises(NotAllowed):
        Keeping(database=world.database, audit=world.audit).settle(call.id, kept=True, by=world.viewer, now=NOW)
    assert len(opened(world)) == 2


# ------------------------------------------------------------------ authority


def decided(text: str, policy: str = POLICY, say: str = "en") -> Decision:
    report = RiskReport(risk=0.1, findings=(), model="m", revision="r", complete=True, notes=())
    return decide(report, lane=Lane.FLOW, platform=None, followers=1, policy=parse_policy(policy), text=text, say=say)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("We'll refund you within five working days.", Verdict.REVIEW),
        ("Полагодимо ліфт до четверга.", Verdict.REVIEW),
        ("سنعيد لك المبلغ خلال خمسة أيام عمل.", Verdict.REVIEW),
        ("Перезвоним вам завтра.", Verdict.PASS),
        ("We'll refund you.", Verdict.PASS),
        ("Refunds take 3-5 working days.", Verdict.PASS),
    ],
)
def test_a_refund_or_repair_by_a_date_needs_a_second_person(text: str, verdict: Verdict) -> None:
    assert decided(text).verdict is verdict


def test_the_finding_marks_the_words_and_says_why_in_each_language() -> None:
    text = "Sorry! We'll refund you within five days."
    for language in LANGUAGES:
        (finding,) = decided(text, say=language).findings
        assert (finding.rule, finding.text) == (SECOND_PERSON, text[finding.start : finding.end])
        assert finding.why == REASONS[SECOND_PERSON][language]


def test_a_policy_may_allow_more_or_less() -> None:
    loose = POLICY.replace('agent = ["call", ', 'agent = ["refund", "call", ')
    assert decided("We'll refund you today.", loose).verdict is Verdict.PASS
    strict = POLICY.replace('approver = ["call", "write", "refund", ', 'approver = ["call", "write", ')
    judged = decided("We'll refund you today.", strict)
    assert judged.verdict is Verdict.BLOCK
    assert (judged.findings[0].rule, judged.findings[0].severity) == (ADMINISTRATOR, Severity.BLOCK)


def test_a_severity_for_the_category_takes_nobodys_say_away() -> None:
    strict = POLICY.replace('approver = ["call", "write", "refund", ', 'approver = ["call", "write", ')
    mild = strict.replace("[severity]", '[severity]\npromise = "warn"')
    assert decided("We'll refund you today.", mild).verdict is Verdict.BLOCK
    meant = strict.replace("[severity]", f'[severity]\n"{ADMINISTRATOR}" = "warn"')
    assert decided("We'll refund you today.", meant).verdict is Verdict.PASS


def test_a_policy_without_the_section_is_usable() -> None:
    section = POLICY[POLICY.index("[promises]") : POLICY.index("[hold_seconds.flow]")]
    assert parse_policy(POLICY.replace(section, "")).promises == PromisePolicy()


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("hours = 0", "promises.hours"),
        ('agent = ["jump"]', "promises.agent"),
        ('weekend = ["someday"]', "promises.weekend"),
        ("deadline = 3", 'unknown key "deadline"'),
    ],
)
def test_a_wrong_section_stops_sending(line: str, named: str) -> None:
    section = POLICY[POLICY.index("[promises]") : POLICY.index("[hold_seconds.flow]")]
    with pytest.raises(PolicyBroken, match=named):
        parse_policy(POLICY.replace(section, f"[promises]\n{line}\n"))


def test_terms_come_from_settings_and_policy(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY.replace("hours = 24 ", "hours = 48 "), encoding="utf-8")
    brands = {"marola": Brand(name="Marola", timezone="Europe/Kyiv")}
    terms = terms_of(Settings(brands=brands, replies=ReplySettings(policy=policy)))
    assert (terms.policy.deadline, terms.zones) == (timedelta(hours=48), {"marola": ZoneInfo("Europe/Kyiv")})
    policy.write_text("broken", encoding="utf-8")
    assert terms_of(Settings(brands=brands, replies=ReplySettings(policy=policy))).policy == PromisePolicy()


def test_the_shipped_policy_says_what_the_program_says() -> None:
    assert parse_policy(POLICY).promises == PromisePolicy()
    assert frozenset(Kind) - PromisePolicy().agent == {Kind.REFUND, Kind.REPAIR}
