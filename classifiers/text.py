"""Text as people paste it, made fit for judging, with the way back to every original character.

`clean` drops what is not the writer's words; `mask` hides handles and links from a model; `sentences` cuts a text
where its sentences end. `fold`, the rougher form in which insults are looked for, stands in `folding`.
"""

import re
import unicodedata
from html import unescape
from re import Match
from typing import Final

from classifiers import site_text
from classifiers.folding import fold
from classifiers.offsets import CleanText, rewrite, translated, untouched, without
from classifiers.types import Span

__all__ = ["CleanText", "clean", "fold", "mask", "sentences"]


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_MAX_PASSES: Final = 6
"""Each pass may bare what the next one cleans (an entity inside an entity); real text needs one and a look."""

_SPACES: Final = dict.fromkeys(
    map(ord, "\t\xa0\u1680\u202f\u205f\u3000\u2800\u3164\u115f\u1160\uffa0" + "".join(map(chr, range(0x2000, 0x200B)))),
    " ",
)
_LINE_BREAK: Final = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u0640\u070f\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]+"
)
_TURNED: Final = re.compile(
    "\u202e([A-Za-z\u0400-\u052f]{2,40})\u202c|\u202d([\u0621-\u064a\u066e-\u06d3]{2,40})\u202c"
)
"""A word written backwards between marks that make it stand the right way round on the screen."""
_DECOMPOSED: Final = re.compile("[^\\W\\d_][\u0300-\u036f\u0653-\u0655]+")
_MAX_MARKS: Final = 2
_WHITE: Final = re.compile(r"[ \n]{2,}")
_REPEATED_COMMA: Final = re.compile(r"([،؛,;.])(?: \1)+|([،؛,;])\2+")
_SPACED_COMMA: Final = re.compile(r" ([،؛؟])")

_BLOCK_TAGS: Final = _words(
    "address article aside blockquote br dd div dl dt figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr li"
    " main nav ol p pre section table tbody td th thead tr ul"
)
_INLINE_TAGS: Final = _words(
    "a abbr acronym audio b bdi bdo big body button center cite code col colgroup del details dfn em embed font head"
    " html i iframe img input ins kbd label link mark meta noscript object option q s samp script select small source"
    " span strike strong style sub summary sup svg textarea time title tt u var video wbr"
)
_TAG: Final = re.compile(
    rf"<(/?)({'|'.join(sorted(_BLOCK_TAGS | _INLINE_TAGS, key=len, reverse=True))}|[a-z]:[a-z]+)(?=[\s/>])"
    r"(?:(?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+>|[^<>]*+>)|<!doctype[^<>]*+>|-->",
    re.IGNORECASE,
)
_UNSEEN_START: Final = re.compile(r"<!--|<(script|style)(?=[\s/>])[^<>]*+>", re.IGNORECASE)
_UNSEEN_END: Final = {
    "": re.compile("-->"),
    "script": re.compile(r"</script\s*>", re.IGNORECASE),
    "style": re.compile(r"</style\s*>", re.IGNORECASE),
}
_ENTITY: Final = re.compile(r"&(?:amp;)*(#\d{1,7};|#x[0-9a-f]{1,6};|[a-z][a-z0-9]{1,31};|nbsp\b)", re.IGNORECASE)
_BBCODE: Final = re.compile(
    r"\[(/?)(b|i|u|s|url|img|color|size|font|center|left|right|spoiler|code|list)(?:=[^\[\]\n]{0,300})?\]",
    re.IGNORECASE,
)

_LINK: Final = (
    r"https?://[^\s<>«»\"]+|www\.[^\s<>«»\"]+"
    r"|(?<![\w@.-])(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,10}/[^\s<>«»\"]*"
)
_EMAIL: Final = r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}"
_HANDLE: Final = r"(?<![\w@/])@\w[\w.]{0,49}(?<!\.)"
_GLUED: Final = re.compile(r"(?<=[^\W\d_][^\W\d_])[»”\"')\]]{0,2}[.!?…؟]{1,5}[»”\"')\]]{0,2}(?=[^\W\d_])(?!\w{1,20}=)")
_LINK_SIGNS: Final = ("@", "#", "/", "\\", "www.", "WWW.")
_LONGEST_LINK: Final = 300
_FIRST_WORD: Final = re.compile(r"[^\W\d_]{1,20}")
_WORD_BEFORE: Final = re.compile(r"[^\W\d_]{2,40}$")
_ARABIC: Final = re.compile("[\u0621-\u064a\u066e-\u06d3]")
_DOMAIN_ENDINGS: Final = _words(
    "app biz by club co com de dev edu eu exe fm gov gr info io it js kz la me net online org pdf php pro py ru"
    " sa shop site store su tv ua uk us xyz zip рф укр бел москва"
)

