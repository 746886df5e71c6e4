"""What a reply may begin with: the templates that fit a post, filled with what is known. Pure.

A template fits when it is in the post's language and the post uses words of its topic; the same intent makes it fit
better, and alone makes nothing fit: most posts are questions or complaints about something else. Nothing fits an urgent
post. Personal replies begin with an empty page unless somebody asks for templates: a ready-made answer to an angry,
specific complaint is a risk of its own.

Beside that, answers are found by meaning, across languages: templates, the brand's own answers (FAQ) and replies that
went out, each with its source and its age (`entries`, `nearest`). Whoever calls brings the vectors.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from enum import StrEnum
from math import sqrt
from operator import mul, sub
from typing import Final, TypeAlias

from classifiers.types import UNKNOWN_LANGUAGE
from monitor.mention import Lane
from responders.knowledge import AnswerBook
from responders.reply import ReplyTarget
from responders.sameness import Spoken
from responders.templates import Template, TemplateBook, Wording, fill_open

INTENT_POINTS: Final = 2.0
TOPIC_POINTS: Final = 1.0
STEM: Final = 4
"""Code points that two words share when they count as one: forms of ru, uk and ar words differ at their ends."""

CLOSE: Final = 0.22
"""How close an answer must be to be offered. With the shipped model 19 of 20 questions of a FAQ have their own one in
another language at 0.37 or closer; everyday words bring it down to 0.2. Of 192 written posts 95 % of the questions and
14 % of the praise have an answer this close (docs/replies.md)."""

Vector: TypeAlias = Sequence[float]
"""A text's meaning: numbers of unit length together."""

_WORD: Final = re.compile(r"\w+")
_PERSON_NAME: Final = re.compile(r"[^\W\d_]+(?:[ '’-][^\W\d_]+){0,2}")
_NATIVE_DOORS: Final = ("reddit", "x")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A filled template: its words, the fields still open in them, how well it fits, and why it is offered."""

    template: str
    lang: str
    text: str
    missing: tuple[str, ...]
    score: float
    why: str


def suggest(
    target: ReplyTarget,
    book: TemplateBook,
    values: Mapping[str, str | None],
    *,
    lane: Lane,
    limit: int = 3,
    even_personal: bool = False,
    urgent: bool = False,
) -> tuple[Suggestion, ...]:
    """The templates that fit a post, best first; none for an urgent post or one without a language, nor for the
    personal lane unless asked.
    """
    if (
        urgent
        or target.lang is None
        or target.lang == UNKNOWN_LANGUAGE
        or (lane is Lane.PERSONAL and not even_personal)
    ):
        return ()
    words = {_stem(word) for word in _WORD.findall(target.words.casefold())}
    found = []
    for template in book.templates.values():
        wording = template.wordings.get(target.lang)
        if wording is None or (template.level is Lane.PERSONAL and lane is Lane.FLOW):
            continue
        score, why = _fit(template, wording, words, target.intent)
        if score > 0:
            text, missing = fill_open(template, target.lang, values)
            found.append(
                Suggestion(template=template.key, lang=target.lang, text=text, missing=missing, score=score, why=why)
            )
    return tuple(sorted(found, key=lambda suggestion: (-suggestion.score, suggestion.template))[:limit])


class Source(StrEnum):
    """Where an answer comes from."""

    TEMPLATE = "template"
    FAQ = "faq"
    REPLY = "reply"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An answer that we have in one language, and the words by whose meaning it is found.

    `name` is the key of a template or a FAQ row, or who wrote a reply; entries of one `source` and `group` are one
    answer in several languages. `at` is when it was last looked at or sent (UTC), None where nobody knows.
    """

    source: Source
    group: str
    name: str
    lang: str | None
    asked: str
    text: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """An answer close in meaning to a post: how close (-1…1), and whether it must be translated first."""

    entry: Entry
    likeness: float
    translate: bool


def entries(
    book: TemplateBook,
    answers: AnswerBook,
    spoken: Iterable[Spoken],
    values: Mapping[str, str | None],
    *,
    lane: Lane,
    filed: Mapping[Source, datetime],
) -> tuple[Entry, ...]:
    """Everything that an answer could begin with; templates filled as far as `values` go, personal ones in that lane.

    `filed` says when the files were last changed, for rows without a day of their own.
    """
    templates = [
        Entry(
            source=Source.TEMPLATE,
            group=template.key,
            name=template.key,
            lang=lang,
            asked=" ".join(wording.topic),
            text=fill_open(template, lang, values)[0],
            at=filed.get(Source.TEMPLATE),
        )
        for template in book.templates.values()
        if template.level is Lane.FLOW or lane is Lane.PERSONAL
        for lang, wording in template.wordings.items()
    ]
    own = [
        Entry(
            source=Source.FAQ,
            group=answer.key,
            name=answer.key,
            lang=answer.lang,
            asked=answer.question,
            text=answer.text,
            at=datetime.combine(answer.updated, time(), UTC) if answer.updated else filed.get(Source.FAQ),
        )
        for answer in answers.answers
    ]
    sent = [
        Entry(
            source=Source.REPLY,
            group=str(one.mention_id),
            name=one.author,
            lang=one.lang if one.lang != UNKNOWN_LANGUAGE else None,
            asked=one.mention,
            text=one.text,
            at=one.at,
        )
        for one in spoken
    ]
    return tuple(entry for entry in (*templates, *own, *sent) if entry.asked.strip())


