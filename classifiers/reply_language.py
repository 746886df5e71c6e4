"""Whether every sentence of a draft is in the customer's language.

Among the four languages the letters and the small words decide: that is exact where a detector by statistics guesses,
for single sentences and sign-offs are short. A language beyond the four is the detector's matter (`language.py`).
"""

import re
from collections.abc import Iterator
from typing import Final

from classifiers.rule_engine import DraftInContext, Hit
from classifiers.text import mask, sentences

_ONLY_RUSSIAN: Final = re.compile(r"[ыэъё]", re.IGNORECASE)
_ONLY_UKRAINIAN: Final = re.compile(r"[іїєґ]|\b\w+['’ʼ][яюєї]\w*", re.IGNORECASE)
_CYRILLIC: Final = re.compile(r"[а-яёіїєґ]+", re.IGNORECASE)
_ARABIC: Final = re.compile(r"[\u0621-\u064a]+")
_LATIN: Final = re.compile(r"[a-zA-Z]+(?:['’][a-z]+)?")
_RUSSIAN_WORDS_NAMES: Final = (
    "и что как это но или если уже спасибо здравствуйте пожалуйста добрый когда очень будет есть нет уважением "
    "сожалению можно нужно где чтобы сейчас хорошо извините простите напишите заказ заказа только ещё еще его "
    "она они нас почему"
)
_RUSSIAN_WORDS: Final = frozenset(_RUSSIAN_WORDS_NAMES.split())
_UKRAINIAN_WORDS_NAMES: Final = (
    "та що як це але або якщо тільки лише вже від дякуємо вітаємо ласка коли дуже буде немає повагою можна "
    "треба де щоб зараз добре шкода вибачте пробачте напишіть замовлення й ще його вона вони чому"
)
_UKRAINIAN_WORDS: Final = frozenset(_UKRAINIAN_WORDS_NAMES.split())
_ENGLISH_WORDS_NAMES: Final = (
    "the a an and or but is are was were be been to of in on at for with from by you your we our us it this "
    "that have has had will would can could please thank thanks sorry hello hi dear regards best sincerely "
    "team not if as so when what how do does did"
)
_ENGLISH_WORDS: Final = frozenset(_ENGLISH_WORDS_NAMES.split())
_RUSSIAN_ENDINGS: Final = re.compile(r"\b\w{2,}(?:тся|ая|ое|ее|ие|ия|ии)\b", re.IGNORECASE)
_UKRAINIAN_ENDINGS: Final = re.compile(r"\b\w{2,}(?:ння|ськ\w+|цьк\w+)\b", re.IGNORECASE)
_EITHER: Final = "ru|uk"
_LEAST_WORDS: Final = 3
_LEAST_ENGLISH: Final = 2
_SHARE: Final = 0.6


def language_of(text: str) -> str | None:
    """`en`, `ru`, `uk`, `ar`, or `ru|uk` where letters and small words show no more; None where they show nothing."""
    cyrillic = _CYRILLIC.findall(text)
    arabic, latin = _ARABIC.findall(text), _LATIN.findall(text)
    letters = {script: sum(map(len, words)) for script, words in (("c", cyrillic), ("a", arabic), ("l", latin))}
    most = max(letters, key=lambda script: letters[script])
    if letters[most] < _SHARE * sum(letters.values()) or letters[most] == 0:
        return None
    if most == "a":
        return "ar"
    if most == "l":
        words = [word.lower() for word in latin]
        known = sum(1 for word in words if word in _ENGLISH_WORDS)
        return "en" if known >= _LEAST_ENGLISH or (known and len(words) <= _LEAST_WORDS) else None
    return _russian_or_ukrainian([word.lower() for word in cyrillic], text)


def _russian_or_ukrainian(words: list[str], text: str) -> str:
    russian = len(_ONLY_RUSSIAN.findall(text)) * 2 + sum(1 for w in words if w in _RUSSIAN_WORDS - _UKRAINIAN_WORDS)
    ukrainian = len(_ONLY_UKRAINIAN.findall(text)) * 2 + sum(1 for w in words if w in _UKRAINIAN_WORDS - _RUSSIAN_WORDS)
    russian += len(_RUSSIAN_ENDINGS.findall(text))
    ukrainian += len(_UKRAINIAN_ENDINGS.findall(text))
    if russian == ukrainian:
        return _EITHER
    return "ru" if russian > ukrainian else "uk"


def detect_off_language(context: DraftInContext) -> Iterator[Hit]:
    """Sentences of the draft that are in another of the four languages than the mention."""
    wanted = _wanted(context)
    if wanted is None:
        return
    text = context.draft.plain.text
    for place in sentences(text):
        sentence = mask(text[place.start : place.end]).text
        found = language_of(sentence) or _beyond_the_four(sentence, context)
        enough = len(re.findall(r"[^\W\d_]{2,}", sentence)) >= _LEAST_WORDS
        if found is None or wanted in found.split("|") or (found == "en" and _is_name(sentence)):
            continue
        if enough or "ar" in {found, wanted}:
            yield Hit(rule="off-language/other-language", start=place.start, end=place.end)


def _wanted(context: DraftInContext) -> str | None:
    """The customer's language: as the mention is written, else as the caller says."""
    seen = language_of(mask(context.mention.plain).text) if context.mention else None
    if seen is None or seen == _EITHER:
        return context.mention_lang or context.lang
    return seen


def _beyond_the_four(sentence: str, context: DraftInContext) -> str | None:
    """The language of a Latin sentence that is not English, where it is long enough and clear."""
    words = [word for word in _LATIN.findall(sentence) if len(word) > _LEAST_ENGLISH]
    if context.guess is None or len(words) < _LEAST_WORDS or _is_name(sentence):
        return None
    guessed = context.guess(sentence)
    return guessed if guessed not in {"en", "ru", "uk", "ar"} else None


def _is_name(sentence: str) -> bool:
    """Whether a short Latin sentence is only names: every longer word has a capital."""
    words = [word for word in _LATIN.findall(sentence) if len(word) > _LEAST_ENGLISH]
    return bool(words) and all(word[0].isupper() for word in words)
