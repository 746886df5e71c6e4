"""What a model should read in place of a word that was written so as not to be found.

Unlike `folding`, which is rough and only says where to look, this leaves ordinary text exactly as it is: every step
needs a sign that a word is in disguise. A model learnt ordinary spelling; look-alike letters, marks and digits make
its words into rubbish. Blanks without width, tags and entities are gone before (`text.clean`).
"""

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise
from re import Match
from typing import Final

_MARKS: Final = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0"
_MARKED_WORD: Final = re.compile(rf"(?:[^\W\d_][{_MARKS}]*)+")
_MARKED_LETTERS: Final = frozenset("йїёЙЇЁ")
"""Letters of our alphabets that Unicode takes apart into a letter and a mark."""
_HARAKAT: Final = "\u0610-\u061a\u064b-\u0652\u0656-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed"
_VOCALISED: Final = re.compile(rf"(?:[^\W\d_][{_HARAKAT}]*)+")
_HARAKA: Final = re.compile(f"[{_HARAKAT}]")
_ORDINARY_HARAKAT: Final = 2
_ARABIC_VARIANTS: Final = str.maketrans("یکڪہھٱٲٳ", "يككههااا")

SPACED_OUT: Final = re.compile(r"(?<![\w.])[^\W\d_](?:([ .*_\-])[^\W\d_])(?:\1[^\W\d_]){2,20}(?!\w|[.*_\-]\w)")
"""Four and more single letters with the same sign between each two: `w o r d s`."""
_SPACED_ARABIC: Final = re.compile(r"(?<![\w.])[آ-ي](?:([ .*_\-])[آ-ي])(?:\1[آ-ي])(?!\w|[.*_\-]\w)")
"""Three single letters with the same sign between them; no Arabic word but `و` is one letter, and roots are three."""
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_LATIN: Final = re.compile("[a-zɡ]", re.IGNORECASE)
_CYRILLIC: Final = re.compile("[\u0400-\u052f]")
_GREEK: Final = re.compile("[\u0370-\u03ff]")
_TO_LATIN: Final = dict(
    zip("авсԁеһніјкмпорԛгѕтиԝхуӏαβεικνορτυωχɡ", "abcdehhijkmnopqrstuwxylabeikvoptuwxg", strict=True)
)
_TO_CYRILLIC: Final = dict(zip("acehkmoptuxyακοντυ", "асенкмортихуакоути", strict=True)) | {"i": "і", "b": "в"}
_ACRONYM: Final = re.compile("[A-Z]{2,}[а-яіїєґ]+")
_DRAWN_ALIKE: Final = frozenset("асеіјорѕухԁһԛԝӏ")
"""Cyrillic letters that cannot be told from Latin ones; others only remind of them."""
_NOBODYS: Final = frozenset("ԁѕјһԛԝӏɡ")
"""Look-alikes that neither Russian nor Ukrainian has."""
_SHORTEST_FOREIGN: Final = 3
_VOWELS: Final = frozenset("аеиоуыэюяіїєёaeiouy")
_UKRAINIAN: Final = re.compile("[іїєґ]", re.IGNORECASE)

_CHANGING_CASE: Final = re.compile(r"[^\W\d_A-ZА-Я][A-ZÀ-ÖØ-ÞА-ЯЁІЇЄҐ]")
_ALTERNATING: Final = 0.75
_SHORTEST_ALTERNATING: Final = 4

_LEET_WORD: Final = re.compile(r"(?<![\w@$!./#-])(?:[^\W_]|[@$!](?=[^\W_]))++(?![._-]\w)")
_LEET_LATIN: Final = dict(zip("01345@$!", "oieasasi", strict=True))
_LEET_CYRILLIC: Final = dict(zip("0146@", "оичба", strict=True))
_LEET_INSIDE: Final = re.compile(r"(?<=[^\W\d_])(?:[0146@$!]|(?<=[а-яіїєґ])3|10|01|00|11|36|55|\$\$)(?=[^\W\d_])")
"""One sign in a word must stand between letters. A 5 alone is more often a number (`ps5pro`), a 3 an Arabic letter."""
_LEET_SIGN: Final = re.compile(r"[\d@$!](?=[^\W_])|(?<=[^\W_])[\d@$!]")
_LEET_RUN: Final = re.compile(r"[\d@$!]+")
_LEET_ONLY: Final = re.compile(r"[013-6@$!]{1,3}")
_LEET_DOUBTFUL: Final = frozenset("35")
_LEET_LETTERS: Final = 3
_ARABIC: Final = re.compile("[\u0620-\u064a]")

