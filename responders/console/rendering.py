"""Text from outside as HTML that can do nothing but be read.

Pure functions from values to escaped HTML. Everything that people wrote, here or elsewhere, passes `inert`: escaped,
without control characters, each paragraph in its own direction (the stylesheet's `tf-text`), and the characters nobody
sees shown by their code on demand.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from html import escape
from itertools import pairwise
from typing import Final

SHOWN_AT_ONCE: Final = 480
"""Code points of a text that a list shows before it is opened."""

SHOWN_AT_MOST: Final = 20_000
"""Code points of a text that a page carries at all: a 10 MB post must not become a 10 MB page."""

STRONGEST: Final = 3
"""How many strengths a mark can have: told apart by colour and by the line under the words."""

BIDI_CONTROLS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Embeddings, overrides and isolates: they let a text show another order than it has (UAX #9, UTR #36)."""

_LINE_BREAKS: Final = frozenset("\n\u2028\u2029\u0085")
_KEPT_FORMATS: Final = frozenset("\u200c\u200d\u200e\u200f\u061c")  # joiners and marks: Arabic and emoji need them
_BLANKS: Final = frozenset(
    "\u2800\u115f\u1160\u3164\uffa0\u034f\u17b4\u17b5"
)  # letters by category, nothing to the eye
_NEEDS_NO_JOINER: Final = re.compile(r"[A-Za-z\u0400-\u052f]{2}")
_WORDS: Final = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A stretch of a text to mark: code points `start` to `end`, a severity word for its colour, a `label` to read."""

    start: int
    end: int
    severity: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """A stretch of a text that weighed in an answer: code points `start` to `end`, and a `label` to read.

    `strength` is `STRONGEST` for the heaviest stretches, 1 for the lightest.
    """

    start: int
    end: int
    strength: int
    label: str


def hidden(text: str) -> int:
    """How many characters of `text` are invisible and have no business in plain writing."""
    return sum(1 for place, character in enumerate(text) if _is_hidden(text, place, character))


def inert(text: str, *, reveal: bool = False) -> str:
    """`text` as HTML text: escaped, controls taken out or, with `reveal`, shown by their code."""
    return "".join(_character(text, place, character, reveal=reveal) for place, character in enumerate(text))


def paragraph(text: str, *, reveal: bool = False, css: str = "") -> str:
    """A block of someone's text in its own direction, cut at `SHOWN_AT_MOST`."""
    cut = text[:SHOWN_AT_MOST]
    rest = f'<span class="tf-cut">… +{len(text) - SHOWN_AT_MOST}</span>' if len(text) > SHOWN_AT_MOST else ""
    return f'<div class="tf-text {css}" dir="auto">{inert(cut, reveal=reveal)}{rest}</div>'


def clamped(text: str, *, more: str, reveal: bool = False) -> str:
    """A block of someone's text, its beginning at once and the whole behind the words `more`."""
    if len(text) <= SHOWN_AT_ONCE:
        return paragraph(text, reveal=reveal)
    beginning = text[:SHOWN_AT_ONCE]
    space = beginning.rfind(" ")
    beginning = beginning[:space] if space > SHOWN_AT_ONCE // 2 else beginning
    return (
        '<details class="tf-more"><summary>'
        f'<div class="tf-text tf-beginning" dir="auto">{inert(beginning, reveal=reveal)}…</div>'
        f'<span class="tf-expand">{escape(more)}</span></summary>{paragraph(text, reveal=reveal)}</details>'
    )


def harmless(text: str, *, limit: int = 80) -> str:
    """A name from outside as plain text for a sentence of ours: one line, no control characters, cut at `limit`."""
    flat = " ".join(text.split())
    seen = "".join("" if _is_hidden(flat, place, character) else character for place, character in enumerate(flat))
    return seen if len(seen) <= limit else seen[: limit - 1] + "…"


def inline(text: str, *, limit: int = 80) -> str:
    """A name or a title inside a sentence: isolated, on one line, cut at `limit` code points."""
    flat = " ".join(text.split())
    return f"<bdi>{inert(flat if len(flat) <= limit else flat[: limit - 1] + '…')}</bdi>"


def link(url: str | None, words: str) -> str:
    """A link to a page outside, only over http and https; otherwise just the words."""
    if url is None or not re.match(r"https?://[^\s/]+", url, re.IGNORECASE):
        return escape(words)
    arrow = '<span aria-hidden="true"> ↗</span>'
    return f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer nofollow">{escape(words)}{arrow}</a>'


