"""A text as the reply rules read it: cleaned for what is written with signs, folded for what is written with words.

Both forms know the way back to the original, whatever invisible characters, look-alikes or stretched letters it holds.
"""

from dataclasses import dataclass
from typing import Final

from classifiers.offsets import translated
from classifiers.text import CleanText, clean, fold

LETTERS: Final = {ord(mixed): plain for mixed, plain in zip("ёأإآٱىةؤئ’ʼ`´ґ", "еاااايهوي''''г", strict=True)}
"""One letter for one letter: what people mix up on a keyboard is one letter to rules and texts alike."""

MAX_READ: Final = 10_000
"""Characters of a draft or mention that are read; no door takes a longer reply, and the check says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """An `original`, its `plain` words without markup and invisible characters, and those `folded` for rules."""

    original: str
    plain: CleanText
    folded: CleanText

    @property
    def text(self) -> str:
        """The folded text."""
        return self.folded.text


def surface(original: str) -> Surface:
    """Both forms of a text; site chrome and quotations are kept, for in a draft they would be published too."""
    plain = clean(original[:MAX_READ], chrome=False, quotes=True)
    return Surface(original=original, plain=plain, folded=translated(fold(plain), LETTERS))
