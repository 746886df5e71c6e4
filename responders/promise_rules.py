"""Reads `promises.toml`: by which words a reply commits us, and how the four languages name a time.

The pattern language is that of the reply rules (`classifiers.rule_files`).
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from classifiers.rule_files import LANGUAGES, RuleFileBroken, compiled
from classifiers.surface import LETTERS

FILE: Final = Path(__file__).with_name("promises.toml")
_WORDS: Final = (
    "condition",
    "soft",
    "latest",
    "disclaim",
    "negation",
    "hedge",
    "reported",
    "break",
    "that",
    "they",
    "adverb",
)


class Kind(StrEnum):
    """What is promised."""

    CALL = "call"
    WRITE = "write"
    REFUND = "refund"
    SEND = "send"
    REPAIR = "repair"
    CHECK = "check"
    OTHER = "other"


class Unit(StrEnum):
    """What a length of time is counted in."""

    MINUTE = "minute"
    HOUR = "hour"
    WORKING_DAY = "working day"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class KindRules:
    """The patterns of one kind in one language: sure ones, and those that need a time or an earlier commitment."""

    kind: Kind
    sure: re.Pattern[str] | None
    dated: re.Pattern[str] | None
    chained: re.Pattern[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeWords:
    """How one language names times; patterns carry named groups (count, unit, weekday, month, hour …)."""

    within: Sequence[re.Pattern[str]]
    day: Sequence[re.Pattern[str]]
    date: Sequence[re.Pattern[str]]
    clock: Sequence[re.Pattern[str]]
    part: Sequence[tuple[re.Pattern[str], time]]
    units: Sequence[tuple[re.Pattern[str], int, Unit]]
    weekdays: Sequence[re.Pattern[str]]
    months: Sequence[re.Pattern[str]]
    numbers: Mapping[str, int]
    afternoon: frozenset[str]
    forenoon: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageRules:
    """Everything about one language. A pattern of `words` that is absent matches nothing."""

    lang: str
    words: Mapping[str, re.Pattern[str] | None]
    short: re.Pattern[str] | None
    kinds: Sequence[KindRules]
    time: TimeWords


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A reply that holds a commitment of `kind` (None: any), or none at all where `hit` is false.

    `due` is what the clock of `zone` shows then, for the examples of times.
    """

    lang: str
    text: str
    hit: bool
    kind: Kind | None = None
    due: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseRules:
    """The rules of all languages, with the examples that are their tests."""

    languages: Sequence[LanguageRules]
    examples: Sequence[Example]


@cache
def shipped_rules() -> PromiseRules:
    """The rules of this program; compiled once."""
    return load_rules(FILE)


def load_rules(path: Path) -> PromiseRules:
    """Read a rule file; raises RuleFileBroken with one sentence for one that is missing or wrong."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RuleFileBroken(f"the rule file {path} cannot be read ({error.strerror}); restore it") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RuleFileBroken(f"the rule file {path} is not TOML: {error}") from error
    languages: list[LanguageRules] = []
    examples: list[Example] = []
    for lang in LANGUAGES:
        try:
            own = _table(table, lang)
            languages.append(_language(lang, own))
            examples.extend(_examples(lang, own))
        except (KeyError, ValueError, TypeError, re.error) as error:
            raise RuleFileBroken(f"{path.name}, {lang}: {error}") from error
    return PromiseRules(languages=tuple(languages), examples=tuple(examples))


def _language(lang: str, own: Mapping[str, object]) -> LanguageRules:
    times = _table(own, "time")
    names, units, parts = _table(times, "names"), _table(times, "unit"), _table(times, "part")
    macros = {name: _strings(own, name) for name in _WORDS} | {
        "count": _strings(times, "count"),
        "unit": [pattern for name in units for pattern in _strings(units, name)],
        "weekday": _strings(names, "weekday"),
        "month": _strings(names, "month"),
    }

    def each(patterns: Iterable[str]) -> tuple[re.Pattern[str], ...]:
        return tuple(compiled([pattern], lang, macros) for pattern in patterns)

    def any_of(patterns: Sequence[str]) -> re.Pattern[str] | None:
        return compiled(patterns, lang, macros) if patterns else None

    numbers = times.get("numbers")
    if not isinstance(numbers, Mapping):
        raise TypeError('"numbers" must be a table')
    kinds = _table(own, "kind")
    return LanguageRules(
        lang=lang,
        words=MappingProxyType({name: any_of(_strings(own, name)) for name in _WORDS}),
        short=_short(_strings(own, "short")),
        kinds=tuple(
            KindRules(
                kind=kind,
                sure=any_of(_led(own, "lead", _strings(part, "verbs")) + _strings(part, "whole")),
                dated=any_of(
                    _led(own, "lead", _strings(part, "dated_verbs"))
                    + _led(own, "dated", _strings(part, "verbs") + _strings(part, "dated_verbs"))
                ),
                chained=any_of(_led(own, "chained", _strings(part, "verbs"))),
            )
            for kind in Kind
            for part in [_table(kinds, kind.value)]
        ),
        time=TimeWords(
            within=each(_strings(times, "within")),
            day=each(_strings(times, "day")),
            date=each(_strings(times, "date")),
            clock=each(_strings(times, "clock")),
            part=tuple(
                (pattern, time.fromisoformat(moment)) for moment in parts for pattern in each(_strings(parts, moment))
            ),
            units=tuple(
                (pattern, int(name.split(" ", 1)[0]), Unit(name.split(" ", 1)[1]))
                for name in units
                for pattern in each(_strings(units, name))
            ),
            weekdays=each(_strings(names, "weekday")),
            months=each(_strings(names, "month")),
            numbers=MappingProxyType({str(word).translate(LETTERS): int(value) for word, value in numbers.items()}),
            afternoon=frozenset(word.translate(LETTERS) for word in _strings(times, "pm")),
            forenoon=frozenset(word.translate(LETTERS) for word in _strings(times, "am")),
        ),
    )


def _led(own: Mapping[str, object], lead: str, verbs: Sequence[str]) -> list[str]:
    """A pattern for "any of these leads with any of these verbs"; none where either is empty."""
    leads = _strings(own, lead)
    return [f"(?:{'|'.join(leads)})(?:{'|'.join(verbs)})"] if leads and verbs else []


def _short(words: Sequence[str]) -> re.Pattern[str] | None:
    """An abbreviation with its full stop, which would otherwise end a sentence."""
    return re.compile(rf"(?<!\w)((?i:{'|'.join(words)}))\.(?=\s*[a-zа-яіїєґ0-9])") if words else None


def _examples(lang: str, own: Mapping[str, object]) -> Iterable[Example]:
    kinds, examples = _table(own, "kind"), _table(own, "examples")
    for kind in Kind:
        for text in _strings(_table(kinds, kind.value), "hits"):
            yield Example(lang=lang, text=text, hit=True, kind=kind)
    for text in _strings(examples, "passes"):
        yield Example(lang=lang, text=text, hit=False)
    for text, due in _table(examples, "due").items():
        yield Example(lang=lang, text=text, hit=True, due=datetime.fromisoformat(str(due)))


def _table(table: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = table[name]
    if not isinstance(value, Mapping):
        raise TypeError(f'"{name}" must be a table')
    return value


def _strings(table: Mapping[str, object], name: str) -> list[str]:
    value = table.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError(f'"{name}" must be a list of strings')
    return value
