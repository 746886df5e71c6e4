"""Whether a parsed query matches a post, and where: pure, on words looked up by their keys.

A post is read once (`Reading`) however many brands ask. Places are the numbers of its words; a hit runs from its
first place to its last.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final
from urllib.parse import urlsplit

from classifiers.site_text import merged
from classifiers.text import clean
from classifiers.types import Span
from monitor.morphology import key, keys_of

Hit = tuple[int, int]

_WORD: Final = re.compile(r"[^\W_]+(?:['’ʼ][^\W_]+)*")
_TAG: Final = re.compile(r"[#@][^\W_]*[^\W\d_][^\W_]*")
_CAMEL: Final = re.compile(r"[^\W\d_]?[^\W\d_A-ZА-ЯЁІЇЄҐ]+|[A-ZА-ЯЁІЇЄҐ]+(?![^\W\d_A-ZА-ЯЁІЇЄҐ])|\d+")
_MOST_HITS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A post as a query sees it.

    `site` is its web address, its host or the platform's name; `lang` an ISO 639-1 code. What is None matches no
    field of a query.
    """

    text: str
    author: str | None = None
    site: str | None = None
    lang: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Where a query's words stand in the original text, in order and apart from each other.

    Empty when only fields (author:, site:, lang:) decided.
    """

    spans: tuple[Span, ...]


def words(text: str) -> list[Hit]:
    """The ranges of the words of a text; a hyphen or underscore parts words, an apostrophe inside does not."""
    return [match.span() for match in _WORD.finditer(text)]


class Reading:
    """A document's words by their keys."""

    def __init__(self, document: Document) -> None:
        self.document = document
        # Somebody who quotes the brand and answers speaks of the brand, so quotes are read too.
        self.cleaned = clean(document.text, quotes=True)
        self.hidden: frozenset[int] = frozenset()
        self.places, whole_tags = _places(self.cleaned.text)
        text = self.cleaned.text
        by_word: dict[str, list[int]] = {}
        for place, (start, end) in enumerate(self.places):
            by_word.setdefault(text[start:end], []).append(place)
        self.index: dict[str, list[int]] = {}
        for word, at in by_word.items():
            for form in keys_of(word):
                self.index.setdefault(form, []).extend(at)
        self.tags: dict[str, list[Hit]] = {}
        for first, last in whole_tags:
            whole = text[self.places[first][0] : self.places[last][1]]
            self.tags.setdefault(key(whole), []).append((first, last))

    def without(self, hits: Iterable[Hit]) -> "Reading":
        """The same reading as if the words of `hits` were not there."""
        view = object.__new__(Reading)
        view.__dict__.update(self.__dict__)
        view.hidden = self.hidden.union(*(range(first, last + 1) for first, last in hits))
        return view

    @cached_property
    def joined(self) -> dict[str, list[Hit]]:
        """Neighbouring words written together: "Nord wind" is found as "nordwind"."""
        text = self.cleaned.text
        plain = [key(text[start:end]) for start, end in self.places]
        found: dict[str, list[Hit]] = {}
        for place, (one, other) in enumerate(pairwise(plain)):
            for form in keys_of(one + other):
                found.setdefault(form, []).append((place, place + 1))
        return found

    @cached_property
    def literal(self) -> list[str]:
        """The words as they are written, in order of their places."""
        text = self.cleaned.text
        return [text[start:end].replace("’", "'").replace("ʼ", "'") for start, end in self.places]

    def seen(self, hits: Iterable[Hit]) -> list[Hit]:
        """The hits that are not hidden, in order."""
        if self.hidden:
            hits = (hit for hit in hits if self.hidden.isdisjoint(range(hit[0], hit[1] + 1)))
        return sorted(set(hits))

    def span(self, hit: Hit) -> Hit:
        """Where a hit stands in the original text."""
        span = self.cleaned.span(self.places[hit[0]][0], self.places[hit[1]][1])
        return span.start, span.end