_MAY_END: Final = _words("etc inc ltd co corp a.m p.m u.s u.k т.д т.п др пр руб коп г гг тыс млн млрд ін грн тис р рр")
"""Abbreviations that also stand at the end of a sentence: a capital after them starts a new one."""
_ABBREVIATIONS: Final = _MAY_END | _words(
    "mr mrs ms dr prof st vs e.g i.e approx dept fig jr sr vol art"
    " т.е т.к т.н ул им стр см напр просп пр-т обл р-н тел корп кв эт гор пос бул наб проф акад доц"
    " вул буд ім див наприкл просп обл смт пл оф тел заст"
    " د م أ ص ت"
)
_STOP: Final = re.compile(r"[.!?…؟۔]+[»”\"')\]]*(?=\s|$)|\n")
_LONGEST_LIST_NUMBER: Final = 2
_LAST_WORD: Final = re.compile(r"[\w.-]{1,12}$")


def _unseen(given: CleanText) -> CleanText:
    """Cut out comments, scripts and style sheets; one that never ends loses only its first mark."""
    text = given.text
    gaps: list[tuple[int, int]] = []
    endless: set[str] = set()
    at = 0
    while start := _UNSEEN_START.search(text, at):
        kind = (start[1] or "").lower()
        end = None if kind in endless else _UNSEEN_END[kind].search(text, start.end())
        if end is None:
            endless.add(kind)
        at = end.end() if end else start.end()
        gaps.append((start.start(), at))
    return without(given, gaps, " ")


def _tag(match: Match[str]) -> str:
    name = (match[2] or "").lower()
    if name == "blockquote":
        return f"\n[{match[1]}quote]\n"
    if name in {"td", "th"}:
        return " "
    return "\n" if name in _BLOCK_TAGS else ""


def _entity(match: Match[str]) -> str | None:
    written = "&" + match[1] + ("" if match[1].endswith(";") else ";")
    seen = unescape(written)
    return seen if seen != written else None


def _bbcode(given: CleanText) -> CleanText:
    """Drop formatting marks, but only of kinds that are closed somewhere: `[i]` alone may be an index."""
    closed = {match[2].lower() for match in _BBCODE.finditer(given.text) if match[1]}
    return rewrite(given, _BBCODE, lambda match: "" if match[2].lower() in closed else None) if closed else given


def _markup(given: CleanText) -> CleanText:
    if "<" in given.text:
        given = rewrite(_unseen(given), _TAG, _tag)
    if "&" in given.text:
        given = rewrite(given, _ENTITY, _entity)
    return _bbcode(given) if "[/" in given.text else given


def _compose(match: Match[str]) -> str:
    return unicodedata.normalize("NFC", match[0])[: 1 + _MAX_MARKS]


def _visible(given: CleanText) -> CleanText:
    """Drop what cannot be seen, and let blanks and line breaks be of one kind."""
    if given.text.isascii() and given.text.isprintable():
        return given
    given = rewrite(given, _LINE_BREAK, lambda _: "\n")
    given = rewrite(given, _TURNED, lambda match: (match[1] or match[2])[::-1])
    given = rewrite(given, _INVISIBLE, lambda _: "")
    return rewrite(translated(given, _SPACES), _DECOMPOSED, _compose)


def _blank(match: Match[str]) -> str:
    breaks = match[0].count("\n")
    return "\n\n" if breaks > 1 else "\n" if breaks else " "


def _even(given: CleanText) -> CleanText:
    """Runs of blanks become one, more than one empty line becomes one, none at the ends."""
    given = rewrite(given, _WHITE, _blank)
    text = given.text
    left, right = len(text) - len(text.lstrip(" \n")), len(text.rstrip(" \n"))
    return given if left == 0 and right == len(text) else without(given, [(0, left), (max(left, right), len(text))], "")


def _cut(given: CleanText, gaps: list[tuple[int, int]]) -> CleanText:
    """Cut whole lines out, unless nothing but punctuation would be left."""
    shorter = without(given, gaps, "\n") if gaps else given
    return shorter if shorter.text.strip() else given


def _glued(match: Match[str]) -> str | None:
    """Put a blank between two sentences that were glued together; None where the point is not a full stop."""
    text, start, end = match.string, match.start(), match.end()
    furthest = max(0, start - _LONGEST_LINK)
    before = text[max(furthest, text.rfind(" ", furthest, start), text.rfind("\n", furthest, start)) : start]
    if any(sign in before for sign in _LINK_SIGNS):
        return None
    if not set("!?؟…") & set(match[0]):
        word, following = _WORD_BEFORE.search(before[-40:]), _FIRST_WORD.match(text, end)
        if word is None or following is None or _same_name(word[0], following[0]):
            return None
    return match[0] + " "


