"""The policy decides, and a policy that cannot be read decides nothing."""

import re
from dataclasses import replace

import pytest

from classifiers.types import Category, Finding, RiskReport, Severity
from monitor.mention import Lane
from responders.check import SHIPPED_POLICY, load_policy
from responders.compliance import Decision, Policy, PolicyBroken, decide, parse_policy, platform_length
from responders.reply import Verdict

TEXT = SHIPPED_POLICY.read_text(encoding="utf-8")
POLICY = parse_policy(TEXT)
WITHOUT_REACH = TEXT.split("[reach]")[0]
"""A policy as policies were before they knew reach."""
WITHOUT_PRICE = TEXT.replace("[price.x]", "").replace("reply = 0.015", "").replace("with_link = 0.20", "")
REACH = """
[reach]
far = 5000
unknown = "UNKNOWN"
least = "LEAST"
[approvals.far.flow]
pass = 2
[approvals.far.personal]
review = 3
[hold_seconds.far.personal]
pass = 900
"""


def reaching(*, unknown: str = "near", least: str = "pass") -> Policy:
    return parse_policy(WITHOUT_REACH + REACH.replace("UNKNOWN", unknown).replace("LEAST", least))


def finding(category: Category = Category.PROMISE, severity: Severity = Severity.REVIEW, score: float = 0.8) -> Finding:
    rule = f"{category.value}/some"
    return Finding(category=category, severity=severity, start=0, end=2, text="We", rule=rule, score=score, why="Why.")


def report(*findings: Finding, risk: float = 0.1, complete: bool = True, notes: tuple[str, ...] = ()) -> RiskReport:
    return RiskReport(risk=risk, findings=findings, model="m", revision="r", complete=complete, notes=notes)


def decided(
    judged: RiskReport,
    *,
    lane: Lane = Lane.FLOW,
    platform: str | None = None,
    followers: int | None = None,
    policy: Policy = POLICY,
    text: str = "We.",
) -> Decision:
    return decide(judged, lane=lane, platform=platform, followers=followers, policy=policy, text=text)


def test_a_draft_without_findings_passes() -> None:
    assert decided(report()).verdict is Verdict.PASS


def test_a_finding_for_review_asks_for_a_second_person() -> None:
    assert decided(report(finding())).verdict is Verdict.REVIEW


def test_a_blocking_finding_blocks() -> None:
    assert decided(report(finding(severity=Severity.BLOCK))).verdict is Verdict.BLOCK


def test_a_warning_informs_and_stops_nothing() -> None:
    judged = decided(report(finding(severity=Severity.WARN)))
    assert judged.verdict is Verdict.PASS
    assert len(judged.findings) == 1


def test_risk_alone_asks_for_a_second_person() -> None:
    assert decided(report(risk=POLICY.review_risk)).verdict is Verdict.REVIEW
    assert decided(report(risk=POLICY.review_risk - 0.01)).verdict is Verdict.PASS


@pytest.mark.parametrize("category", list(Category))
def test_high_risk_blocks_only_where_the_policy_says(category: Category) -> None:
    verdict = decided(report(finding(category), risk=0.99)).verdict
    assert verdict is (Verdict.BLOCK if category in POLICY.block_categories else Verdict.REVIEW)


def test_an_incomplete_check_is_never_a_pass() -> None:
    judged = decided(report(complete=False))
    assert judged.verdict is Verdict.REVIEW
    assert judged.notes == ("the check is incomplete; a person must decide",)


def test_what_the_check_could_not_judge_is_told() -> None:
    assert decided(report(complete=False, notes=("no model",))).notes == ("no model",)


def test_a_draft_longer_than_the_platform_takes_is_blocked_and_says_by_how_much() -> None:
    judged = decided(report(), platform="x", text="a" * 285)
    assert judged.verdict is Verdict.BLOCK
    assert judged.notes == ("the draft is 285 characters long and x takes 280; shorten it by 5",)


def test_x_counts_links_as_23_and_emoji_as_two() -> None:
    assert platform_length("See https://brand.example/" + "a" * 200, "x") == len("See ") + 23
    assert platform_length("👍", "x") == 2
    assert platform_length("Привет", "x") == 6
    assert platform_length("مرحبا", "x") == 5
    assert platform_length("👍", "mastodon") == 1


LINKED = "See https://brand.example/help for more."
DEAR = "a reply with a link costs about $0.20 on x, without one $0.015"


