"""What a risk report means under a policy: verdict, approvals and hold time. Pure: a report can be judged again later.

A policy is versioned data (`policy.toml`). Whoever cannot read it may send nothing: there is no policy by default here.
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, TypeVar

from classifiers.types import Category, Finding, RiskReport, Severity
from monitor.mention import Lane
from responders.promise_policy import BEYOND_AUTHORITY, PromisePolicy, beyond_authority, parse_promises
from responders.reply import Verdict

_SECTIONS: Final = frozenset(
    {"version", "risk", "block", "severity", "length", "price", "hold_seconds", "approvals", "reach", "promises"}
)
_PRICE: Final = frozenset({"reply", "with_link"})
_REACH: Final = frozenset({"far", "unknown", "least"})
_LINK: Final = re.compile(
    r"https?://\S+|(?<![\w@.-])(?:[\w-]+\.)+(?:com|org|net|io|ru|ua|uk|eu|app|shop|example|info|store|online|by|kz|рф|укр"
    r"|sa|ae|eg|jo|ma|co)\b(?:/\S*)?",
    re.IGNORECASE,
)
_LINK_LENGTH: Final = 23
_SINGLE: Final = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
"""Code points that count as one on X; all others count as two. Source: twitter-text, configuration version 3."""
_X: Final = "x"
_LONGEST_HOLD: Final = 7 * 24 * 3600
_MOST_APPROVALS: Final = 10
_MOST_FOLLOWERS: Final = 10**10
_DEAREST: Final = 1_000
_FAR: Final = "far"

E = TypeVar("E", bound=StrEnum)


class PolicyBroken(Exception):
    """The policy cannot be used, so nothing may be sent; the message names the place and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Far:
    """What a reply to a far-reaching post needs at least; what lane and verdict ask for stays where that is more.

    A post reaches far when its author has `followers` or more; `unknown` says whether one does of whose author nobody
    knows. `least` is the mildest verdict that such a reply gets.
    """

    followers: int
    unknown: bool
    least: Verdict
    hold_seconds: Mapping[tuple[Lane, Verdict], int]
    approvals: Mapping[tuple[Lane, Verdict], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a platform charges for one reply, and for one that holds a link, in US dollars."""

    reply: float
    with_link: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy as read. `version` names its own version and the digest of its bytes; seconds and counts are by lane.

    `far` None means that reach changes nothing.
    """

    version: str
    review_risk: float
    block_risk: float
    block_categories: frozenset[Category]
    severities: Mapping[str, Severity]
    lengths: Mapping[str, int]
    hold_seconds: Mapping[tuple[Lane, Verdict], int]
    approvals: Mapping[tuple[Lane, Verdict], int]
    far: Far | None = None
    prices: Mapping[str, Price] = field(default_factory=dict)
    promises: PromisePolicy = field(default_factory=PromisePolicy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What happens to a draft: the verdict, its findings under this policy, and what it needs before it goes out.

    `notes` are what stands in no finding (length, reach, an incomplete check, what a link costs), one sentence each.
    """

    verdict: Verdict
    findings: tuple[Finding, ...]
    hold_seconds: int
    approvals_needed: int
    notes: tuple[str, ...] = ()


def parse_policy(text: str) -> Policy:
    """A policy from its TOML text; raises PolicyBroken with one sentence for whatever is wrong with it."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyBroken(f"the reply policy is not TOML ({error}); nothing is sent until it is mended") from error
    unknown = sorted(set(table) - _SECTIONS)
    if unknown:
        raise PolicyBroken(f'the reply policy has an unknown section "{unknown[0]}"; nothing is sent until it is gone')
    version = table.get("version")
    if not isinstance(version, str) or not version.strip():
        raise PolicyBroken('the reply policy has no "version"; give it one, nothing is sent until then')
    risk = _section(table, "risk")
    review, block = _share(risk, "review"), _share(risk, "block")
    if review > block:
        raise PolicyBroken("the reply policy reviews only above what it blocks: risk.review must not exceed risk.block")
    return Policy(
        version=f"{version.strip()}+{hashlib.sha256(text.encode()).hexdigest()[:8]}",
        review_risk=review,
        block_risk=block,
        block_categories=_categories(_section(table, "block")),
        severities={name: _severity(name, value) for name, value in _section(table, "severity").items()},
        lengths={name: _count(f"length.{name}", value, 1_000_000) for name, value in _section(table, "length").items()},
        hold_seconds=_by_lane(_section(table, "hold_seconds"), "hold_seconds", _LONGEST_HOLD),
        approvals=_by_lane(_section(table, "approvals"), "approvals", _MOST_APPROVALS),
        far=_far(table),
        prices={name: _price(f"price.{name}", value) for name, value in _section(table, "price").items()},
        promises=_promises(table.get("promises")),
    )


def decide(
    report: RiskReport,
    *,
    lane: Lane,
    platform: str | None,
    followers: int | None,
    policy: Policy,
    text: str,
    say: str = "en",
) -> Decision:
    """The verdict on a draft that answers a post whose author has so many `followers` (None: nobody knows).

    A blocking finding blocks, and so does a high risk in a category that the policy never lets through. A finding for
    review, a risk from `review_risk` on or an incomplete report ask for a second person: what nobody judged is no pass.
    So do promises that the policy lets nobody make alone; `say` is the language of their reasons.
    """
    found = (*report.findings, *beyond_authority(text, policy.promises, say=say))
    findings = tuple(_under(policy, finding, report.risk) for finding in found)
    severities = {finding.severity for finding in findings}
    notes = list(report.notes)
    over = _too_long(text, platform, policy)
    if over:
        notes.append(over)
    dear = _dear_link(text, platform, policy)
    if dear:
        notes.append(dear)
    if not report.complete and not report.notes:
        notes.append("the check is incomplete; a person must decide")
    if Severity.BLOCK in severities or over:
        verdict = Verdict.BLOCK
    elif Severity.REVIEW in severities or report.risk >= policy.review_risk or not report.complete:
        verdict = Verdict.REVIEW
    else:
        verdict = Verdict.PASS
    decision = Decision(
        verdict=verdict,
        findings=findings,
        hold_seconds=policy.hold_seconds[lane, verdict],
        approvals_needed=policy.approvals[lane, verdict],
        notes=tuple(notes),
    )
    far = policy.far
    if far is None or (followers < far.followers if followers is not None else not far.unknown):
        return decision
    return _for_many(decision, far, lane, followers, policy)


def platform_length(text: str, platform: str | None) -> int:
    """How long a platform takes a text to be: on X weighted, elsewhere in code points."""
    if platform != _X:
        return len(text)
    without_links, links = _LINK.subn("", text)
    return links * _LINK_LENGTH + sum(1 if _is_single(ord(character)) else 2 for character in without_links)


def _is_single(code: int) -> bool:
    return any(first <= code <= last for first, last in _SINGLE)


def _too_long(text: str, platform: str | None, policy: Policy) -> str | None:
    limit = policy.lengths.get(platform) if platform else None
    length = platform_length(text, platform)
    if limit is None or length <= limit:
        return None
    return f"the draft is {length:,} characters long and {platform} takes {limit:,}; shorten it by {length - limit:,}"


def _dear_link(text: str, platform: str | None, policy: Policy) -> str | None:
    """What a link costs where the platform charges more for it; that decides nothing, but somebody pays it."""
    price = policy.prices.get(platform) if platform else None
    if price is None or price.with_link <= price.reply or not _LINK.search(text):
        return None
    with_link, without = _dollars(price.with_link), _dollars(price.reply)
    return f"a reply with a link costs about ${with_link} on {platform}, without one ${without}"


def _dollars(amount: float) -> str:
    """An amount with two digits after the point, or three where it needs them."""
    return f"{amount:.3f}".removesuffix("0")


def _for_many(decision: Decision, far: Far, lane: Lane, followers: int | None, policy: Policy) -> Decision:
    """A decision with what a far-reaching post asks for beside it, and a note for each thing that is more."""
    verdict = max(decision.verdict, far.least, key=lambda named: named.rank)
    key = lane, verdict
    hold = max(policy.hold_seconds[key], far.hold_seconds.get(key, 0))
    people = max(policy.approvals[key], far.approvals.get(key, 0))
    who = "nobody knows how many follow the author" if followers is None else f"the author has {followers:,} followers"
    notes = list(decision.notes)
    if verdict is not decision.verdict:
        notes.append(f"{who}: a second person must read this reply")
    if people > max(1, decision.approvals_needed):
        notes.append(f"{who}: {people} people must approve this reply")
    if hold > decision.hold_seconds:
        notes.append(f"{who}: once approved, this reply waits {hold:,} seconds")
    return replace(decision, verdict=verdict, hold_seconds=hold, approvals_needed=people, notes=tuple(notes))


def _under(policy: Policy, finding: Finding, risk: float) -> Finding:
    """A finding with the severity that the policy gives it."""
    named = policy.severities.get(finding.rule)
    if named is None and finding.rule not in BEYOND_AUTHORITY:
        named = policy.severities.get(finding.category.value)
    if named is not None:
        return finding if named is finding.severity else replace(finding, severity=named)
    sure = max(finding.score, risk) >= policy.block_risk
    if finding.severity is Severity.REVIEW and sure and finding.category in policy.block_categories:
        return replace(finding, severity=Severity.BLOCK)
    return finding


def _promises(value: object) -> PromisePolicy:
    try:
        return parse_promises(value)
    except ValueError as error:
        raise PolicyBroken(f"{error} in the reply policy; nothing is sent until it is mended") from error


def _section(table: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = table.get(name)
    if value is None and name in {"severity", "length", "price"}:
        return {}
    if not isinstance(value, Mapping):
        raise PolicyBroken(f"the reply policy has no [{name}]; compare it with the shipped policy.toml")
    return value


def _share(table: Mapping[str, object], name: str) -> float:
    value = table.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise PolicyBroken(f"risk.{name} in the reply policy must be a number above 0 and at most 1, not {value!r}")
    return float(value)


def _count(name: str, value: object, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise PolicyBroken(f"{name} in the reply policy must be a whole number from 0 to {most:,}, not {value!r}")
    return value


def _price(name: str, value: object) -> Price:
    if not isinstance(value, Mapping) or set(value) != _PRICE:
        raise PolicyBroken(f"{name} in the reply policy must be a table [{name}] with reply and with_link, in dollars")
    for key, amount in value.items():
        if isinstance(amount, bool) or not isinstance(amount, int | float) or not 0 <= amount <= _DEAREST:
            msg = f"{name}.{key} in the reply policy must be dollars from 0 to {_DEAREST:,}, not {amount!r}"
            raise PolicyBroken(msg)
    return Price(reply=float(value["reply"]), with_link=float(value["with_link"]))


def _severity(name: str, value: object) -> Severity:
    if name.split("/", 1)[0] not in set(Category) | {"model"}:
        raise PolicyBroken(f'severity."{name}" in the reply policy names no category; see docs/reply-check.md')
    if value not in set(Severity):
        raise PolicyBroken(f'severity."{name}" in the reply policy must be block, review or warn, not {value!r}')
    return Severity(str(value))


def _categories(table: Mapping[str, object]) -> frozenset[Category]:
    names = table.get("categories", [])
    if not isinstance(names, list) or any(name not in set(Category) for name in names):
        raise PolicyBroken("block.categories in the reply policy must be a list of categories; see docs/reply-check.md")
    return frozenset(Category(name) for name in names)


def _by_lane(table: Mapping[str, object], name: str, most: int) -> Mapping[tuple[Lane, Verdict], int]:
    found: dict[tuple[Lane, Verdict], int] = {}
    for lane in Lane:
        values = table.get(lane.value)
        if not isinstance(values, Mapping):
            raise PolicyBroken(
                f"the reply policy has no [{name}.{lane.value}]; compare it with the shipped policy.toml"
            )
        for verdict in Verdict:
            found[lane, verdict] = _count(f"{name}.{lane.value}.{verdict.value}", values.get(verdict.value), most)
    return found


def _far(table: Mapping[str, object]) -> Far | None:
    """What the policy asks for by reach; None where it has no [reach], as policies had none before."""
    asked = {name: _section(table, name).get(_FAR) for name in ("hold_seconds", "approvals")}
    if "reach" not in table:
        named = next((name for name, values in asked.items() if values is not None), None)
        if named is not None:
            msg = f"the reply policy has [{named}.{_FAR}] but no [reach] that says what is far; add it"
            raise PolicyBroken(msg)
        return None
    reach = _section(table, "reach")
    unknown = sorted(set(reach) - _REACH)
    if unknown:
        raise PolicyBroken(
            f"reach.{unknown[0]} in the reply policy is nothing it knows; compare the shipped policy.toml"
        )
    followers = _count("reach.far", reach.get("far"), _MOST_FOLLOWERS)
    return Far(
        followers=followers,
        unknown=_one_of("reach.unknown", reach.get("unknown", "near"), ("near", _FAR)) == _FAR,
        least=Verdict(_one_of("reach.least", reach.get("least", "pass"), (Verdict.PASS.value, Verdict.REVIEW.value))),
        hold_seconds=_at_least(asked["hold_seconds"], f"hold_seconds.{_FAR}", _LONGEST_HOLD),
        approvals=_at_least(asked["approvals"], f"approvals.{_FAR}", _MOST_APPROVALS),
    )


def _one_of(name: str, value: object, words: tuple[str, str]) -> str:
    if value not in words:
        raise PolicyBroken(f"{name} in the reply policy must be {words[0]} or {words[1]}, not {value!r}")
    return str(value)


def _at_least(table: object, name: str, most: int) -> Mapping[tuple[Lane, Verdict], int]:
    """Numbers by lane and verdict of which any may be left out; none may be about something else."""
    found: dict[tuple[Lane, Verdict], int] = {}
    for lane, values in _named(table, name, Lane).items():
        place = f"{name}.{lane.value}"
        for verdict, value in _named(values, place, Verdict).items():
            found[lane, verdict] = _count(f"{place}.{verdict.value}", value, most)
    return found


def _named(table: object, name: str, names: type[E]) -> Mapping[E, object]:
    """A table whose keys are values of an enumeration; empty where there is no table."""
    if table is None:
        return {}
    if not isinstance(table, Mapping):
        raise PolicyBroken(f"{name} in the reply policy must be a table [{name}], not {table!r}")
    unknown = sorted(set(table) - set(names))
    if unknown:
        raise PolicyBroken(f"{name}.{unknown[0]} in the reply policy must be one of {', '.join(names)}")
    return {names(key): value for key, value in table.items()}