def marked(text: str, marks: Sequence[Mark]) -> str:
    """A draft with its findings marked and numbered as in `marks`; marks may overlap or touch."""
    places = [(mark, number) for number, mark in enumerate(marks, start=1) if 0 <= mark.start < mark.end <= len(text)]
    edges = sorted({0, len(text)} | {edge for mark, _ in places for edge in (mark.start, mark.end)})
    parts: list[str] = []
    for start, end in pairwise(edges):
        here = [(mark, number) for mark, number in places if mark.start <= start and end <= mark.end]
        piece = inert(text[start:end])
        if not here:
            parts.append(piece)
            continue
        label = escape("; ".join(mark.label for mark, _ in here))
        numbers = "".join(f"<sup>{number}</sup>" for mark, number in here if mark.end == end)
        parts.append(
            f'<mark class="tf-{_worst(mark.severity for mark, _ in here)}" title="{label}">{piece}{numbers}</mark>'
        )
    return f'<div class="tf-text tf-draft" dir="auto">{"".join(parts)}</div>'


def weighed(text: str, weights: Sequence[Weight], *, reveal: bool = False) -> str:
    """Someone's text with its weighty stretches marked; one that lies in another or outside the text is left out."""
    parts: list[str] = []
    place = 0
    for weight in sorted(weights, key=lambda weight: (weight.start, -weight.end)):
        if not place <= weight.start < weight.end <= len(text):
            continue
        parts.append(inert(text[place : weight.start], reveal=reveal))
        strength = max(1, min(weight.strength, STRONGEST))
        piece = inert(text[weight.start : weight.end], reveal=reveal)
        parts.append(f'<mark class="tf-weight-{strength}" title="{escape(weight.label)}">{piece}</mark>')
        place = weight.end
    parts.append(inert(text[place:], reveal=reveal))
    return f'<div class="tf-text tf-weighed" dir="auto">{"".join(parts)}</div>'


def difference(before: str, after: str) -> str:
    """What changed from one version of a draft to the next, word by word, as `<del>` and `<ins>`."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    parts: list[str] = []
    for change, i, j, k, m in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if change == "equal":
            parts.append(inert("".join(old[i:j])))
            continue
        if i < j:
            parts.append(f"<del>{inert(''.join(old[i:j]))}</del>")
        if k < m:
            parts.append(f"<ins>{inert(''.join(new[k:m]))}</ins>")
    return f'<div class="tf-text tf-draft" dir="auto">{"".join(parts)}</div>'


def badge(words: str, *, kind: str = "plain", title: str = "") -> str:
    """A short fact in a small box; `kind` only adds a colour to what the words say."""
    tip = f' title="{escape(title)}"' if title else ""
    return f'<span class="tf-badge tf-{kind}"{tip}>{escape(words)}</span>'


def bar(parts: Iterable[tuple[str, float]], *, label: str) -> str:
    """A bar of named parts out of 100; `label` says the same in words for those who do not see it."""
    filled = "".join(
        f'<span class="tf-part tf-part-{number % 5}" title="{escape(name)}" '
        f'style="width:{max(0.0, min(points, 100.0)):.1f}%"></span>'
        for number, (name, points) in enumerate(parts)
    )
    return f'<span class="tf-bar" role="img" aria-label="{escape(label)}">{filled}</span>'


def _worst(severities: Iterable[str]) -> str:
    return min(severities, key=lambda name: ("block", "review", "warn").index(name) if name in _SEVERITIES else 3)


_SEVERITIES: Final = frozenset({"block", "review", "warn"})


def _is_hidden(text: str, place: int, character: str) -> bool:
    if character < "\u00a0":
        return (character < " " or character > "~") and character not in "\t\r\n\u0085"
    if character in _BLANKS or character in BIDI_CONTROLS:
        return True
    if unicodedata.category(character) not in ("Cf", "Co", "Cn", "Cs"):
        return False
    if character in _KEPT_FORMATS:
        return _splits_a_word(text, place)
    return True


def _splits_a_word(text: str, place: int) -> bool:
    """Whether a joiner or mark stands between two letters of an alphabet that never needs one."""
    return bool(_NEEDS_NO_JOINER.fullmatch(text[max(0, place - 1) : place] + text[place + 1 : place + 2]))


def _character(text: str, place: int, character: str, *, reveal: bool) -> str:
    if character in _LINE_BREAKS:
        return "\n"
    if _is_hidden(text, place, character):
        return _revealed(character) if reveal else _unseen(character)
    return "" if character == "\r" else escape(character)


def _unseen(character: str) -> str:
    # A blank letter still takes its place; a control takes none.
    return " " if character in _BLANKS else ""


def _revealed(character: str) -> str:
    name: Callable[[str, str], str] = unicodedata.name
    return (
        f'<span class="tf-hidden" title="{escape(name(character, "control character"))}">U+{ord(character):04X}</span>'
    )