@pytest.mark.parametrize(
    "text", [LINKED, "See HTTPS://BRAND.EXAMPLE", "На brand.com.ua/help", "См. бренд.рф", "انظر brand.sa"]
)
def test_the_price_of_a_link_on_x_is_told_and_decides_nothing(text: str) -> None:
    free = parse_policy(TEXT.replace("[price.x]", "[price.other]"))
    for judged in (report(), report(finding()), report(complete=False, notes=("no model",))):
        told = decided(judged, platform="x", text=text)
        assert told.notes == (*judged.notes, DEAR)
        assert replace(told, notes=judged.notes) == decided(judged, platform="x", text=text, policy=free)


def test_a_price_is_told_only_where_it_is_charged() -> None:
    assert decided(report(), platform="x", text="Write to help@brand.example. We answer.So soon").notes == ()
    assert decided(report(), platform="mastodon", text=LINKED).notes == ()
    assert decided(report(), text=LINKED).notes == ()
    assert decided(report(), platform="x", text=LINKED, policy=parse_policy(WITHOUT_PRICE)).notes == ()
    same = parse_policy(TEXT.replace("with_link = 0.20", "with_link = 0.015"))
    assert decided(report(), platform="x", text=LINKED, policy=same).notes == ()


def test_the_personal_lane_holds_longer() -> None:
    risky = report(finding())
    assert decided(risky, lane=Lane.PERSONAL).hold_seconds > decided(risky).hold_seconds


def test_a_blocked_draft_needs_more_approvals() -> None:
    assert decided(report(finding(severity=Severity.BLOCK))).approvals_needed > decided(report()).approvals_needed


def test_a_far_reaching_post_asks_for_more_and_says_why() -> None:
    judged = decided(report(), followers=12_000, policy=reaching())
    assert (judged.verdict, judged.approvals_needed, judged.hold_seconds) == (Verdict.PASS, 2, 0)
    assert judged.notes == ("the author has 12,000 followers: 2 people must approve this reply",)


def test_a_far_reaching_post_waits_longer() -> None:
    judged = decided(report(), lane=Lane.PERSONAL, followers=5_000, policy=reaching())
    assert (judged.approvals_needed, judged.hold_seconds) == (1, 900)
    assert judged.notes == ("the author has 5,000 followers: once approved, this reply waits 900 seconds",)


@pytest.mark.parametrize("lane", list(Lane))
@pytest.mark.parametrize("followers", [None, 0, 4_999])
def test_any_other_post_asks_for_what_it_asked_for(lane: Lane, followers: int | None) -> None:
    for judged in (report(), report(finding()), report(finding(severity=Severity.BLOCK))):
        before = decided(judged, lane=lane, policy=parse_policy(WITHOUT_REACH))
        assert decided(judged, lane=lane, followers=followers, policy=reaching()) == before


@pytest.mark.parametrize("lane", list(Lane))
def test_a_policy_without_reach_means_what_it_meant(lane: Lane) -> None:
    old = parse_policy(WITHOUT_REACH)
    for judged in (report(), report(finding()), report(finding(severity=Severity.BLOCK))):
        whole = decided(judged, lane=lane, followers=9_000_000, policy=old)
        assert whole.notes == ()
        assert whole.approvals_needed == old.approvals[lane, whole.verdict]
        assert whole.hold_seconds == old.hold_seconds[lane, whole.verdict]


def test_the_policy_says_what_an_unknown_reach_is() -> None:
    assert decided(report(), policy=reaching(unknown="near")).approvals_needed == 1
    judged = decided(report(), policy=reaching(unknown="far"))
    assert judged.approvals_needed == 2
    assert judged.notes == ("nobody knows how many follow the author: 2 people must approve this reply",)


def test_a_second_person_may_be_asked_for_whatever_is_found() -> None:
    policy = reaching(least="review")
    judged = decided(report(), lane=Lane.PERSONAL, followers=5_000, policy=policy)
    assert (judged.verdict, judged.approvals_needed) == (Verdict.REVIEW, 3)
    assert judged.notes[0] == "the author has 5,000 followers: a second person must read this reply"
    assert decided(report(), followers=4_999, policy=policy).verdict is Verdict.PASS
    blocked = report(finding(severity=Severity.BLOCK))
    assert decided(blocked, followers=5_000, policy=policy).verdict is Verdict.BLOCK


def test_reach_never_asks_for_less() -> None:
    policy = parse_policy(WITHOUT_REACH + "[reach]\nfar = 1\n[approvals.far.flow]\nblock = 0\n")
    blocked = report(finding(severity=Severity.BLOCK))
    assert decided(blocked, followers=1, policy=policy) == decided(blocked, followers=0, policy=policy)