def middles(reference: Iterable[Entry], meanings: Mapping[str, Vector]) -> Mapping[str | None, Vector]:
    """Where the meanings of each language lie, from entries that say the same in every language; None is all of them.

    Texts of one language lie closer together than their meanings do: measured from the middle of its own language, a
    question is found in another one, which it otherwise hardly is (docs/replies.md).
    """
    by_language: dict[str | None, list[Vector]] = {None: []}
    for entry in reference:
        vector = meanings.get(entry.asked)
        if vector is not None:
            by_language[None].append(vector)
            by_language.setdefault(entry.lang, []).append(vector)
    return {lang: _middle(vectors) for lang, vectors in by_language.items() if vectors}


def nearest(
    post: Vector,
    known: Iterable[Entry],
    meanings: Mapping[str, Vector],
    *,
    lang: str | None,
    middles: Mapping[str | None, Vector],
    limit: int = 3,
    at_least: float = CLOSE,
) -> tuple[Near, ...]:
    """The answers whose questions mean what a post in `lang` means, closest first, of equals the youngest.

    An answer in several languages is as close as its closest question and is offered in the post's language where it
    has that; otherwise in the closest one, to be translated. Entries without a vector in `meanings` are passed over.
    """
    asked = _direction(post, lang, middles)
    closest: dict[tuple[Source, str], tuple[float, Entry]] = {}
    own: dict[tuple[Source, str], Entry] = {}
    for entry in known:
        vector = meanings.get(entry.asked)
        if vector is None:
            continue
        key = entry.source, entry.group
        likeness = sum(map(mul, asked, _direction(vector, entry.lang, middles)))
        if key not in closest or likeness > closest[key][0]:
            closest[key] = likeness, entry
        if entry.lang == lang:
            own[key] = entry
    found = [
        Near(entry=own.get(key, entry), likeness=likeness, translate=key not in own)
        for key, (likeness, entry) in closest.items()
        if likeness >= at_least
    ]
    return tuple(sorted(found, key=_closest_first)[:limit])


def values_for(
    target: ReplyTarget, *, brand: str | None = None, channel: str | None = None, domain: str | None = None
) -> dict[str, str | None]:
    """What a template's fields are filled with, from the post and the brand; None for what is not known.

    A handle is no name: "Hello, xX_kettle_99" is worse than "Hello".
    """
    name = (target.author_name or "").strip()
    return {
        "name": name if _PERSON_NAME.fullmatch(name) else None,
        "brand": brand,
        "channel": channel,
        "link": f"https://{domain}" if domain else None,
    }


def choose_door(platform: str, doors: Mapping[str, Mapping[str, object]], default: str) -> str:
    """The name of the door that answers posts of a platform: one set up for it, else the default.

    `doors` are the tables `[doors.<name>]`. A door with `platforms` answers those; one without, its own kind's.
    """
    for name, table in doors.items():
        platforms = table.get("platforms")
        own = table.get("kind")
        served = platforms if isinstance(platforms, list | tuple) and platforms else (own,)
        if table.get("enabled", True) and platform in served and (platforms or own in _NATIVE_DOORS):
            return name
    return default


def _middle(vectors: Sequence[Vector]) -> Vector:
    return [sum(column) / len(vectors) for column in zip(*vectors, strict=True)]


def _direction(vector: Vector, lang: str | None, middles: Mapping[str | None, Vector]) -> Vector:
    """Where a text of a language lies from the middle of that language, as a vector of unit length."""
    middle = middles.get(lang) or middles.get(None)
    away = vector if middle is None else list(map(sub, vector, middle))
    length = sqrt(sum(map(mul, away, away)))
    return [value / length for value in away] if length else away


def _closest_first(near: Near) -> tuple[float, float, str]:
    at = near.entry.at
    return -near.likeness, -at.timestamp() if at else 0.0, near.entry.group


def _fit(template: Template, wording: Wording, words: set[str], intent: str | None) -> tuple[float, str]:
    same_intent = template.intent is not None and template.intent == intent
    shared = [word for word in wording.topic if _stem(word.casefold()) in words]
    score = INTENT_POINTS * same_intent + TOPIC_POINTS * len(shared)
    if not shared:
        return 0.0, ""
    reasons = [f"intent {intent}"] if same_intent else []
    return score, "; ".join([*reasons, f"words: {', '.join(shared)}"])


def _stem(word: str) -> str:
    # The Arabic article hides the first letters of the stem.
    bare = word.removeprefix("ال") if len(word) > STEM + 1 else word
    return bare[:STEM] if len(bare) > STEM else bare
