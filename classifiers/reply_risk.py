"""How risky our own outgoing text is: rules and encoder together, fused into one risk with findings that explain it.

Rules see what is written, the encoder what is meant. Either may stop a draft; what both see weighs more. Whatever
could not be judged (no model, a language nobody measured, hidden characters) leaves the report incomplete, and an
incomplete report is never a pass.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from classifiers.encoder import DraftOutput
from classifiers.language import TRAINED, LanguageGuesser
from classifiers.links import detect_links
from classifiers.model_evidence import DraftEncoder, Evidence, own_words, weigh
from classifiers.personal_data import detect_personal_data
from classifiers.reply_language import detect_off_language, language_of
from classifiers.rule_engine import Detector, DraftInContext, RuleBook
from classifiers.rule_files import RULES_FOLDER, RuleFileBroken, load_rule_files
from classifiers.surface import MAX_READ, surface
from classifiers.types import UNKNOWN_LANGUAGE, Category, Finding, ModelUnavailable, RiskReport, Severity
from classifiers.typography import detect_empty, detect_placeholders, detect_shouting

DETECTORS: Final[Mapping[str, Detector]] = {
    "links": detect_links,
    "personal-data": detect_personal_data,
    "placeholder": detect_placeholders,
    "shouting": detect_shouting,
    "off-language": detect_off_language,
    "empty": detect_empty,
}
STOPS: Final = 0.5
"""The fused risk from which a draft is stopped."""

_RULES_ONLY: Final = "rules"
_CONCERN_RULE: Final = "no-empathy/cold-answer"
_WORDS_TO_TELL: Final = 3
_TAG: Final = re.compile(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>|<!--", re.IGNORECASE)
_OVERRIDES: Final = re.compile("[\u202d\u202e]")
_WORD: Final = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A draft to judge, with the mention it answers; `lang` is the conversation's language where it is known."""

    draft: str
    mention: str | None = None
    lang: str | None = None
    platform: str | None = None


