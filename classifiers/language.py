"""Which language a text is written in: lingua, limited to the configured languages and a few it must not swallow.

Without neighbours to compare with, every Latin text would be English and every Persian one Arabic; so some widely
used languages of the same scripts are detected too, and named where they are clear.
"""

import re
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from classifiers.types import UNKNOWN_LANGUAGE, Language

if TYPE_CHECKING:
    from lingua import LanguageDetector

TRAINED: Final = ("ru", "uk", "ar", "en")
"""The languages that the shipped model was trained and measured in."""
NEIGHBOURS: Final = ("de", "fr", "es", "tr", "fa")
CLEAR: Final = 0.8
"""Probability from which a neighbour is believed; short texts lean to neighbours by chance."""
DOUBTFUL: Final = 0.5
"""Below this a configured language is not believed either, unless the platform named it."""
_DIGITS: Final = 6
"""The detector sums in no fixed order, so its last digits differ from call to call; ours must not."""
_ENOUGH: Final = 4_000
"""Characters looked at: more make no difference to the answer and much to the time."""

_ADDRESSES: Final = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+\.\S+|[@#]\w[\w.-]*")
_OWN_SCRIPT: Final = re.compile(r"[\u0400-\u04ff\u0600-\u06ff]")
_LATIN: Final = re.compile(r"[A-Za-z]+")
_LETTER: Final = re.compile(r"[^\W\d_]")
_MIXED: Final = 4
"""Cyrillic or Arabic letters from which Latin words in a text are taken for names."""


class LanguageGuesser:
    """Tells the language of texts. The detector is loaded at the first text (about 280 MB); safe between threads."""

    def __init__(self, configured: Sequence[str] = TRAINED) -> None:
        self._configured = frozenset(configured)
        self._detector: LanguageDetector | None = None
        self._loading = threading.Lock()

    def guess(self, text: str, named: str | None = None) -> Language:
        """The language of `text`, or `UNKNOWN_LANGUAGE` with score 0 where there is too little to tell.

        `named` is what the platform says; platforms are often wrong, so it decides only where the text leaves doubt.
        """
        words = _words(text)
        guesses = self._guesses(words) if _LETTER.search(words) else []
        for label, score in guesses[:1]:
            if score >= (DOUBTFUL if label in self._configured else CLEAR):
                return Language(label=label, score=score)
        code = (named or "").partition("-")[0].lower()
        if code in self._configured:
            return Language(label=code, score=dict(guesses).get(code, 0.0))
        return Language(label=UNKNOWN_LANGUAGE, score=0.0)

    def _guesses(self, words: str) -> list[tuple[str, float]]:
        values = self._loaded().compute_language_confidence_values(words)
        return [(value.language.iso_code_639_1.name.lower(), round(value.value, _DIGITS)) for value in values]

    def _loaded(self) -> "LanguageDetector":
        with self._loading:
            if self._detector is None:
                from lingua import IsoCode639_1, LanguageDetectorBuilder  # noqa: PLC0415 - large; see the class

                codes = [getattr(IsoCode639_1, code.upper()) for code in sorted({*self._configured, *NEIGHBOURS})]
                self._detector = LanguageDetectorBuilder.from_iso_codes_639_1(*codes).build()
            return self._detector


def _words(text: str) -> str:
    words = _ADDRESSES.sub(" ", text[:_ENOUGH])
    return _LATIN.sub(" ", words) if len(_OWN_SCRIPT.findall(words)) >= _MIXED else words
