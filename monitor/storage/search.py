"""How words are found in stored mentions: both the stored text and what is looked for are folded alike.

A plain substring search over a folded copy, the same on both databases and in every language; neither SQLite's LIKE
nor a PostgreSQL in the C locale knows that "Ё" and "ё" are one letter.
"""

import re
import unicodedata
from typing import Final

LONGEST: Final = 4000
"""Characters of a post that are searched; the rest is kept, but not found by its words."""

MOST_WORDS: Final = 8

_ALIKE: Final = str.maketrans(
    {"ё": "е", "ѐ": "е", "ѝ": "и", "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ة": "ه", "ک": "ك"}
    | dict.fromkeys("ـ\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad")
)
_UNSEEN: Final = re.compile(r"[\u0000\u064b-\u065f\u0670\u0300-\u036f]")
_BLANKS: Final = re.compile(r"\s+")


def folded(text: str) -> str:
    """`text` in lower case, without vowel marks, tatweel and invisible characters, one blank between words."""
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_ALIKE)
    return _BLANKS.sub(" ", _UNSEEN.sub("", plain)).strip()


def searchable(*parts: str | None) -> str:
    """What is searched of a mention: its parts in the order given, folded and cut at `LONGEST`."""
    return folded("\n".join(part[:LONGEST] for part in parts if part))[:LONGEST]


def words(query: str) -> list[str]:
    """The folded words of a search, each of which must occur; at most `MOST_WORDS` are used."""
    return folded(query).split()[:MOST_WORDS]
