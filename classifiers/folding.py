"""The rough form of a text in which insults are looked for: look-alikes, stretched letters and leetspeak undone.

Nobody reads folded text: it only says where to look. Places in the original are kept.
"""

import re
import unicodedata
from functools import lru_cache
from re import Match
from typing import Final

from classifiers.legible import SPACED_OUT
from classifiers.offsets import CleanText, rewrite, translated, untouched

_TO_CYRILLIC: Final = dict(zip("abcehikmnoprtuxy", "авсенікмпоргтиху", strict=True)) | {"j": "ј", "s": "ѕ"}
_TO_LATIN: Final = dict(zip("авеікмнопрстухьјѕ", "abeikmhonpctyxbjs", strict=True)) | {"г": "r", "и": "u"}
_GREEK: Final = dict(zip("αβγεικνορτυχ", "abyeiknoptyx", strict=True))
_AMBIGUOUS_LATIN: Final = frozenset("acehkmoprtxyib")
_AMBIGUOUS_CYRILLIC: Final = frozenset("авсенкмортхуі")

_LETTERS_OF_ARABIC: Final = dict(zip("أإآٱىیةکۀؤئ", "ااااييهكهوي", strict=True))
_ALONE: Final = {"ё": "е", "ѐ": "е", "ѝ": "и", "ґ": "ґ", "ł": "l", "ø": "o", "đ": "d", "ı": "i"}
_WORD: Final = re.compile(r"(?<![\w@$])[\w$][\w@$!]*[^\W_]")
_LEET: Final = {
    "latin": dict(zip("0134579@$!", "oieastgasi", strict=True)),
    "cyrillic": dict(zip("013469@", "оизчбда", strict=True)),
}
_LEET_SIGN: Final = re.compile(r"(?<![0-9@$!])[0-9@$!]{1,2}(?=[^\W\d_])")
_LEET_LETTERS: Final = 3
_ORDINAL: Final = re.compile(r"\d+(?:st|nd|rd|th|ый|ой|ий|ая|ое|ые|го|му|х|й|я)")
_STRETCHED: Final = re.compile(r"([^\W\d_])\1{2,}")
_STAY_DOUBLE_INSIDE: Final = frozenset("bdfglmnprstz")
_STAY_DOUBLE_AT_END: Final = frozenset("fls")


@lru_cache(maxsize=8192)
def _letter(character: str) -> str:
    """One character in compatible, lower-case form without its marks; й and ї are letters, not marked ones."""
    result = ""
    for plain in unicodedata.normalize("NFKC", character).casefold():
        if plain in _ALONE:
            result += _ALONE[plain]
        elif plain in _LETTERS_OF_ARABIC:
            result += _LETTERS_OF_ARABIC[plain]
        elif unicodedata.category(plain) == "Nd":
            result += str(unicodedata.digit(plain))
        elif not unicodedata.combining(plain):
            name = unicodedata.name(plain, "")
            result += unicodedata.normalize("NFKD", plain)[0] if name.startswith(("LATIN", "GREEK")) else plain
    return result


def _letters(given: CleanText) -> CleanText:
    """Every character by `_letter`; only characters that become several or none cost more than a table look-up."""
    changed = {character: new for character in set(given.text) if (new := _letter(character)) != character}
    given = translated(given, {ord(character): new for character, new in changed.items() if len(new) == 1})
    longer = "".join(map(re.escape, (character for character, new in changed.items() if len(new) != 1)))
    return rewrite(given, re.compile(f"[{longer}]"), lambda match: changed[match[0]]) if longer else given


def _script(word: str) -> str | None:
    """`latin` or `cyrillic`, by the letters that exist in one of them only; None for neither."""
    latin = cyrillic = only_latin = only_cyrillic = 0
    for letter in word:
        if "a" <= letter <= "z":
            latin += 1
            only_latin += letter not in _AMBIGUOUS_LATIN
        elif "а" <= letter <= "ӿ":
            cyrillic += 1
            only_cyrillic += letter not in _AMBIGUOUS_CYRILLIC
    if not latin and not cyrillic:
        return None
    return "latin" if (only_latin, latin) > (only_cyrillic, cyrillic) else "cyrillic"


def one_script(word: str) -> str:
    """A lower-case word whose letters come from look-alike alphabets, in the one that most of its letters are of."""
    if word.isascii() or not any("a" <= letter <= "z" or "α" <= letter <= "ω" for letter in word):
        return word
    table = _TO_LATIN if _script(word) == "latin" else _TO_CYRILLIC
    return "".join(table.get(letter, letter) for letter in (_GREEK.get(letter, letter) for letter in word))


def plain_letters(word: str) -> str:
    """A word in compatible, lower-case letters without marks over them, Arabic letters in one form each."""
    return "".join(map(_letter, word))


def _word(match: Match[str]) -> str | None:
    """One word in one script, with digits and signs that stand for letters made letters again."""
    word = one_script(match[0])
    if word.isalpha() or _ORDINAL.fullmatch(word):
        return word
    script = _script(word)
    if script is None:
        return word
    enough = sum(map(str.isalpha, word)) >= _LEET_LETTERS
    leet = _LEET[script]
    return _LEET_SIGN.sub(
        lambda sign: "".join(leet.get(one, one) for one in sign[0]) if enough or sign.start() else sign[0], word
    )


def _stretched(match: Match[str]) -> str:
    """Three and more of a letter: two where a word may have two, else one."""
    letter = match[1]
    at_end = not match.string[match.end() : match.end() + 1].isalpha()
    at_start = not match.string[max(0, match.start() - 1) : match.start()].isalpha()
    double = _STAY_DOUBLE_AT_END if at_end else _STAY_DOUBLE_INSIDE
    return letter * 2 if letter in double and not at_start else letter


def fold(text: str | CleanText) -> CleanText:
    """The text in the rough form that insult rules are written for.

    Lower case, compatible forms (full-width, ligatures), no marks over letters, ё as е, Arabic alefs, final ya and
    ta marbuta in one form, one script a word, leetspeak inside words as letters, three and more of a letter as one
    (two where Latin words have two), l e t t e r s put together. Folding twice changes nothing that matters to a
    rule; rules must be written in folded form.
    """
    given = untouched(text) if isinstance(text, str) else text
    given = _letters(given)
    given = rewrite(given, SPACED_OUT, lambda match: match[0][::2])
    given = rewrite(given, _WORD, _word)
    return rewrite(given, _STRETCHED, _stretched)
