"""What a reply commits us to, and by when. Pure: text, time and zone in, commitments out.

A commitment is a statement about our own future: "we'll write to you tomorrow by 18:00". What is conditional, negated,
asked, reported, quoted or generally true ("usually 3-5 days") commits nobody. The words are data (`promises.toml`).
Times are read as the customer reads them on the day of the publication.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import IntEnum
from typing import Final

from classifiers.folding import plain_letters
from classifiers.offsets import CleanText, rewrite, translated
from classifiers.rule_engine import DraftInContext, sentence_around
from classifiers.surface import LETTERS, Surface, surface
from responders.promise_rules import Kind, LanguageRules, PromiseRules, TimeWords, Unit, shipped_rules

DAY_ENDS: Final = time(23, 59)
"""When a day is over that was named without an hour."""
USUAL_DEADLINE: Final = timedelta(hours=24)
"""What a promise without a time is worth where no policy says otherwise."""
WEEKEND: Final = frozenset({5, 6})
FURTHEST: Final = timedelta(days=3660)
"""A time farther away than that is a slip of the pen, and near the end of the calendar no clock can show it."""
MOST: Final = 20
_MOST_READ: Final = 5 * MOST
_SHOWN: Final = 80
_SHORTEST_ECHO: Final = 12
_NEAR: Final = 24
_WORD: Final = re.compile(r"\S+")
_HALF_OF_DAY: Final = re.compile(r"(?<=[\d\s])([ap])\.\s?m\.?", re.IGNORECASE)
_CLAUSE: Final = re.compile(r"[,،–—]|\s-\s")
_DIVIDER: Final = re.compile(r"[,;،–—]|(?<!\w)(?:and|then|и|а|затем|потом|і|й|та|потім|ثم)(?!\w)|\sو\w")
_CLAUSE_END: Final = re.compile(r"[,;،.!?؟…\n–—]")
_TRAILING: Final = re.compile(r"\s+(?:and|then|и|а|і|й|та|ثم)$")
_CENTURY: Final = 2000


class _Said(IntEnum):
    """What kind of time an expression names, the more telling first."""

    DATE = 0
    DAY = 1
    WITHIN = 2
    CLOCK = 3
    PART = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Time:
    """A time expression in the folded text, still without a `now`."""

    start: int
    end: int
    said: _Said
    match: re.Match[str]
    words: TimeWords
    at: time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A commitment before anybody looks at a clock; `start`, `end` count code points of the original `text`.

    `stated` says whether it names a time.
    """

    start: int
    end: int
    text: str
    kind: Kind
    times: Sequence[_Time]

    @property
    def stated(self) -> bool:
        """Whether a time is named."""
        return bool(self.times)


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """One promise of a reply: its words (code points of the original), its kind, and by when (UTC).

    Where `stated` is false no time was named and `due_at` is the policy's.
    """

    start: int
    end: int
    text: str
    kind: Kind
    due_at: datetime
    stated: bool


class _Strength(IntEnum):
    """How much some words commit by themselves."""

    SURE = 0
    DATED = 1  # only with a time
    CHAINED = 2  # only behind another commitment of the statement


@dataclass(slots=True, kw_only=True)
class _Candidate:
    start: int
    end: int
    kind: Kind
    strength: _Strength
    rules: LanguageRules
    first: int = 0
    last: int = 0


def commitments(
    text: str,
    *,
    now: datetime,
    zone: tzinfo,
    deadline: timedelta = USUAL_DEADLINE,
    weekend: frozenset[int] = WEEKEND,
    mention: str | None = None,
) -> tuple[Commitment, ...]:
    """Every commitment of a reply that is published at `now`, in the order of the text.

    `zone` is where the brand's clock stands, `deadline` what a commitment without a time gets, `weekend` the days
    (Monday is 0) that are no working days. What `mention` says too is the customer's word and not ours.
    """
    return tuple(
        Commitment(
            start=one.start,
            end=one.end,
            text=one.text,
            kind=one.kind,
            due_at=_in_reach(_due(one.times, now.astimezone(zone), weekend), now) or now.astimezone(UTC) + deadline,
            stated=one.stated,
        )
        for one in promised(text, mention=mention)[:MOST]
    )


def promised(text: str, *, mention: str | None = None, rules: PromiseRules | None = None) -> tuple[Found, ...]:
    """The commitments of a reply, still without a clock: all that were read, for none may hide behind the others."""
    chosen = rules or shipped_rules()
    folded = _folded(text, chosen)
    context = DraftInContext(draft=folded, mention=None)
    echo = "" if mention is None else _folded(mention, chosen).text
    found: list[Found] = []
    candidates = _apart(
        candidate
        for own in chosen.languages
        if own.lang in context.scripts
        for candidate in _candidates(folded.text, own)
    )
    for statement in _statements(folded.text, candidates[:_MOST_READ]):
        found.extend(_in_statement(folded, context, statement, echo))
    return tuple(found)


