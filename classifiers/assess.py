"""All heads over a batch of texts: strings in, one assessment for each out.

Importing this costs nothing; the model and the language detector are loaded with the first text.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from classifiers.encoder import Encoder
from classifiers.heads import INTENTS, POLITENESS, SENTIMENTS, TOXICITIES, choose, urgency
from classifiers.hub import HubChoice
from classifiers.label_map import Head
from classifiers.language import TRAINED, LanguageGuesser
from classifiers.outside import OutsideAnswer, OutsideHead
from classifiers.text import clean
from classifiers.types import (
    Assessment,
    Intent,
    Judgement,
    L,
    Language,
    ModelUnavailable,
    Sentiment,
    Toxicity,
    Urgency,
)
from classifiers.urgency import load_signs, raised

_GROUP: Final = 256
"""Texts whose outputs are held at a time."""


class Assessor:
    """Judges texts: language, sentiment, toxicity, intent, urgency. Safe to share between threads.

    `outside` are heads that other models answer. Where one cannot, our own head answers, is never sure, and `report`
    is told why in one sentence, once for each new reason.
    """

    def __init__(
        self,
        weights: Path | None = None,
        languages: LanguageGuesser | None = None,
        *,
        outside: Sequence[OutsideHead] = (),
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._weights = weights
        self._languages = languages or LanguageGuesser()
        self._outside = tuple(outside)
        self._report = report
        self._reported: dict[Head, str] = {}

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
        different = list(dict.fromkeys(pairs))
        judged = encoder.side_by_side(lambda pair: self._assessment(encoder, clean(pair[0]).text, pair[1]), different)
        by_pair = dict(zip(different, judged, strict=True))
        found = [by_pair[pair] for pair in pairs]
        for head in self._outside:
            found = self._with(head, [clean(text).text for text, _ in pairs], found)
        return found

    def _assessment(self, encoder: Encoder, text: str, named: str | None) -> Assessment:
        lang = self._languages.guess(text, named)
        if not text.strip():
            return _nothing_said(lang, encoder)
        output = encoder.mention(text)
        calibration = encoder.calibration
        known = lang.label in TRAINED and output.whole
        judged = urgency(output.urgent, output.reason, calibration.urgency, lang=lang.label, known=known)
        return Assessment(
            lang=lang,
            sentiment=choose(output.sentiment, SENTIMENTS, calibration.sentiment, lang=lang.label, known=known),
            toxicity=choose(output.toxicity, TOXICITIES, calibration.toxicity, lang=lang.label, known=known),
            intent=choose(output.intent, INTENTS, calibration.intent, lang=lang.label, known=known),
            urgency=raised(judged, load_signs().reason_in(text)),
            model=encoder.model,
            revision=f"{encoder.revision}+{load_signs().revision}",
            politeness=choose(output.politeness, POLITENESS, calibration.politeness, lang=lang.label, known=known),
        )

    def _with(self, head: OutsideHead, texts: Sequence[str], found: Sequence[Assessment]) -> list[Assessment]:
        """Assessments with one head answered by another model, whose name all of them carry while it can be used.

        Those that it was not asked about carry it too: scores are compared over time by what judged as a whole.
        """
        asked = [_asked(head, text, one) for text, one in zip(texts, found, strict=True)]
        answers = self._answers(head, [text for text, yes in zip(texts, asked, strict=True) if yes])
        answered = [
            _answered(one, head.choice, None if answers is None else answers.get(text)) if yes else one
            for text, one, yes in zip(texts, found, asked, strict=True)
        ]
        return answered if answers is None else [_named(one, head.choice) for one in answered]

    def _answers(self, head: OutsideHead, texts: Sequence[str]) -> Mapping[str, OutsideAnswer | None] | None:
        """What an outside model says about each different text; None when it cannot be used, which is reported."""
        before = self._reported.get(head.choice.head, "")
        different = list(dict.fromkeys(texts))
        if not different:
            return None if before else {}
        try:
            answers = dict(zip(different, head.answers(different), strict=True))
        except ModelUnavailable as error:
            self._reported[head.choice.head] = str(error)
            if str(error) != before:
                self._report(str(error))
            return None
        self._reported[head.choice.head] = ""
        return answers


def _asked(head: OutsideHead, text: str, found: Assessment) -> bool:
    """Whether the outside model is asked about a text: one with words, in a language that it was chosen for."""
    return bool(text.strip()) and found.lang.label in head.choice.languages


def _named(found: Assessment, choice: HubChoice) -> Assessment:
    return replace(
        found,
        model=f"{found.model}+{choice.head}:{choice.name}",
        revision=f"{found.revision}+{choice.head}:{choice.revision}",
    )


def _answered(found: Assessment, choice: HubChoice, answer: OutsideAnswer | None) -> Assessment:
    """An assessment with an outside model's answer in it; without an answer our own, which is not sure."""
    match choice.head:
        case Head.SENTIMENT:
            return replace(found, sentiment=_judged(Sentiment, found.sentiment, choice, answer))
        case Head.TOXICITY:
            return replace(found, toxicity=_judged(Toxicity, found.toxicity, choice, answer))
        case Head.INTENT:
            return replace(found, intent=_judged(Intent, found.intent, choice, answer))


def _judged(labels: type[L], own: Judgement[L], choice: HubChoice, answer: OutsideAnswer | None) -> Judgement[L]:
    if answer is None:
        return replace(own, sure=False)
    score = answer.scores[answer.label]
    return Judgement(label=labels(answer.label), score=score, sure=answer.whole and score >= choice.sure)


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