_STRETCHED: Final = re.compile(r"([^\W\d_])\1{2,}")


def _by_single_letters(words: str) -> dict[str, str]:
    return {re.sub(r"(.)\1", r"\1", word): word for word in words.split()}


_DOUBLE: Final = _by_single_letters(
    "been book boss class cool feel food free full good hell hello keep less look looks mood need really see seem seen"
    " still sweet week well will wood класс"
)
"""Common words with a double letter, by what is left of them when every run of a letter becomes one."""


def legible(text: str) -> str:
    """The text with disguised words put back into ordinary letters, in linear time; ordinary text stays as it is.

    Undone: compatible forms of letters (full-width, mathematical, Arabic presentation), marks over and through
    letters, harakat, Persian forms of Arabic letters, look-alike letters of another alphabet, digits and signs for
    letters inside words, s p a c e d and d.o.t.t.e.d letters, aLtErNaTiNg case, three and more of a letter.
    """
    if not text.isascii():
        text = _one_script(_unmarked(text))
    text = _SPACED_ARABIC.sub(lambda match: match[0][::2], SPACED_OUT.sub(lambda match: match[0][::2], text))
    if _CHANGING_CASE.search(text):
        text = _LETTERS.sub(_even_case, text)
    if _LEET_SIGN.search(text):
        ukrainian = _UKRAINIAN.search(text) is not None
        text = _LEET_WORD.sub(lambda match: _without_leet(match[0], ukrainian=ukrainian), text)
    return _LETTERS.sub(_unstretched, text) if _STRETCHED.search(text) else text


def _unmarked(text: str) -> str:
    """Letters in their compatible form, and without marks where a word has such as no spelling has."""
    forms = {ord(one): new for one in set(text) if (new := _compatible(one)) != one}
    if forms:
        text = text.translate(forms)
    if _HARAKA.search(text):
        text = _VOCALISED.sub(_without_harakat, text)
    text = text.translate(_ARABIC_VARIANTS)
    if any(_base(one) != one for one in set(text) - _MARKED_LETTERS):
        text = _MARKED_WORD.sub(_without_marks, text)
    return text


@lru_cache(maxsize=4096)
def _compatible(letter: str) -> str:
    """A letter in its compatible form; what is no letter as it is."""
    return unicodedata.normalize("NFKC", letter) if letter.isalpha() else letter


def _without_harakat(match: Match[str]) -> str:
    """A word without its vowel signs if it has more than people write in everyday Arabic."""
    bare = _HARAKA.sub("", match[0])
    return bare if len(match[0]) - len(bare) > min(_ORDINARY_HARAKAT, len(bare) - 1) else match[0]


def _without_marks(match: Match[str]) -> str:
    word = match[0]
    if word.isascii():
        return word
    composed = unicodedata.normalize("NFC", word)
    letters = [one if one in _MARKED_LETTERS else _base(one) for one in composed]
    marked = sum(one != base for one, base in zip(composed, letters, strict=True))
    odd = any(unicodedata.combining(one) for one in composed)
    if odd:
        return "".join(letters).replace("ё", "е").replace("Ё", "Е")
    return "".join(letters) if 2 * marked > len(letters) > 1 else word


@lru_cache(maxsize=4096)
def _base(letter: str) -> str:
    """A letter without its marks; Arabic letters with a hamza are letters of their own."""
    if unicodedata.combining(letter):
        return ""
    return unicodedata.normalize("NFD", letter)[0] if letter < "\u0600" or "\u1e00" <= letter < "\u2000" else letter