def _folded(text: str, rules: PromiseRules) -> Surface:
    """Letters in one form, digits as 0-9, abbreviations without their full stops; places are kept."""
    read = surface(text)
    plain = rewrite(read.plain, _HALF_OF_DAY, lambda match: f"{match[1]}m")
    for own in rules.languages:
        if own.short is not None:
            plain = rewrite(plain, own.short, lambda match: match[1])
    letters: CleanText = translated(rewrite(plain, _WORD, lambda match: plain_letters(match[0])), LETTERS)
    return Surface(original=text, plain=read.plain, folded=letters)


# ------------------------------------------------------------------ which words commit


def _candidates(text: str, own: LanguageRules) -> Iterable[_Candidate]:
    for kind in own.kinds:
        for strength, pattern in zip(_Strength, (kind.sure, kind.dated, kind.chained), strict=True):
            for match in pattern.finditer(text) if pattern is not None else ():
                yield _Candidate(start=match.start(), end=match.end(), kind=kind.kind, strength=strength, rules=own)


def _apart(candidates: Iterable[_Candidate]) -> list[_Candidate]:
    """Of those that overlap the surest, then the first, then the longest; in the order of the text."""
    kept: list[_Candidate] = []
    for one in sorted(candidates, key=lambda c: (c.strength, c.start, c.start - c.end, list(Kind).index(c.kind))):
        if all(one.start >= other.end or other.start >= one.end for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda c: c.start)


def _statements(text: str, candidates: Iterable[_Candidate]) -> list[list[_Candidate]]:
    """Candidates by statement: a sentence, or the part of one up to a break such as a semicolon."""
    grouped: dict[tuple[int, int], list[_Candidate]] = {}
    for one in candidates:
        first, last = sentence_around(text, one.start, one.end)
        pattern = one.rules.words["break"]
        for match in pattern.finditer(text, first, last) if pattern is not None else ():
            if match.start() <= one.start:
                first = match.start()
            else:
                last = match.start()
                break
        one.first, one.last = first, last
        grouped.setdefault((first, last), []).append(one)
    return list(grouped.values())


def _in_statement(
    folded: Surface, context: DraftInContext, statement: Sequence[_Candidate], echo: str
) -> Iterable[Found]:
    text = folded.text
    first, last = statement[0].first, statement[0].last
    if text[first:last].rstrip()[-1:] in {"?", "؟"} or text[first:last].lstrip().startswith(">"):
        return
    if len(text[first:last].strip()) >= _SHORTEST_ECHO and text[first:last].strip(" .!\n") in echo:
        return
    times = _times(text, first, last, [one.rules.time for one in statement])
    ours = _shared_out(text, statement, times)
    committed = False
    for number, (one, own) in enumerate(zip(statement, ours, strict=True)):
        if _too_weak(one, own, committed=committed) or _excused(text, context, one, own):
            continue
        committed = True
        following = statement[number + 1].start if number + 1 < len(statement) else last
        start, end = _shown(text, one, own, following)
        span = folded.folded.span(start, end)
        yield Found(
            start=span.start,
            end=span.end,
            text=folded.original[span.start : span.end],
            kind=one.kind,
            times=tuple(own),
        )


def _too_weak(one: _Candidate, own: Sequence[_Time], *, committed: bool) -> bool:
    match one.strength:
        case _Strength.SURE:
            return False
        case _Strength.DATED:
            return not own
        case _Strength.CHAINED:
            return not committed


def _shown(text: str, one: _Candidate, own: Sequence[_Time], following: int) -> tuple[int, int]:
    """The words to show: verb and times together, or the verb with what follows it in its clause."""
    near = [found for found in own if found.start < following]
    if near:
        return min(one.start, near[0].start), max(one.end, near[-1].end)
    furthest = min(following, one.end + _SHOWN)
    clause = _CLAUSE_END.search(text, one.end, furthest)
    words = text[one.start : clause.start() if clause else furthest].rstrip()
    return one.start, max(one.end, one.start + len(_TRAILING.sub("", words)))


