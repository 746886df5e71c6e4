"""The console's own words in every language of the interface, as data: `words/<language>.toml`, one key a sentence.

A key that is missing in a language is a fault (tests/unit/responders/test_words.py); at run time it shows in English
rather than not at all.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

LANGUAGES: Final[Mapping[str, str]] = MappingProxyType(
    {"en": "English", "ru": "Русский", "uk": "Українська", "ar": "العربية"}
)
"""Languages of the interface by code, each under its own name."""

DEFAULT: Final = "en"
RIGHT_TO_LEFT: Final = frozenset({"ar"})
COOKIE: Final = "tactful_language"
_FOLDER: Final = Path(__file__).with_name("words")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The interface in one language: call it with a key and what the sentence's {places} stand for."""

    language: str
    sentences: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """The sentence of `key`, filled; raises KeyError for a key that no language has."""
        if self.language in RIGHT_TO_LEFT:
            # A Latin name or a number must not turn the sentence around it.
            values = {name: f"\u2068{value}\u2069" if value != "" else "" for name, value in values.items()}
        return self.sentences[key].format_map(values)

    def has(self, key: str) -> bool:
        """Whether there is a sentence for `key`: names that come as data may be newer than the words."""
        return key in self.sentences

    def name(self, group: str, value: str | None) -> str:
        """The word for a value of ours, such as `name("intent", "question")`; the value itself where none is kept."""
        if value is None:
            return self("common.unknown")
        key = f"{group}.{value.replace('_', '-').replace(' ', '-')}"
        return self.sentences.get(key, value)

    @property
    def direction(self) -> str:
        """`rtl` or `ltr`, as HTML's `dir` wants it."""
        return "rtl" if self.language in RIGHT_TO_LEFT else "ltr"


@cache
def words(language: str) -> Words:
    """The words of a language of `LANGUAGES`; of English for any other."""
    chosen = language if language in LANGUAGES else DEFAULT
    return Words(language=chosen, sentences=MappingProxyType({**sentences(DEFAULT), **sentences(chosen)}))


@cache
def sentences(language: str) -> Mapping[str, str]:
    """What the file of one language holds, keys joined by dots."""
    tree = tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    return MappingProxyType(
        {f"{group}.{key}": sentence for group, entries in tree.items() for key, sentence in entries.items()}
    )


def chosen_language(*, cookie: str | None, accepted: str | None) -> str:
    """The language to show: the one that was picked, else the first we have that the browser accepts."""
    if cookie in LANGUAGES:
        return str(cookie)
    for entry in (accepted or "").split(","):
        code = entry.split(";")[0].strip().lower()[:2]
        if code in LANGUAGES:
            return code
    return DEFAULT