def _places(text: str) -> tuple[list[Hit], list[Hit]]:
    """The words of a text, and the hits of those hashtags and handles that were parted: #NordwindShop."""
    tags = {match.start() + 1 for match in _TAG.finditer(text)}
    places: list[Hit] = []
    whole: list[Hit] = []
    for start, end in words(text):
        if start not in tags:
            places.append((start, end))
            continue
        first = len(places)
        places += [match.span() for match in _CAMEL.finditer(text, start, end)] or [(start, end)]
        if len(places) > first + 1:
            whole.append((first, len(places) - 1))
    return places, whole


@dataclass(frozen=True, slots=True)
class Word:
    """One word in any of its forms; `parted` also finds it as two words."""

    forms: frozenset[str]
    parted: bool = False


@dataclass(frozen=True, slots=True)
class Literal:
    """Words as they are written, side by side; `case` also wants capitals the same."""

    written: tuple[str, ...]
    case: bool = False


@dataclass(frozen=True, slots=True)
class Prefix:
    """Words that begin so."""

    starts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words side by side in order; with `slop`, in any order with at most so many others among them."""

    parts: tuple["Node", ...]
    slop: int | None = None


@dataclass(frozen=True, slots=True)
class Near:
    """Two things with at most `distance` words between them."""

    left: "Node"
    right: "Node"
    distance: int
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """What is known of a post beside its text: `author`, `site` or `lang`."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Every:
    """All of its parts."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """One of its parts at least."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Its part is not there."""

    part: "Node"


Node = Word | Literal | Prefix | Phrase | Near | Field | Every | Either | Not


def hits_of(node: Node, reading: Reading) -> list[Hit] | None:
    """Where a node is found; None where it is not, and empty where it holds without a place in the text."""
    match node:
        case Not():
            return [] if hits_of(node.part, reading) is None else None
        case Field():
            return [] if _FIELDS[node.name](node.value, reading.document) else None
        case Every():
            found: list[Hit] = []
            for part in node.parts:
                hits = hits_of(part, reading)
                if hits is None:
                    return None
                found += hits
            return found
        case Either():
            answers = [hits for part in node.parts if (hits := hits_of(part, reading)) is not None]
            return sorted({hit for hits in answers for hit in hits}) if answers else None
        case _:
            return _in_text(node, reading)[:_MOST_HITS] or None


def _in_text(node: Word | Literal | Prefix | Phrase | Near, reading: Reading) -> list[Hit]:
    match node:
        case Word():
            hits = [(at, at) for form in node.forms.intersection(reading.index) for at in reading.index[form]]
            hits += [hit for form in node.forms.intersection(reading.tags) for hit in reading.tags[form]]
            if node.parted:
                hits += [hit for form in node.forms.intersection(reading.joined) for hit in reading.joined[form]]
            return reading.seen(hits)
        case Prefix():
            hits = [(at, at) for form, found in reading.index.items() if form.startswith(node.starts) for at in found]
            hits += [hit for form, whole in reading.tags.items() if form.startswith(node.starts) for hit in whole]
            return reading.seen(hits)
        case Literal():
            return reading.seen(_written(node, reading.literal))
        case Near():
            left, right = hits_of(node.left, reading), hits_of(node.right, reading)
            return _near(left, right, node.distance, ordered=node.ordered) if left and right else []
        case Phrase():
            parts = [hits_of(part, reading) or [] for part in node.parts]
            return _side_by_side(parts) if node.slop is None else _together(parts, node.slop)


def _written(node: Literal, literal: Sequence[str]) -> list[Hit]:
    size = len(node.written)
    shown = literal if node.case else [word.casefold() for word in literal]
    wanted = list(node.written)
    return [(at, at + size - 1) for at in range(len(shown) - size + 1) if shown[at : at + size] == wanted]