def _excused(text: str, context: DraftInContext, one: _Candidate, times: Sequence[_Time]) -> bool:
    """Whether something around the words makes them no commitment."""
    words, statement = one.rules.words, text[one.first : one.last]

    def says(name: str, where: str) -> bool:
        pattern = words[name]
        return pattern is not None and pattern.search(where) is not None

    if says("condition", statement):
        return True
    absolute = any(found.said in (_Said.DATE, _Said.DAY, _Said.CLOCK) for found in times)
    if says("soft", statement) and not absolute and not says("latest", statement):
        return True
    before = _clause_before(text, one)
    if any(says(name, before) for name in ("hedge", "disclaim", "reported")):
        return True
    after = _CLAUSE.split(text[one.end : min(one.last, one.end + _NEAR)], maxsplit=1)[0]
    if says("hedge", after):
        return True
    negation = words["negation"]
    tail = re.split(r"[,;:،–—]", text[one.first : one.start])[-1].split()[-2:]
    if negation is not None and any(negation.search(" ".join(tail[number:])) for number in range(len(tail))):
        return True
    return any(first <= one.start and one.end <= last for first, last in context.quotations)


def _clause_before(text: str, one: _Candidate) -> str:
    """What stands before the words in their clause, and before it where the clause hangs on another ("…, that …")."""
    start = one.start
    that = one.rules.words["that"]
    while True:
        commas = [match.end() for match in _CLAUSE.finditer(text, one.first, start)]
        if not commas:
            return text[one.first : one.start]
        clause = text[commas[-1] : one.start].lstrip(" -")
        if that is None or not that.match(clause):
            return text[commas[-1] : one.start]
        start = commas[-1] - 1


# ------------------------------------------------------------------ which time belongs to them


def _times(text: str, first: int, last: int, languages: Iterable[TimeWords]) -> list[_Time]:
    """Time expressions of a statement in order: days and lengths, and beside them hours and parts of a day."""
    days: list[_Time] = []
    hours: list[_Time] = []
    for words in {id(words): words for words in languages}.values():
        days.extend(_days(text, first, last, words))
        hours.extend(_hours(text, first, last, words))
    kept_days = _longest(days)
    hard = [one for one in kept_days if one.said is not _Said.DAY]
    kept_hours = _longest(one for one in hours if not any(_overlap(one, other) for other in hard))
    return sorted([*kept_days, *kept_hours], key=lambda found: found.start)


def _days(text: str, first: int, last: int, words: TimeWords) -> Iterable[_Time]:
    for said, patterns in ((_Said.DATE, words.date), (_Said.DAY, words.day), (_Said.WITHIN, words.within)):
        for pattern in patterns:
            for match in pattern.finditer(text, first, last):
                one = _Time(start=match.start(), end=match.end(), said=said, match=match, words=words)
                if said is not _Said.DATE or _date_of(one, date(_CENTURY, 1, 1)) is not None:
                    yield one


def _hours(text: str, first: int, last: int, words: TimeWords) -> Iterable[_Time]:
    for pattern in words.clock:
        for match in pattern.finditer(text, first, last):
            at = _clock_of(match, words)
            if at is not None:
                yield _Time(start=match.start(), end=match.end(), said=_Said.CLOCK, match=match, words=words, at=at)
    for pattern, moment in words.part:
        for match in pattern.finditer(text, first, last):
            yield _Time(start=match.start(), end=match.end(), said=_Said.PART, match=match, words=words, at=moment)


def _longest(found: Iterable[_Time]) -> list[_Time]:
    kept: list[_Time] = []
    for one in sorted(found, key=lambda t: (t.start - t.end, t.said, t.start)):
        if not any(_overlap(one, other) for other in kept):
            kept.append(one)
    return kept


def _overlap(one: _Time, other: _Time) -> bool:
    return one.start < other.end and other.start < one.end


def _shared_out(text: str, statement: Sequence[_Candidate], times: Sequence[_Time]) -> list[list[_Time]]:
    """The times of each commitment; one without any shares those of the next ("we'll check and write by noon")."""
    own: list[list[_Time]] = [[] for _ in statement]
    for found in times:
        place = max((number for number, one in enumerate(statement) if one.start <= found.start), default=0)
        if place + 1 < len(statement) and found.start >= statement[place].end:
            cut_before = _DIVIDER.search(text, statement[place].end, found.start + 1)
            cut_after = _DIVIDER.search(text, found.end, statement[place + 1].start + 1)
            if cut_before and not cut_after:
                place += 1
        own[place].append(found)
    for number in range(len(own) - 2, -1, -1):
        own[number] = own[number] or own[number + 1]
    return own


# ------------------------------------------------------------------ by when