def test_the_shipped_policy_wants_two_for_what_is_risky_before_many() -> None:
    risky = report(finding())
    assert decided(risky, followers=10_000).approvals_needed == 2
    assert decided(risky, followers=9_999).approvals_needed == 1
    assert decided(report(), followers=10_000).verdict is Verdict.PASS
    assert decided(report(), followers=10_000).hold_seconds == 60


def test_a_rule_s_own_severity_wins_over_its_category_s() -> None:
    policy = parse_policy(TEXT.replace("[severity]", '[severity]\npromise = "block"\n"promise/some" = "warn"'))
    judged = decided(report(finding()), policy=policy)
    assert judged.findings[0].severity is Severity.WARN
    other = replace(finding(), rule="promise/other")
    assert decided(report(other), policy=policy).verdict is Verdict.BLOCK


def test_every_change_of_a_policy_is_a_new_version() -> None:
    changed = parse_policy(TEXT + "# a remark\n")
    assert changed.version != POLICY.version
    assert re.fullmatch(r"2\+[0-9a-f]{8}", POLICY.version)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("version = ", "not TOML"),
        ("", 'no "version"'),
        (TEXT.replace('version = "2"', "version = 2"), 'no "version"'),
        (TEXT + "\n[surprise]\n", 'unknown section "surprise"'),
        (TEXT.replace("review = 0.5 ", "review = 1.5 "), "risk.review"),
        (TEXT.replace("review = 0.5 ", "review = true "), "risk.review"),
        (TEXT.replace("review = 0.5 ", "review = 0.95 "), "must not exceed"),
        (TEXT.replace('"insult", ', '"rudeness", '), "block.categories"),
        (TEXT.replace("[severity]", '[severity]\nrudeness = "warn"'), "names no category"),
        (TEXT.replace("[severity]", '[severity]\ninsult = "hide"'), "block, review or warn"),
        (TEXT.replace("x = 280", 'x = "280"'), "length.x"),
        (TEXT.replace("pass = 60", "pass = -1"), "hold_seconds.personal.pass"),
        (TEXT.replace("[approvals.personal]", "[approvals.other]"), "[approvals.personal]"),
        (TEXT.replace("with_link = 0.20", ""), "price.x in the reply policy must be a table"),
        (TEXT.replace("[price.x]", "[price]"), "price.reply in the reply policy must be a table"),
        (TEXT.replace("with_link = 0.20", 'with_link = "0.20"'), "price.x.with_link"),
        (TEXT.replace("with_link = 0.20", "with_link = nan"), "price.x.with_link"),
        (TEXT.replace("reply = 0.015", "reply = -1"), "price.x.reply"),
        (TEXT.replace("far = 10000", ""), "reach.far"),
        (TEXT.replace("far = 10000", "far = 1e4"), "reach.far"),
        (TEXT.replace("far = 10000", "far = -1"), "reach.far"),
        (TEXT.replace("far = 10000", "far = 10000\nnear = 5"), "reach.near"),
        (TEXT.replace('unknown = "near"', "unknown = 100"), "reach.unknown in the reply policy must be near or far"),
        (TEXT.replace('least = "pass"', 'least = "block"'), "reach.least in the reply policy must be pass or review"),
        (TEXT.replace('least = "pass"', "least = []"), "reach.least"),
        (TEXT.replace("[approvals.far.flow]", "[approvals.far.other]"), "approvals.far.other"),
        (TEXT.replace("[approvals.far.flow]", "[approvals.far.flow]\npassed = 2"), "approvals.far.flow.passed"),
        (TEXT.replace("[approvals.far.flow]", "[approvals.far.flow]\nblock = 11"), "approvals.far.flow.block"),
        (WITHOUT_REACH + "[approvals.far]\nflow = 2\n[reach]\nfar = 1\n", "approvals.far.flow"),
        (WITHOUT_REACH + "[hold_seconds.far.flow]\npass = 1\n", "[hold_seconds.far] but no [reach]"),
        (WITHOUT_REACH.replace('version = "2"', 'version = "2"\nreach = 5'), "no [reach]"),
    ],
)
def test_a_broken_policy_says_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(PolicyBroken, match=re.escape(said)):
        parse_policy(text)


def test_a_missing_policy_file_is_named() -> None:
    missing = SHIPPED_POLICY.with_name("nowhere.toml")
    with pytest.raises(PolicyBroken, match=r"nowhere\.toml cannot be read .* nothing is sent"):
        load_policy(missing)
