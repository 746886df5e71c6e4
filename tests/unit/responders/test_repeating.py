"""What our last replies and our templates say of a draft where it is decided: at submission, and before it is sent."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from classifiers.reply_risk import Reply, ReplyJudge, default_rules
from classifiers.types import Category, Finding, RiskReport, Severity
from monitor.mention import Lane
from responders import store
from responders.check import SHIPPED_POLICY, ReplyChecker
from responders.compliance import parse_policy
from responders.reply import Draft, ReplyState, Verdict
from responders.sameness import SAME_WORDS, TEMPLATE_ON_ANGER
from responders.sample import TEMPLATES
from responders.templates import fill, parse
from tests.reply_world import NOW, Checked, World, publish_next

WORDS = "We have asked the workshop about your kettle and they expect the part by the middle of next week."
REPEATED = Finding(
    category=Category.NO_EMPATHY,
    severity=Severity.WARN,
    start=None,
    end=None,
    text="",
    rule=SAME_WORDS,
    score=1.0,
    why="100 % of these words are those of our reply of 2026-03-01 by olha",
)


class Calm(ReplyJudge):
    """Finds nothing in any draft."""

    def assess(self, replies: Sequence[Reply], *, say: str = "en") -> list[RiskReport]:
        del say
        return [RiskReport(risk=0.02, findings=(), model="m", revision="r") for _ in replies]


def sent(world: World, text: str = WORDS, post: str = "earlier") -> Draft:
    draft = world.approved(world.draft(text, mention_id=world.mention(post)))
    outcome = publish_next(world.publishing())
    assert outcome is not None
    assert world.stored(draft.id).state is ReplyState.SENT
    return draft


def test_what_was_sent_is_remembered_by_brand_newest_first(world: World) -> None:
    sent(world, "first of all the replies", "a")
    sent(world, "second of all the replies", "b")
    world.draft("never sent", mention_id=world.mention("c"))
    with world.database.read() as unit:
        last = store.last_sent(unit, None)
        assert [one.text for one in last] == ["second of all the replies", "first of all the replies"]
        assert (last[0].author, last[0].at, last[0].lang) == ("agent", NOW, "en")
        assert last[0].mention == "The kettle broke after two days."
        assert len(store.last_sent(unit, None, limit=1)) == 1
        assert store.last_sent(unit, "another brand") == []


def test_a_submitted_reply_is_told_that_its_words_went_out_before(world: World) -> None:
    sent(world)
    submitted = world.submitted(world.draft(WORDS, mention_id=world.mention("later")))
    assert submitted.report is not None
    (finding,) = submitted.report.findings
    assert finding.rule == SAME_WORDS
    assert "by agent" in finding.why
    assert world.stored(submitted.id).report == submitted.report


def test_a_template_on_an_angry_and_specific_post_is_told_at_submission(world: World) -> None:
    book = parse(TEMPLATES.read_bytes())
    post = world.mention("angry", "Third call since 12 May, order 44182, and your courier laughed at me. Shame.")
    world.change_mention(post, sentiment="negative", lane="personal")
    text = fill(book.templates["delivery-late"], "en", {"channel": "DM"})
    review = replace(world.review, templates=book)
    draft = review.open_draft(post, by=world.agent, now=NOW, door="dry_run", text=text)
    report = review.submit(draft.id, by=world.agent, now=NOW, version=draft.version).report
    assert report is not None
    assert [finding.rule for finding in report.findings] == [TEMPLATE_ON_ANGER]


def test_words_that_went_out_since_the_approval_count_before_sending(world: World) -> None:
    sent(world)
    later = world.approved(world.draft(WORDS, mention_id=world.mention("later")))
    world.checker.besides.clear()
    publish_next(world.publishing())
    assert world.stored(later.id).state is ReplyState.SENT  # a warning holds nothing up
    assert [finding.rule for given in world.checker.besides for finding in given] == [SAME_WORDS]


def test_a_verdict_that_got_worse_by_repetition_stops_the_reply(world: World) -> None:
    first = world.approved(world.draft(WORDS, mention_id=world.mention("first")))
    second = world.approved(world.draft(WORDS, mention_id=world.mention("second")))
    publish_next(world.publishing())
    world.checker.says = Checked(verdict=Verdict.REVIEW.value)  # as a policy that reviews repetitions would say
    publish_next(world.publishing())
    assert world.stored(first.id).state is ReplyState.SENT
    assert world.stored(second.id).state is not ReplyState.SENT


@pytest.mark.parametrize(
    ("severity", "line", "verdict"),
    [
        (Severity.WARN, "", Verdict.PASS),
        (Severity.REVIEW, "", Verdict.REVIEW),
        (Severity.WARN, f'"{SAME_WORDS}" = "review"', Verdict.REVIEW),
        (Severity.WARN, f'"{SAME_WORDS}" = "block"', Verdict.BLOCK),
        (Severity.REVIEW, f'"{SAME_WORDS}" = "warn"', Verdict.PASS),
    ],
)
def test_the_policy_weighs_findings_that_others_bring(severity: Severity, line: str, verdict: Verdict) -> None:
    text = SHIPPED_POLICY.read_text(encoding="utf-8").replace("[severity]", f"[severity]\n{line}")
    checker = ReplyChecker(judge=Calm(rules=default_rules(), encoder=None), policy=parse_policy(text))
    assert checker.check(WORDS, lane=Lane.FLOW).verdict is Verdict.PASS
    checked = checker.check(WORDS, lane=Lane.FLOW, besides=[replace(REPEATED, severity=severity)])
    assert [finding.rule for finding in checked.findings] == [SAME_WORDS]
    assert checked.verdict is verdict
    assert checked.approvals_needed == checker.policy.approvals[Lane.FLOW, verdict]
    assert checked.hold_seconds == checker.policy.hold_seconds[Lane.FLOW, verdict]
