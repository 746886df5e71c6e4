"""Examples to learn from and to measure on, and the written ones among them.

Written examples say in their `split` what they serve for; whole scenarios are held out, because neighbours are often
twins.
"""

import gzip
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from classifiers.types import Category, Intent, Politeness, Sentiment, UrgencyReason

T = TypeVar("T")


class BadCorpus(Exception):
    """A corpus cannot be used; the message names the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionExample:
    """A text and what is known about it; None is "not labelled". `intents` holds every intent that may be right."""

    text: str
    lang: str
    source: str
    sentiment: Sentiment | None = None
    toxic: bool | None = None
    intents: frozenset[Intent] | None = None
    urgent: bool | None = None
    reason: UrgencyReason | None = None
    politeness: Politeness | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftExample:
    """A reply draft to a mention; `spans` are code points of the risky words in `draft`."""

    mention: str
    draft: str
    lang: str
    risky: bool
    categories: frozenset[Category]
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts(Generic[T]):
    """Written examples by their `split`: to learn from, to choose and calibrate with, and to measure on."""

    learn: list[T]
    tuning: list[T]
    held_out: list[T]


def written_mentions(folder: Path) -> Parts[MentionExample]:
    """The written mentions of a folder; raises BadCorpus for a row that is not one."""
    return _parts(folder, _mention)


def written_hostility(folder: Path) -> Parts[MentionExample]:
    """Texts that are hostile to people, and such as only look so; raises BadCorpus for a row that is not one."""
    return _parts(folder, _hostility)


def written_drafts(folder: Path) -> Parts[DraftExample]:
    """The written drafts of a folder; raises BadCorpus for a row that is not one."""
    return _parts(folder, _draft)


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a gzipped JSONL file; raises BadCorpus when it cannot be read."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            for line in stream:
                yield json.loads(line)
    except (OSError, EOFError, ValueError) as error:
        raise BadCorpus(f"cannot read {path} ({error})") from error


def token_labels(spans: Collection[tuple[int, int]], tokens: Sequence[tuple[int, int]]) -> list[bool]:
    """For each token's code points, whether they touch a labelled span."""
    return [any(start < last and first < end for first, last in spans) for start, end in tokens]


def _parts(folder: Path, parse: Callable[[Mapping[str, object]], T]) -> Parts[T]:
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise BadCorpus(f"no *.jsonl in {folder}; name the folder that holds mentions/ and drafts/")
    parts: Parts[T] = Parts(learn=[], tuning=[], held_out=[])
    places = {"train": parts.learn, "tuning": parts.tuning, "held-out": parts.held_out}
    for path in files:
        with path.open(encoding="utf-8") as stream:
            for number, line in enumerate(stream, start=1):
                try:
                    row = json.loads(line)
                    places[row["split"]].append(parse(row))
                except (KeyError, TypeError, ValueError) as error:
                    raise BadCorpus(f"{path}, line {number}: not an example ({error})") from error
    return parts


def _mention(row: Mapping[str, object]) -> MentionExample:
    reason = row["urgent_reason"]
    example = MentionExample(
        text=_string(row, "text"),
        lang=_string(row, "lang"),
        source="written",
        sentiment=Sentiment(_string(row, "sentiment")),
        toxic=_flag(row, "toxic"),
        intents=frozenset({Intent(_string(row, "intent"))}),
        urgent=_flag(row, "urgent"),
        reason=None if reason is None else UrgencyReason(_string(row, "urgent_reason")),
    )
    if "politeness" in row:
        example = replace(example, politeness=Politeness(_string(row, "politeness")))
    second = row.get("second", {})
    if not isinstance(second, Mapping):
        raise TypeError('"second" is not an object')
    return _less_sure(example, second) if row["split"] == "train" else example


def _less_sure(example: MentionExample, second: Mapping[str, object]) -> MentionExample:
    """What is learnt from a text that two readers labelled differently: either intent, and no other disputed label."""
    if "intent" in second:
        example = replace(example, intents=(example.intents or frozenset()) | {Intent(_string(second, "intent"))})
    if "sentiment" in second:
        example = replace(example, sentiment=None)
    if "toxic" in second:
        example = replace(example, toxic=None)
    if "urgent_reason" in second:
        example = replace(example, urgent=None, reason=None)
    return example


def _hostility(row: Mapping[str, object]) -> MentionExample:
    return MentionExample(
        text=_string(row, "text"), lang=_string(row, "lang"), source="written", toxic=_flag(row, "toxic")
    )


def _draft(row: Mapping[str, object]) -> DraftExample:
    draft = _string(row, "draft")
    spans = [draft.index(part) for part in _strings(row, "spans")]
    return DraftExample(
        mention=_string(row, "mention"),
        draft=draft,
        lang=_string(row, "lang"),
        risky=_flag(row, "risky"),
        categories=frozenset(Category(name) for name in _strings(row, "categories")),
        spans=tuple((start, start + len(part)) for start, part in zip(spans, _strings(row, "spans"), strict=True)),
    )


def _string(row: Mapping[str, object], key: str) -> str:
    value = row[key]
    if not isinstance(value, str):
        raise TypeError(f'"{key}" is not a string')
    return value


def _flag(row: Mapping[str, object], key: str) -> bool:
    value = row[key]
    if not isinstance(value, bool):
        raise TypeError(f'"{key}" is not true or false')
    return value


def _strings(row: Mapping[str, object], key: str) -> list[str]:
    value = row[key]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError(f'"{key}" is not a list of strings')
    return value
