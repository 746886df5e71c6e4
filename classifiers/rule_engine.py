"""Runs the reply rules over one draft: patterns with scope, and detectors, each hit with its place in the original.

A rule is data (`rule_files.py` reads it). The engine knows only structure: sentence, quotation, button in brackets,
negation, condition. What counts as a negation or an address in a language is data as well (`rules/words.toml`).
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final

from classifiers.surface import Surface
from classifiers.types import Category, Finding, Severity, Span

SPAN_END: Final = re.compile(r"[.!?؟…\n]")
_BEFORE: Final = 48
_MOST_OF_ONE_RULE: Final = 20
"""A draft that repeats itself is marked often enough after this many findings of one rule."""
_SHORTEST_NAME: Final = 4
_CYRILLIC: Final = re.compile(r"[а-яіїєґ]")
_ARABIC: Final = re.compile(r"[\u0600-\u06ff]")
_LATIN: Final = re.compile(r"[a-z]")
_CYRILLIC_PAIR: Final = frozenset({"ru", "uk"})
_QUOTED: Final = re.compile(
    r"«[^«»\n]{1,300}»|“[^“”\n]{1,300}”|„[^„“”\n]{1,300}[“”]|\"[^\"\n]{1,300}\"|(?<!\w)'[^'\n]{2,300}'(?!\w)|‘[^‘’\n]{1,300}’"
)
_BRACKETED: Final = re.compile(r"\[[^\[\]\n]{1,80}\]")


class Scope(StrEnum):
    """A condition on where a pattern was found; a rule names those it needs."""

    ADDRESSED = "addressed"
    """Somebody is spoken to in the same sentence."""
    NOT_NEGATED = "not-negated"
    """No negation stands shortly before it in the sentence."""
    NOT_CONDITIONAL = "not-conditional"
    """The sentence states no condition ("if the check confirms it")."""
    NOT_QUESTION = "not-question"
    """The sentence is not a question."""
    NOT_QUOTED = "not-quoted"
    """It does not stand in quotation marks: there it is somebody else's word or a title."""
    NOT_BUTTON = "not-button"
    """It does not stand in square brackets, where replies name buttons and menus."""
    NOT_ANNOUNCED = "not-announced"
    """The sentence does not say that the fact is public already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language's patterns for structure, compiled; an absent one matches nothing."""

    you: re.Pattern[str]
    negation: re.Pattern[str]
    condition: re.Pattern[str]
    announced: re.Pattern[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageRule:
    """What a rule looks for in one language, and what must or must not stand around it.

    `find` is empty for a rule about an omission: it then holds when the `when` parts match and the `unless` do not.
    """

    lang: str
    find: re.Pattern[str] | None = None
    unless_before: re.Pattern[str] | None = None
    unless_after: re.Pattern[str] | None = None
    unless_sentence: re.Pattern[str] | None = None
    unless_draft: re.Pattern[str] | None = None
    when_sentence: re.Pattern[str] | None = None
    when_mention: re.Pattern[str] | None = None
    unless_mention: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One reply rule: `id` is unique and reads category/name; `why` and `suggestion` are by language code."""

    id: str
    category: Category
    severity: Severity
    score: float
    why: Mapping[str, str]
    suggestion: Mapping[str, str]
    scope: frozenset[Scope]
    languages: Sequence[LanguageRule]
    detector: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A place in the plain (cleaned) draft that a detector found; `rule` is the id of the rule that explains it."""

    rule: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class DraftInContext:
    """One draft as the rules see it: folded, with the mention it answers and what the brand allows.

    `lang` and `mention_lang` are ISO 639-1 codes where the caller knows them. `guess` tells the language of a text
    beyond the four, or None where it is not clear.
    """

    draft: Surface
    mention: Surface | None
    lang: str | None = None
    mention_lang: str | None = None
    allowed_domains: frozenset[str] = frozenset()
    platform: str | None = None
    guess: Callable[[str], str | None] | None = None

    @cached_property
    def quotations(self) -> Sequence[tuple[int, int]]:
        """Where words stand in quotation marks, in the folded draft."""
        return [m.span() for m in _QUOTED.finditer(self.draft.text)]

    @cached_property
    def buttons(self) -> Sequence[tuple[int, int]]:
        """Where words stand in square brackets, in the folded draft."""
        return [m.span() for m in _BRACKETED.finditer(self.draft.text)]

    @cached_property
    def scripts(self) -> frozenset[str]:
        """Languages whose rules can apply, told by the alphabets that the draft holds.

        Russian and Ukrainian share most words, and a draft may mix them: both are tried on Cyrillic text.
        """
        text = self.draft.text
        found = set[str]()
        if _CYRILLIC.search(text):
            found |= {"ru", "uk"}
        if _ARABIC.search(text):
            found.add("ar")
        if _LATIN.search(text):
            found.add("en")
        return frozenset(found)


Detector = Callable[[DraftInContext], Iterable[Hit]]


def sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    """The bounds of the sentence that holds `start`…`end` (or of the sentences, where it spans several)."""
    first = 0
    for found in SPAN_END.finditer(text, 0, start):
        if (
            found.end() >= len(text)
            or found.end() >= start
            or text[found.end()].isspace()
            or text[found.start()] in "\n؟?!"
        ):
            first = found.end()
    found_end = SPAN_END.search(text, max(end - 1, start))
    while (
        found_end and found_end.end() < len(text) and text[found_end.start()] == "." and text[found_end.end()].isalnum()
    ):
        found_end = SPAN_END.search(text, found_end.end())
    return first, found_end.end() if found_end else len(text)


def _inside(spans: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    return any(a <= start and end <= b for a, b in spans)


def _is_name_of_another(context: DraftInContext, start: int, end: int) -> bool:
    """Whether a word of the draft is a name that the mention brought up, whatever its case ending.

    A name has a capital in the draft and wherever the mention has it; Arabic has none, so there the word suffices.
    """
    if context.mention is None or end - start < _SHORTEST_NAME:
        return False
    written = _as_written(context.draft, start, end)
    arabic = _ARABIC.search(written) is not None
    if not arabic and not written[:1].isupper():
        return False
    name = context.draft.text[start:end]
    stem = re.escape(name[: max(_SHORTEST_NAME, len(name) - 3)])
    found = list(re.finditer(rf"\b(?:[ولفب]?(?:ال|لل)?)?{stem}\w*", context.mention.text))
    return bool(found) and (arabic or all(_as_written(context.mention, *m.span())[:1].isupper() for m in found))


def _as_written(surface: Surface, start: int, end: int) -> str:
    place = surface.folded.span(start, end)
    return surface.original[place.start : place.end]


def _said_in_another_language(rule: Rule, context: DraftInContext) -> bool:
    """Whether what one language misses stands there in another: Russian and Ukrainian words share an alphabet."""
    mention = context.mention.text if context.mention else ""
    return any(
        (part.unless_draft and part.unless_draft.search(context.draft.text))
        or (part.unless_mention and part.unless_mention.search(mention))
        for part in rule.languages
        if part.lang in context.scripts
    )


class RuleBook:
    """All rules, ready to run. Building it compiles every pattern; keep one for the life of the process."""

    def __init__(
        self, rules: Sequence[Rule], words: Mapping[str, Words], detectors: Mapping[str, Detector], version: str
    ) -> None:
        self.rules = {rule.id: rule for rule in rules}
        self.version = version
        self._words = words
        self._detectors = detectors

    def findings(self, context: DraftInContext, *, lang: str = "en") -> list[Finding]:
        """Every finding of every rule, in the order of the draft; `lang` is the language of `why` and `suggestion`."""
        found: dict[tuple[str, int, int], Finding] = {}
        times: Counter[str] = Counter()
        for rule_id, span in self._hits(context):
            rule = self.rules[rule_id]
            times[rule_id] += 1
            if times[rule_id] > _MOST_OF_ONE_RULE:
                continue
            key = (rule.id, span.start, span.end)
            found[key] = Finding(
                category=rule.category,
                severity=rule.severity,
                start=span.start,
                end=span.end,
                text=context.draft.original[span.start : span.end],
                rule=rule.id,
                score=rule.score,
                why=rule.why[lang],
                suggestion=rule.suggestion.get(lang),
            )
        return sorted(found.values(), key=lambda f: (f.start or 0, f.end or 0, f.rule))

    def says_instead(self, rule_id: str, context: DraftInContext) -> bool:
        """Whether a draft holds the words whose absence a rule about an omission complains of."""
        text = context.draft.text
        parts = [part for part in self.rules[rule_id].languages if part.lang in context.scripts]
        return any(part.unless_draft and part.unless_draft.search(text) for part in parts)

    def _hits(self, context: DraftInContext) -> Iterator[tuple[str, Span]]:
        folded, plain = context.draft.folded, context.draft.plain
        for rule in self.rules.values():
            for part in rule.languages:
                if part.lang in context.scripts:
                    yield from ((rule.id, folded.span(*place)) for place in self._matches(rule, part, context))
        for name in {rule.detector for rule in self.rules.values() if rule.detector}:
            for hit in self._detectors[name](context):
                yield hit.rule, plain.span(hit.start, hit.end)

    def _matches(self, rule: Rule, part: LanguageRule, context: DraftInContext) -> Iterator[tuple[int, int]]:
        text = context.draft.text
        if not self._mention_fits(part, context) or (part.unless_draft and part.unless_draft.search(text)):
            return
        if part.find is None:
            if part.when_mention is not None and not _said_in_another_language(rule, context):
                yield stand_in(text)
            return
        position = 0
        while match := part.find.search(text, position):
            start, end = match.span()
            if match.groupdict().get("named") and not _is_name_of_another(context, *match.span("named")):
                # The name may be the next word: look again from there instead of after the match.
                position = match.start("named") + 1
                continue
            position = max(end, start + 1)
            if start < end and self._in_scope(rule, part, context, start, end):
                yield start, end

    @staticmethod
    def _mention_fits(part: LanguageRule, context: DraftInContext) -> bool:
        if part.when_mention is None and part.unless_mention is None:
            return True
        if context.mention is None:
            return part.when_mention is None
        if part.unless_mention and part.unless_mention.search(context.mention.text):
            return False
        return part.when_mention is None or part.when_mention.search(context.mention.text) is not None

    def _in_scope(self, rule: Rule, part: LanguageRule, context: DraftInContext, start: int, end: int) -> bool:
        text = context.draft.text
        first, last = sentence_around(text, start, end)
        sentence, words = text[first:last], self._words[part.lang]
        before, after = text[max(first, start - _BEFORE) : start], text[end:last]
        kin = [other for other in rule.languages if other is part or {other.lang, part.lang} <= _CYRILLIC_PAIR]
        refused = (
            (part.when_sentence and not part.when_sentence.search(sentence))
            or any(
                (other.unless_before and other.unless_before.search(before))
                or (other.unless_after and other.unless_after.search(after))
                or (other.unless_sentence and other.unless_sentence.search(sentence))
                for other in kin
            )
            or (Scope.NOT_NEGATED in rule.scope and words.negation.search(before))
            or (Scope.NOT_CONDITIONAL in rule.scope and words.condition.search(sentence))
            or (Scope.NOT_ANNOUNCED in rule.scope and words.announced.search(sentence))
            or (Scope.NOT_QUESTION in rule.scope and sentence.rstrip()[-1:] in {"?", "؟"})
            or (Scope.NOT_QUOTED in rule.scope and _inside(context.quotations, start, end))
            or (Scope.NOT_BUTTON in rule.scope and _inside(context.buttons, start, end))
            or (Scope.ADDRESSED in rule.scope and not words.you.search(sentence))
        )
        return not refused


_GREETING_LENGTH: Final = 40


def stand_in(text: str) -> tuple[int, int]:
    """The sentence that stands where something is missing: the first one longer than a greeting, else all."""
    start = 0
    for found in SPAN_END.finditer(text):
        if len(text[start : found.end()].strip()) > _GREETING_LENGTH:
            break
        start = found.end()
    if not text[start:].strip():
        return 0, len(text)
    start += len(text[start:]) - len(text[start:].lstrip())
    return start, sentence_around(text, start, start + 1)[1]
