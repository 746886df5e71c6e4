"""All heads over a batch of texts: strings in, one assessment for each out.

Importing this costs nothing; the model and the language detector are loaded with the first text.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from classifiers.encoder import Encoder, MentionOutput
from classifiers.heads import INTENTS, SENTIMENTS, TOXICITIES, choose, urgency
from classifiers.language import TRAINED, LanguageGuesser
from classifiers.text import clean
from classifiers.types import Assessment, Intent, Judgement, Language, Sentiment, Toxicity, Urgency
from classifiers.urgency import load_signs, raised

_GROUP: Final = 256
"""Texts whose outputs are held at a time."""


class Assessor:
    """Judges texts: language, sentiment, toxicity, intent, urgency. Safe to share between threads."""

    def __init__(self, weights: Path | None = None, languages: LanguageGuesser | None = None) -> None:
        self._weights = weights
        self._languages = languages or LanguageGuesser()

    def assess(self, texts: Sequence[str], langs: Sequence[str | None] | None = None) -> list[Assessment]:
        """One assessment for each text, in order; the same text gets the same digits alone and in company.

        `langs` are languages named by the platform, which settle doubt only. A text without any words is neutral,
        clean, other and not sure. Raises ModelUnavailable when the model cannot be used, and ValueError when `langs`
        is not as long as `texts`.
        """
        named = [None] * len(texts) if langs is None else list(langs)
        pairs = list(zip(texts, named, strict=True))
        assessments: list[Assessment] = []
        for start in range(0, len(pairs), _GROUP):
            assessments.extend(self._group(pairs[start : start + _GROUP]))
        return assessments

    def _group(self, pairs: Sequence[tuple[str, str | None]]) -> list[Assessment]:
        encoder = Encoder.load(self._weights)
        cleaned = [clean(text).text for text, _ in pairs]
        different = [text for text in dict.fromkeys(cleaned) if text.strip()]
        outputs = dict(zip(different, encoder.run(different), strict=True))
        return [
            _assessment(text, outputs.get(text), self._languages.guess(text, named), encoder)
            for text, (_, named) in zip(cleaned, pairs, strict=True)
        ]


def _assessment(text: str, output: MentionOutput | None, lang: Language, encoder: Encoder) -> Assessment:
    if output is None:
        return _nothing_said(lang, encoder)
    calibration = encoder.calibration
    known = lang.label in TRAINED and output.whole
    judged = urgency(output.urgent, output.reason, calibration.urgency, lang=lang.label, known=known)
    return Assessment(
        lang=lang,
        sentiment=choose(output.sentiment, SENTIMENTS, calibration.sentiment, lang=lang.label, known=known),
        toxicity=choose(output.toxicity, TOXICITIES, calibration.toxicity, lang=lang.label, known=known),
        intent=choose(output.intent, INTENTS, calibration.intent, lang=lang.label, known=known),
        urgency=judged if judged.urgent else raised(judged, load_signs().reason_in(text)),
        model=encoder.model,
        revision=f"{encoder.revision}+{load_signs().revision}",
    )


def _nothing_said(lang: Language, encoder: Encoder) -> Assessment:
    return Assessment(
        lang=lang,
        sentiment=Judgement(label=Sentiment.NEUTRAL, score=0.0, sure=False),
        toxicity=Judgement(label=Toxicity.CLEAN, score=0.0, sure=False),
        intent=Judgement(label=Intent.OTHER, score=0.0, sure=False),
        urgency=Urgency(urgent=False, score=0.0, reason=None, sure=False),
        model=encoder.model,
        revision=f"{encoder.revision}+{load_signs().revision}",
    )