@cache
def default_rules() -> RuleBook:
    """The shipped rules, compiled once a process; raises RuleFileBroken."""
    files = load_rule_files()
    return RuleBook(files.rules, files.words, DETECTORS, files.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTrust:
    """How far the model is believed (log-odds by language of the draft) and what its findings say, by category."""

    floors: Mapping[str, float]
    default_floor: float
    reasons: Mapping[Category, Mapping[str, str]]

    def floor(self, lang: str | None) -> float:
        """The log-odds below which the model's word alone stops nothing."""
        return self.floors.get(lang, self.default_floor) if lang else self.default_floor


@cache
def model_trust(folder: Path = RULES_FOLDER) -> ModelTrust:
    """The shipped trust in the model; raises RuleFileBroken."""
    path = folder / "model.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        floors = {str(lang): float(value) for lang, value in table["floor"].items()}
        reasons = {category: dict(table[category.value]) for category in Category}
        return ModelTrust(floors=floors, default_floor=floors["default"], reasons=reasons)
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise RuleFileBroken(f"the rule file {path} cannot be used ({error}); restore it") from error


@dataclass(frozen=True, kw_only=True)
class ReplyJudge:
    """Judges drafts; keep one for the life of the process. `encoder` None means rules alone, and says so."""

    rules: RuleBook
    encoder: DraftEncoder | None
    allowed_domains: frozenset[str] = frozenset()
    missing: str = "the model is not loaded, so only the rules judged this draft"
    guesser: LanguageGuesser = field(default_factory=LanguageGuesser)

    def assess(self, replies: Sequence[Reply], *, say: str = "en") -> list[RiskReport]:
        """One report for each reply, in order; `say` is the language of reasons and suggestions."""
        contexts = [self._context(reply) for reply in replies]
        outputs, failure = self._outputs(replies)
        return [
            self._report(reply, context, output, failure, say)
            for reply, context, output in zip(replies, contexts, outputs, strict=True)
        ]

    def _context(self, reply: Reply) -> DraftInContext:
        return DraftInContext(
            draft=surface(reply.draft),
            mention=surface(reply.mention) if reply.mention and reply.mention.strip() else None,
            lang=reply.lang,
            allowed_domains=self.allowed_domains,
            platform=reply.platform,
            guess=self._clear_guess,
        )

    def _clear_guess(self, text: str) -> str | None:
        label = self.guesser.guess(text).label
        return None if label == UNKNOWN_LANGUAGE else label

    def _outputs(self, replies: Sequence[Reply]) -> tuple[Sequence[DraftOutput | None], str | None]:
        if self.encoder is None:
            return [None] * len(replies), self.missing
        pairs = [
            (
                own_words(reply.mention[:MAX_READ])[0] if reply.mention else None,
                own_words(reply.draft[:MAX_READ])[0],
            )
            for reply in replies
        ]
        try:
            return self.encoder.run_drafts(pairs), None
        except ModelUnavailable as error:
            return [None] * len(replies), str(error)

    def _report(
        self, reply: Reply, context: DraftInContext, output: DraftOutput | None, failure: str | None, say: str
    ) -> RiskReport:
        findings = self.rules.findings(context, lang=say)
        notes = [*self._unreadable(reply, context), *([failure] if failure else [])]
        risk = max((finding.score for finding in findings if finding.severity is not Severity.WARN), default=0.0)
        if output is not None and self.encoder is not None and _WORD.search(context.draft.plain.text):
            lang = language_of(context.draft.plain.text) or reply.lang
            evidence = weigh(
                output,
                context,
                cut=own_words(reply.draft[:MAX_READ])[1],
                threshold=self.encoder.threshold_for(lang),
                floor=model_trust().floor(lang),
                feels=self.rules.says_instead(_CONCERN_RULE, context),
            )
            risk = 1 - (1 - risk) * (1 - evidence.risk)
            findings += model_findings(evidence, findings, reply.draft, say)
            if not evidence.whole:
                notes.append("the draft is too long to be read in full by the model; a person must read it")
        return RiskReport(
            risk=round(risk, 4),
            findings=tuple(sorted(findings, key=lambda found: (found.start or 0, found.end or 0, found.rule))),
            model=self.encoder.model if self.encoder else _RULES_ONLY,
            revision=f"{self.encoder.revision}+{self.rules.version}" if self.encoder else self.rules.version,
            complete=not notes,
            notes=tuple(notes),
        )

    def _unreadable(self, reply: Reply, context: DraftInContext) -> list[str]:
        """What about a draft or its mention cannot be judged, one sentence each."""
        notes: list[str] = []
        if len(reply.draft) > MAX_READ:
            notes.append(f"only the first {MAX_READ:,} characters of the draft were read; a person must read the rest")
        if _OVERRIDES.search(reply.draft):
            notes.append("the draft holds hidden direction marks, so readers may see its words in another order")
        if _TAG.search(reply.draft):
            notes.append("the draft holds HTML, which platforms show as it stands")
        if context.mention is not None:
            unknown = self._unmeasured(context.mention.plain.text, reply.lang)
            if unknown:
                notes.append(unknown)
        return notes

    def _unmeasured(self, mention: str, lang: str | None) -> str | None:
        if len(_WORD.findall(mention)) < _WORDS_TO_TELL or language_of(mention):
            return None
        guessed = self.guesser.guess(mention, lang).label
        if guessed in TRAINED:
            return None
        which = "a language that could not be told" if guessed == UNKNOWN_LANGUAGE else f'the language "{guessed}"'
        return f"the mention is in {which}, in which the check was never measured; somebody who reads it must decide"


def model_findings(evidence: Evidence, found: Sequence[Finding], draft: str, say: str) -> list[Finding]:
    """Findings of the model, where it stops the draft by itself or backs a rule; none that a rule names already."""
    if evidence.risk < STOPS:
        return []
    named = {finding.category for finding in found}
    return [
        Finding(
            category=category,
            severity=Severity.REVIEW,
            start=evidence.start,
            end=evidence.end,
            text=draft[evidence.start : evidence.end],
            rule=f"model/{category.value}",
            score=round(evidence.risk, 4),
            why=model_trust().reasons[category][say],
        )
        for category in evidence.categories
        if category not in named
    ]


def assess_reply(
    mention: str | None,
    draft: str,
    *,
    lang: str | None = None,
    platform: str | None = None,
    allowed_domains: Sequence[str] = (),
    encoder: DraftEncoder | None = None,
    say: str = "en",
) -> RiskReport:
    """How risky one draft is as an answer to `mention`, by the shipped rules and `encoder` (None: rules alone)."""
    judge = ReplyJudge(rules=default_rules(), encoder=encoder, allowed_domains=frozenset(allowed_domains))
    return judge.assess([Reply(draft=draft, mention=mention, lang=lang, platform=platform)], say=say)[0]
