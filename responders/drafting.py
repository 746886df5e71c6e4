"""What a reply may begin with: the templates that fit a post, filled with what is known. Pure.

A template fits when it is in the post's language and the post uses words of its topic; the same intent makes it fit
better, and alone makes nothing fit: most posts are questions or complaints about something else. Nothing fits an urgent
post. Personal replies begin with an empty page unless somebody asks for templates: a ready-made answer to an angry,
specific complaint is a risk of its own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from classifiers.types import UNKNOWN_LANGUAGE
from monitor.mention import Lane
from responders.reply import ReplyTarget
from responders.templates import Template, TemplateBook, Wording, fill_open

INTENT_POINTS: Final = 2.0
TOPIC_POINTS: Final = 1.0
STEM: Final = 4
"""Code points that two words share when they count as one: forms of ru, uk and ar words differ at their ends."""

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
