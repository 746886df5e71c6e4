"""Signs of an emergency, looked for beside the model: short, plain reports of danger that it tends to miss.

A sign is data (`urgency.toml`): groups of word forms that must all stand close together, and words that make an idiom
or a harmless case of them. It can only raise: nothing here calls a text not urgent. Patterns are written and read as
in the reply rules (`rule_files.py`).
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from classifiers.rule_files import LANGUAGES, compiled
from classifiers.surface import LETTERS, MAX_READ
from classifiers.text import fold
from classifiers.types import ModelUnavailable, Urgency, UrgencyReason

SIGNS_FILE: Final = Path(__file__).with_name("urgency.toml")
SIGN_SCORE: Final = 0.6
"""What a sign is worth where the model sees less: enough to be looked at, not enough to be sure. A choice."""

_NEAR: Final = 80
"""Characters before and after the first group's words in which the other groups must stand: a short sentence."""
_SCRIPTS: Final = {"en": "[a-z]", "ru": "[а-яіїє]", "uk": "[а-яіїє]", "ar": "[\u0621-\u064a]"}
_SIGN_FIELDS: Final = frozenset({"id", "reason", *LANGUAGES})
_LANGUAGE_FIELDS: Final = frozenset({"find", "unless", "examples", "counter_examples"})

Patterns = Sequence[re.Pattern[str]]


class SignsBroken(ModelUnavailable):
    """The file of signs cannot be used, so nothing is judged; the message names it, the sign and what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One sign in one language: every pattern of `find` near the first one's match, and `unless` not there.

    `examples` are texts that bear it, `counter_examples` texts that bear no sign at all.
    """

    id: str
    lang: str
    reason: UrgencyReason
    find: Patterns
    unless: re.Pattern[str] | None
    examples: Sequence[str]
    counter_examples: Sequence[str]

    def stands_in(self, folded: str) -> bool:
        """Whether a folded text bears this sign."""
        return any(self._fits(folded, *match.span()) for match in self.find[0].finditer(folded))

    def _fits(self, folded: str, start: int, end: int) -> bool:
        near = folded[max(0, start - _NEAR) : end + _NEAR]
        if self.unless and self.unless.search(near):
            return False
        return all(pattern.search(near) for pattern in self.find[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """All signs, the gravest reason first; `gates` find where in a language any sign could begin.

    `revision` is the head of the file's SHA-256, so that a stored judgement names the signs it was made with.
    """

    signs: Sequence[Sign]
    gates: Mapping[str, re.Pattern[str]]
    revision: str

    def reason_in(self, text: str) -> UrgencyReason | None:
        """The gravest reason that a text bears a sign of; None for no sign. Reads its first 10,000 characters."""
        folded = fold(text[:MAX_READ]).text.translate(LETTERS)
        langs = {lang for lang, gate in self.gates.items() if gate.search(folded)}
        return next((sign.reason for sign in self.signs if sign.lang in langs and sign.stands_in(folded)), None)


def raised(judged: Urgency, sign: UrgencyReason | None) -> Urgency:
    """The model's answer in the light of a sign: never lowered, and not sure where only the sign says urgent.

    Where both say urgent the graver reason stands: a sign is plain words, and reasons are in the order of gravity.
    """
    if sign is None:
        return judged
    if judged.urgent:
        gravest = list(UrgencyReason)
        reasons = [reason for reason in (judged.reason, sign) if reason is not None]
        return replace(judged, reason=min(reasons, key=gravest.index))
    return replace(judged, urgent=True, reason=sign, score=max(judged.score, SIGN_SCORE), sure=False)


@cache
def load_signs(path: Path = SIGNS_FILE) -> Signs:
    """Read the signs, once for the life of the process; raises SignsBroken with one sentence."""
    try:
        raw = path.read_bytes()
        table = tomllib.loads(raw.decode("utf-8"))
        signs = [sign for entry in _entries(table) for sign in _signs(entry, _words(table))]
    except OSError as error:
        raise SignsBroken(f"the file of signs {path} cannot be read ({error.strerror}); restore it") from error
    except (ValueError, TypeError, KeyError, re.error) as error:
        raise SignsBroken(f"the file of signs {path} is wrong: {error}") from error
    gravest = list(UrgencyReason)
    signs.sort(key=lambda sign: gravest.index(sign.reason))
    gates = {
        lang: re.compile(
            rf"(?<!\w)(?={_SCRIPTS[lang]})(?:"
            + "|".join(sign.find[0].pattern for sign in signs if sign.lang == lang)
            + ")"
        )
        for lang in LANGUAGES
    }
    return Signs(signs=tuple(signs), gates=gates, revision=hashlib.sha256(raw).hexdigest()[:8])


def _entries(table: Mapping[str, object]) -> Sequence[Mapping[str, object]]:
    entries = table.get("sign")
    if not isinstance(entries, list) or not entries:
        raise ValueError("it holds no [[sign]]")
    return entries


def _words(table: Mapping[str, object]) -> Mapping[str, Mapping[str, Sequence[str]]]:
    words = table.get("words", {})
    if not isinstance(words, Mapping):
        raise TypeError('"words" must be a table by language')
    return {lang: {str(name): _strings(listed) for name, listed in words.get(lang, {}).items()} for lang in LANGUAGES}


def _signs(entry: Mapping[str, object], words: Mapping[str, Mapping[str, Sequence[str]]]) -> list[Sign]:
    name = str(entry.get("id", "without an id"))
    if set(entry) != _SIGN_FIELDS:
        raise ValueError(f"sign {name} needs exactly {', '.join(sorted(_SIGN_FIELDS))}")
    try:
        return [_sign(name, lang, entry, words[lang]) for lang in LANGUAGES]
    except (ValueError, TypeError, KeyError, re.error) as error:
        raise ValueError(f"sign {name}: {error}") from error


def _sign(name: str, lang: str, entry: Mapping[str, object], words: Mapping[str, Sequence[str]]) -> Sign:
    part = entry[lang]
    if not isinstance(part, Mapping) or set(part) - _LANGUAGE_FIELDS:
        raise TypeError(f"{lang} must be a table of {', '.join(sorted(_LANGUAGE_FIELDS))}")
    groups = part["find"]
    if not isinstance(groups, list) or not groups:
        raise ValueError(f'"find" of {lang} must be a list of groups of patterns')
    unless = _strings(part.get("unless", []))
    return Sign(
        id=name,
        lang=lang,
        reason=UrgencyReason(str(entry["reason"])),
        find=tuple(compiled(_strings(group), lang, words) for group in groups),
        unless=compiled(unless, lang, words) if unless else None,
        examples=tuple(_strings(part["examples"])),
        counter_examples=tuple(_strings(part["counter_examples"])),
    )


def _strings(value: object) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError("patterns and examples must be lists of strings")
    return value