def _same_name(word: str, following: str) -> bool:
    """Whether a full stop between two words is part of a name, a domain or an abbreviation."""
    if word.lower() in _ABBREVIATIONS or word.lower() == "www" or following.lower() in _DOMAIN_ENDINGS:
        return True
    if _ARABIC.match(word) and _ARABIC.match(following):
        return False
    # "ASP.Net" and "Node.Js" are names: in Latin letters one lower-case word must have come before.
    glued = word[-1].islower() and following[0].isupper() and following[1:2].islower()
    return not glued or (word.isascii() and not word.islower())


def _punctuation(given: CleanText) -> CleanText:
    given = rewrite(given, _GLUED, _glued, align=True)
    given = rewrite(given, _SPACED_COMMA, lambda match: match[1])
    return rewrite(given, _REPEATED_COMMA, lambda match: match[1] or match[2])


def _one_pass(given: CleanText, *, chrome: bool, quotes: bool) -> CleanText:
    given = _even(_visible(_markup(given)))
    if not quotes:
        ranges = site_text.quoted(given.text)
        kept = _cut(given, ranges)
        if kept is not given:
            seen = [given.span(start, end) for start, end in ranges]
            merged = site_text.merged([(span.start, span.end) for span in (*given.quotes, *seen)])
            spans = tuple(Span(start=start, end=end) for start, end in merged)
            given = CleanText(text=kept.text, origins=kept.origins, ends=kept.ends, quotes=spans)
        given = _even(given)
    if "[" in given.text:
        given = without(given, site_text.quote_tags(given.text), "\n")
    if chrome:
        given = _even(_cut(given, site_text.chrome(given.text)))
    return _even(_punctuation(given))


def clean(original: str, *, chrome: bool = True, quotes: bool = False) -> CleanText:
    """The writer's own words as a reader sees them, in linear time.

    Dropped: invisible and control characters, bidi marks (a word that they turn round is turned), joiners and tatweel,
    lone surrogates, HTML (its text is kept, block tags become line breaks), lines that the site wrote (unless `chrome`
    is false), quotes of others (unless `quotes` is true; their places are in `CleanText.quotes`). Blanks of every
    kind become spaces, sentences that were glued together get one between them. Where only a site's lines or quotes
    would be left out and nothing remain, they stay; a text without a visible character becomes empty. Cleaning
    twice changes nothing.
    """
    given = untouched(original)
    for _ in range(_MAX_PASSES):
        changed = _one_pass(given, chrome=chrome, quotes=quotes)
        if changed.text == given.text:
            break
        given = changed
    return given


_MASKED: Final = re.compile(rf"(?P<link>{_LINK})|(?P<person>{_EMAIL}|{_HANDLE})", re.IGNORECASE)


def mask(text: str | CleanText) -> CleanText:
    """Links become `http`, handles and e-mail addresses `@user`, as the models were trained; places are kept."""
    given = untouched(text) if isinstance(text, str) else text
    if "@" not in given.text and "/" not in given.text and "www." not in given.text:
        return given
    return rewrite(given, _MASKED, lambda match: "http" if match["link"] else "@user")


def _ends_sentence(text: str, stop: Match[str]) -> bool:
    if stop[0] == "\n" or stop[0][0] in "!?؟۔":
        return True
    following = text[stop.end() : stop.end() + 2].strip()
    if stop[0][0] == "…" or stop[0].startswith(".."):
        return not following[:1].islower()
    before = _LAST_WORD.search(text, max(0, stop.start() - 12), stop.start())
    word = before[0].lower() if before else ""
    if word in _MAY_END:
        return not following or following[0].isupper()
    if word in _ABBREVIATIONS:
        return False
    if len(word) == 1 and word.isalpha():
        return not following
    line_start = text.rfind("\n", 0, stop.start()) + 1 if word.isdigit() and len(word) <= _LONGEST_LIST_NUMBER else -1
    return line_start < 0 or text[line_start : stop.start()].strip() != word


def sentences(text: str) -> list[Span]:
    """The sentences of a text as ranges of it, without blanks at their ends; a line break ends one too.

    A full stop does not end a sentence after an abbreviation, an initial or the number of a list, nor inside a
    number or link.
    """
    found: list[Span] = []
    start = 0
    ends = [stop.end() for stop in _STOP.finditer(text) if _ends_sentence(text, stop)]
    for end in (*ends, len(text)):
        piece = text[start:end]
        body = piece.strip()
        if body:
            left = start + len(piece) - len(piece.lstrip())
            found.append(Span(start=left, end=left + len(body)))
        start = end
    return found