def _due(times: Sequence[_Time], local: datetime, weekend: frozenset[int]) -> datetime | None:
    """The moment that the expressions name for who reads them at `local`; None where they name none."""
    day = next((found for found in times if found.said in (_Said.DATE, _Said.DAY)), None)
    clock = next((found for found in times if found.said is _Said.CLOCK), None) or next(
        (found for found in times if found.said is _Said.PART), None
    )
    within = next((found for found in times if found.said is _Said.WITHIN), None)
    try:
        if within is not None and (day is None or within.start < day.start):
            return _after(within, local, weekend).astimezone(UTC)
        if day is not None:
            on = _date_of(day, local.date()) if day.said is _Said.DATE else _day_of(day, local.date())
            if on is not None:
                at = clock.at if clock is not None and clock.at is not None else DAY_ENDS
                return datetime.combine(on, at, tzinfo=local.tzinfo).astimezone(UTC)
        if clock is not None and clock.at is not None:
            moment = datetime.combine(local.date(), clock.at, tzinfo=local.tzinfo)
            if moment <= local:
                moment = datetime.combine(local.date() + timedelta(days=1), clock.at, tzinfo=local.tzinfo)
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):  # a date beyond the calendar names nothing
        return None
    return None


def _in_reach(due: datetime | None, now: datetime) -> datetime | None:
    return due if due is not None and abs(due - now) <= FURTHEST else None


def _after(found: _Time, local: datetime, weekend: frozenset[int]) -> datetime:
    counted = found.match.groupdict().get("count")
    count = 1 if counted is None else int(counted) if counted.isdecimal() else found.words.numbers.get(counted, 1)
    each, unit = next(
        ((size, unit) for pattern, size, unit in found.words.units if pattern.fullmatch(found.match["unit"])),
        (1, Unit.DAY),
    )
    number = count * each
    if unit is Unit.MINUTE:
        return local.astimezone(UTC) + timedelta(minutes=number)
    if unit is Unit.HOUR:
        return local.astimezone(UTC) + timedelta(hours=number)
    days = {Unit.DAY: 1, Unit.WEEK: 7, Unit.MONTH: 30}
    on = local.date()
    if unit is Unit.WORKING_DAY:
        while number > 0:
            on += timedelta(days=1)
            number -= on.weekday() not in weekend
    else:
        on += timedelta(days=number * days[unit])
    return datetime.combine(on, DAY_ENDS, tzinfo=local.tzinfo)


def _day_of(found: _Time, today: date) -> date:
    """The day that is named; a weekday is the next one that comes, today included, as the reader takes it."""
    said = found.match.groupdict()
    sunday = today + timedelta(days=6 - today.weekday())
    if said.get("tomorrow"):
        return today + timedelta(days=1)
    if said.get("day_after"):
        return today + timedelta(days=2)
    if said.get("week_end"):
        return sunday
    if said.get("next_week"):
        return sunday + timedelta(days=7)
    name = said.get("weekday")
    if not name:
        return today
    number = next((place for place, pattern in enumerate(found.words.weekdays) if pattern.fullmatch(name)), 0)
    day = today + timedelta(days=(number - today.weekday()) % 7)
    if said.get("next") and day <= sunday:
        day += timedelta(days=7)
    if said.get("before"):
        day = day - timedelta(days=1) if day > today else day + timedelta(days=6)
    return day


def _date_of(found: _Time, today: date) -> date | None:
    """The date that is named, the next one where no year is given; None for a day that no month has."""
    said = found.match.groupdict()
    try:
        day = int(said["day"] or 0)
        if said.get("month"):
            name = said["month"] or ""
            month = next(place for place, pattern in enumerate(found.words.months, 1) if pattern.fullmatch(name))
        elif said.get("month_number"):
            month = int(said["month_number"] or 0)
        else:
            month = today.month if day >= today.day else today.month % 12 + 1
        given = said.get("year")
        year = today.year if given is None else int(given) + (_CENTURY if len(given) < 4 else 0)  # noqa: PLR2004 - "26" is 2026
        named = date(year, month, day)
    except (ValueError, StopIteration):
        return None
    return named if given is not None or named >= today else date(year + 1, month, min(day, 28))


def _clock_of(match: re.Match[str], words: TimeWords) -> time | None:
    said = match.groupdict()
    hour, minute, half = int(said["hour"] or 0), int(said.get("minute") or 0), said.get("half")
    if half in words.afternoon and hour < 12:  # noqa: PLR2004 - noon
        hour += 12
    elif half in words.forenoon and hour == 12:  # noqa: PLR2004 - midnight
        hour = 0
    if hour == 24 and minute == 0:  # noqa: PLR2004 - the end of the day
        return DAY_ENDS
    return time(hour, minute) if hour < 24 and minute < 60 else None  # noqa: PLR2004 - a clock