def _one_script(text: str) -> str:
    """Words with look-alike letters of another alphabet in the alphabet that the text is written in.

    Words wholly in another alphabet are foreign words, unless their letters have no language of ours.
    """
    latin, cyrillic = _LATIN.findall(text), _CYRILLIC.findall(text)
    if sum((bool(latin), bool(cyrillic), _GREEK.search(text) is not None)) < 2:  # noqa: PLR2004 - one alphabet alone
        return text
    sure_latin = sum(letter.lower() not in _TO_CYRILLIC for letter in latin)
    sure_cyrillic = sum(letter.lower() not in _TO_LATIN for letter in cyrillic)
    is_latin = (sure_latin, len(latin)) >= (sure_cyrillic, len(cyrillic))
    home, other = (_LATIN, _CYRILLIC) if is_latin else (_CYRILLIC, _LATIN)
    ukrainian = _UKRAINIAN.search(text) is not None

    def same(match: Match[str]) -> str:
        word = match[0]
        if not other.search(word) and not _GREEK.search(word):
            return word
        if home.search(word):
            found = None if _ACRONYM.fullmatch(word) else _in(word, home, ukrainian=ukrainian)
            return found or _in(word, other, ukrainian=ukrainian) or word
        letters = set(word.lower())
        disguised = is_latin and (letters & _NOBODYS or _GREEK.search(word) or letters <= _DRAWN_ALIKE)
        found = _in(word, home, ukrainian=ukrainian) if disguised and len(word) >= _SHORTEST_FOREIGN else None
        return found or word

    return _LETTERS.sub(same, text)


def _in(word: str, script: re.Pattern[str], *, ukrainian: bool) -> str | None:
    """A word with all letters in one alphabet, or None where one of them has no look-alike there."""
    table = _TO_LATIN if script is _LATIN else _TO_CYRILLIC
    letters = []
    for place, letter in enumerate(word):
        small = letter.lower()
        new = small if script.match(small) and small not in table else table.get(small)
        if new is None:
            return None
        if script is _CYRILLIC:
            after = word[place + 1 : place + 2].lower()
            if small == "i" and not ukrainian:
                new = "и"
            elif small == "b" and place and after not in _VOWELS:
                new = "ь"
        letters.append(new.upper() if letter != small else new)
    return "".join(letters)


def _even_case(match: Match[str]) -> str:
    """A word in small letters if large and small ones take turns in it."""
    word = match[0]
    if len(word) < _SHORTEST_ALTERNATING or word.islower() or word.isupper() or word[1:].islower():
        return word
    turns = sum(one.isupper() != other.isupper() for one, other in pairwise(word))
    return word.lower() if turns >= _ALTERNATING * (len(word) - 1) else word


def _without_leet(word: str, *, ukrainian: bool) -> str:
    """A word whose digits and signs among letters are letters again; codes and quantities look otherwise."""
    if word.isalpha() or sum(map(str.isalpha, word)) < _LEET_LETTERS or _ARABIC.search(word):
        return word
    cyrillic = _CYRILLIC.search(word) is not None
    runs = _LEET_RUN.findall(word)
    many = len(runs) > 1 and all(map(_LEET_ONLY.fullmatch, runs)) and set("".join(runs)) - _LEET_DOUBTFUL

    def letters(match: Match[str]) -> str:
        if not cyrillic:
            return "".join(_LEET_LATIN.get(one, one) for one in match[0])
        before, after = match.string[: match.start()][-1:].lower(), match.string[match.end() :][:1].lower()
        between = not {before, after} & _VOWELS and after != "ь"
        table = _LEET_CYRILLIC | {"1": "і" if ukrainian else "и", "3": "е" if between else "з"}
        return "".join(table.get(one, one) for one in match[0])

    return (_LEET_RUN if many else _LEET_INSIDE).sub(letters, word)


def _unstretched(match: Match[str]) -> str:
    """A word with three and more of a letter, with one of it, or two where that makes a common word; laughter stays."""
    if len(set(match[0])) == 1 or (word := _STRETCHED.sub(r"\1", match[0])) == match[0]:
        return match[0]
    double = _DOUBLE.get(word.lower())
    if double is None:
        return word
    return double.upper() if word.isupper() else word[0] + double[1:]