def _side_by_side(parts: Sequence[Sequence[Hit]]) -> list[Hit]:
    chains = list(parts[0])
    for part in parts[1:]:
        following: dict[int, list[int]] = {}
        for first, last in part:
            following.setdefault(first, []).append(last)
        chains = [(start, last) for start, end in chains for last in following.get(end + 1, ())][:_MOST_HITS]
    return chains


def _together(parts: Sequence[Sequence[Hit]], slop: int) -> list[Hit]:
    """The smallest windows that hold a hit of every part, with at most `slop` other words."""
    if not all(parts):
        return []
    events = sorted((*hit, number) for number, part in enumerate(parts) for hit in part)
    counts = [0] * len(parts)
    missing = len(parts)
    found: list[Hit] = []
    left = 0
    for _, last, number in events:
        missing -= counts[number] == 0
        counts[number] += 1
        while not missing:
            first, _, gone = events[left]
            if last - first + 1 - len(parts) <= slop:
                found.append((first, last))
            counts[gone] -= 1
            missing += counts[gone] == 0
            left += 1
    return found


def _near(left: Sequence[Hit], right: Sequence[Hit], distance: int, *, ordered: bool) -> list[Hit]:
    found = _followed(left, right, distance)
    return found if ordered else sorted({*found, *_followed(right, left, distance)})


def _followed(one: Sequence[Hit], other: Sequence[Hit], distance: int) -> list[Hit]:
    """Pairs of which the second begins after the first ends, with at most `distance` words between."""
    other = sorted(other)
    found: list[Hit] = []
    for first, last in one:
        at = bisect_left(other, (last + 1, 0))
        while at < len(other) and other[at][0] - last - 1 <= distance:
            found.append((first, other[at][1]))
            at += 1
        if len(found) > _MOST_HITS:
            break
    return found


def _person(handle: str) -> str:
    return re.sub(r"^(?:/?u/|@)", "", handle.strip().casefold())


def _by_author(value: str, document: Document) -> bool:
    if document.author is None:
        return False
    wanted, author = _person(value), _person(document.author)
    return author.startswith(wanted[:-1]) if wanted.endswith("*") else author == wanted


def _on_site(value: str, document: Document) -> bool:
    """A host with or without what stands before it, a path below it, or the name of a platform."""
    if document.site is None:
        return False
    wanted_host, wanted_path = _address(value)
    host, path = _address(document.site)
    if "." not in wanted_host:
        return wanted_host in host.split(".") and not wanted_path
    return (host == wanted_host or host.endswith("." + wanted_host)) and (path + "/").startswith(
        wanted_path + "/" if wanted_path else ""
    )


def _address(site: str) -> tuple[str, str]:
    """Host without "www." and path without its last slash, lower-case."""
    site = site.strip().casefold()
    try:
        parts = urlsplit(site if "//" in site else "//" + site)
        host = parts.hostname or ""
    except ValueError:  # "http://[" is no address
        return "", ""
    return host.removeprefix("www."), parts.path.rstrip("/")


def _in_language(value: str, document: Document) -> bool:
    return document.lang is not None and document.lang.casefold().partition("-")[0] == value.casefold()


_FIELDS: Final[dict[str, Callable[[str, Document], bool]]] = {
    "author": _by_author,
    "site": _on_site,
    "lang": _in_language,
}


def match_of(node: Node, reading: Reading) -> Match | None:
    """The match of a whole query, its spans in the original text."""
    hits = hits_of(node, reading)
    if hits is None:
        return None
    return Match(spans=tuple(Span(start=start, end=end) for start, end in merged([reading.span(hit) for hit in hits])))


def asked_for(node: Node) -> Iterable[Node]:
    """The words and phrases that a query wants to be there, without those under a NOT."""
    match node:
        case Not() | Field():
            return
        case Every() | Either():
            for part in node.parts:
                yield from asked_for(part)
        case _:
            yield node
