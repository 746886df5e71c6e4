"""What the policy says of promises: who may make which alone, and how they are timed. Pure.

An agent's word is enough for the kinds listed under `agent`; any other with a time needs a second person, and what is
not listed under `approver` either needs an administrator.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from classifiers.types import Category, Finding, Severity
from responders.promise_rules import Kind
from responders.promises import USUAL_DEADLINE, WEEKEND, Commitment, commitments, promised

SECOND_PERSON: Final = f"{Category.PROMISE.value}/second-person"
ADMINISTRATOR: Final = f"{Category.PROMISE.value}/administrator"
BEYOND_AUTHORITY: Final = frozenset({SECOND_PERSON, ADMINISTRATOR})
"""Rules whose severity follows from [promises]: a severity for the whole category means the words that the check found,
and takes nobody's say away."""
REASONS: Final[Mapping[str, Mapping[str, str]]] = {
    SECOND_PERSON: {
        "en": "Promises this by a certain time, which the policy lets nobody promise alone.",
        "ru": "Обещает это к определённому времени, а по правилам такое не обещают в одиночку.",
        "uk": "Обіцяє це до певного часу, а за правилами такого не обіцяють самотужки.",
        "ar": "يعد بذلك في وقت محدد، والسياسة لا تسمح لأحد أن يعد به وحده.",
    },
    ADMINISTRATOR: {
        "en": "Promises this by a certain time, which under the policy only an administrator may let out.",
        "ru": "Обещает это к определённому времени, а по правилам такое выпускает только администратор.",
        "uk": "Обіцяє це до певного часу, а за правилами таке випускає лише адміністратор.",
        "ar": "يعد بذلك في وقت محدد، والسياسة لا تسمح بنشره إلا لمدير النظام.",
    },
}
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_FIELDS: Final = frozenset({"hours", "remind_hours", "weekend", "agent", "approver"})
_LONGEST: Final = 24 * 365
_SCORE: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class PromisePolicy:
    """`deadline` is what a promise without a time gets, `remind` how long before it is due people are reminded.

    `weekend` holds the days that are no working days, Monday being 0.
    """

    deadline: timedelta = USUAL_DEADLINE
    remind: timedelta = timedelta(hours=2)
    weekend: frozenset[int] = WEEKEND
    agent: frozenset[Kind] = frozenset(Kind) - {Kind.REFUND, Kind.REPAIR}
    approver: frozenset[Kind] = frozenset(Kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """All that is needed to time the promises of a reply: the policy, and where each brand's clock stands."""

    policy: PromisePolicy = field(default_factory=PromisePolicy)
    zones: Mapping[str, tzinfo] = field(default_factory=dict)

    def of(self, text: str, *, now: datetime, brand: str | None, mention: str | None = None) -> tuple[Commitment, ...]:
        """What a reply promises that is read at `now`; a post without a brand is on the clock of UTC."""
        zone = self.zones.get(brand or "", ZoneInfo("UTC"))
        return commitments(
            text, now=now, zone=zone, deadline=self.policy.deadline, weekend=self.policy.weekend, mention=mention
        )

    def remind_at(self, made_at: datetime, due_at: datetime) -> datetime:
        """When people are reminded: `remind` before it is due, or half-way where there is less time."""
        return due_at - min(self.policy.remind, max(due_at - made_at, timedelta(0)) / 2)


def parse_promises(value: object) -> PromisePolicy:
    """The section `[promises]` of a policy, None where there is none; raises ValueError that names what is wrong."""
    if value is None:
        return PromisePolicy()
    if not isinstance(value, Mapping):
        raise ValueError("[promises] must be a section")  # noqa: TRY004 - one kind of fault for whoever reads a policy
    unknown = sorted(set(value) - _FIELDS)
    if unknown:
        raise ValueError(f'promises has an unknown key "{unknown[0]}"')
    usual = PromisePolicy()
    return PromisePolicy(
        deadline=_hours(value, "hours", usual.deadline),
        remind=_hours(value, "remind_hours", usual.remind),
        weekend=frozenset(_DAYS.index(day) for day in _names(value, "weekend", _DAYS))
        if "weekend" in value
        else usual.weekend,
        agent=_kinds(value, "agent", usual.agent),
        approver=_kinds(value, "approver", usual.approver),
    )


def beyond_authority(text: str, policy: PromisePolicy, *, say: str = "en") -> tuple[Finding, ...]:
    """The promises with a time that nobody may make alone; `say` is the language of the reasons."""
    found = []
    for one in promised(text):
        if not one.stated or one.kind in policy.agent:
            continue
        rule = SECOND_PERSON if one.kind in policy.approver else ADMINISTRATOR
        found.append(
            Finding(
                category=Category.PROMISE,
                severity=Severity.REVIEW if rule == SECOND_PERSON else Severity.BLOCK,
                start=one.start,
                end=one.end,
                text=one.text,
                rule=rule,
                score=_SCORE,
                why=REASONS[rule].get(say, REASONS[rule]["en"]),
            )
        )
    return tuple(found)


def _hours(table: Mapping[str, object], name: str, usual: timedelta) -> timedelta:
    value = table.get(name)
    if value is None:
        return usual
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _LONGEST:
        raise ValueError(f"promises.{name} must be a number of hours above 0 and at most {_LONGEST}, not {value!r}")
    return timedelta(hours=value)


def _names(table: Mapping[str, object], name: str, known: tuple[str, ...]) -> list[str]:
    value = table.get(name)
    if not isinstance(value, list) or any(item not in known for item in value):
        raise ValueError(f"promises.{name} must be a list of {', '.join(known)}, not {value!r}")
    return value


def _kinds(table: Mapping[str, object], name: str, usual: frozenset[Kind]) -> frozenset[Kind]:
    if name not in table:
        return usual
    return frozenset(Kind(item) for item in _names(table, name, tuple(kind.value for kind in Kind)))
