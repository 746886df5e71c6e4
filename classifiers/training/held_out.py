"""What the model is worth on the written examples that were held back, by language."""

from collections.abc import Mapping, Sequence

from classifiers.encoder import DraftOutput, MentionOutput
from classifiers.heads import (
    INTENTS,
    POLITENESS,
    SENTIMENTS,
    TOXICITIES,
    Calibration,
    choose,
    draft_risk,
    logistic,
    urgency,
)
from classifiers.training.corpora import DraftExample, MentionExample
from classifiers.training.measure import auc, calibration_error, f1, macro_f1, threshold_at
from classifiers.types import Intent, Politeness

Figures = Mapping[str, float]


def mention_figures(
    rows: Sequence[tuple[MentionExample, MentionOutput]], calibration: Calibration
) -> dict[str, Figures]:
    """Figures for all rows and for each language, in per cent where they are shares."""
    return {"all": _mentions(rows, calibration)} | {
        lang: _mentions([row for row in rows if row[0].lang == lang], calibration)
        for lang in sorted({example.lang for example, _ in rows})
    }


def hostility_figures(
    rows: Sequence[tuple[MentionExample, MentionOutput]], calibration: Calibration
) -> dict[str, Figures]:
    """How well hostility to people is told from what only looks like it, by language, in per cent."""
    found: dict[str, Figures] = {}
    for lang in sorted({example.lang for example, _ in rows}):
        chosen = [row for row in rows if row[0].lang == lang]
        gold = ["toxic" if e.toxic else "clean" for e, _ in chosen]
        said = [choose(o.toxicity, TOXICITIES, calibration.toxicity, lang=lang, known=True).label for _, o in chosen]
        found[lang] = {
            "n": len(chosen),
            "toxic_f1": _percent(f1(gold, said, "toxic")),
            "macro_f1": _percent(macro_f1(gold, said)),
        }
    return found


def draft_figures(rows: Sequence[tuple[DraftExample, DraftOutput]], calibration: Calibration) -> dict[str, Figures]:
    """Figures for all rows and for each language, in per cent where they are shares."""
    return {"all": _drafts(rows, calibration)} | {
        lang: _drafts([row for row in rows if row[0].lang == lang], calibration)
        for lang in sorted({example.lang for example, _ in rows})
    }


def category_figures(rows: Sequence[tuple[DraftExample, DraftOutput]]) -> dict[str, Figures]:
    """For each category: how often it occurs, and how well its head tells it (AUC)."""
    categories = sorted({category for example, _ in rows for category in example.categories})
    return {
        category: {
            "n": sum(category in example.categories for example, _ in rows),
            "auc": _percent(
                auc([o.categories[category] for _, o in rows], [category in e.categories for e, _ in rows])
            ),
        }
        for category in categories
    }


def politeness_figures(
    rows: Sequence[tuple[MentionExample, MentionOutput]], calibration: Calibration
) -> dict[str, Figures]:
    """How well politeness is told, by language, in per cent; only texts that were labelled for it count."""
    found: dict[str, Figures] = {}
    for lang in sorted({example.lang for example, _ in rows}):
        chosen = [(e, o) for e, o in rows if e.lang == lang and e.politeness is not None]
        gold = [str(e.politeness) for e, _ in chosen]
        judged = [choose(o.politeness, POLITENESS, calibration.politeness, lang=lang, known=True) for _, o in chosen]
        said = [str(j.label) for j in judged]
        found[lang] = {
            "n": len(chosen),
            "macro_f1": _percent(macro_f1(gold, said)),
            "impolite_f1": _percent(f1(gold, said, Politeness.IMPOLITE)),
            "polite_f1": _percent(f1(gold, said, Politeness.POLITE)),
            "ece": _percent(calibration_error([j.score for j in judged], _same(gold, said))),
        }
    return found


def _mentions(rows: Sequence[tuple[MentionExample, MentionOutput]], calibration: Calibration) -> Figures:
    sentiment = [choose(o.sentiment, SENTIMENTS, calibration.sentiment, lang=e.lang, known=True) for e, o in rows]
    toxicity = [choose(o.toxicity, TOXICITIES, calibration.toxicity, lang=e.lang, known=True) for e, o in rows]
    intent = [choose(o.intent, INTENTS, calibration.intent, lang=e.lang, known=True) for e, o in rows]
    urgent = [urgency(o.urgent, o.reason, calibration.urgency, lang=e.lang, known=True) for e, o in rows]
    gold_sentiment = [str(e.sentiment) for e, _ in rows]
    gold_intent = [str(min(e.intents or INTENTS)) for e, _ in rows]
    gold_toxic = ["toxic" if e.toxic else "clean" for e, _ in rows]
    gold_urgent = [str(bool(e.urgent)) for e, _ in rows]
    said_urgent = [str(u.urgent) for u in urgent]
    wanted = [u for u, (e, _) in zip(urgent, rows, strict=True) if e.urgent]
    reasons = [e.reason for e, _ in rows if e.urgent]
    return {
        "n": len(rows),
        "sentiment_macro_f1": _percent(macro_f1(gold_sentiment, [str(j.label) for j in sentiment])),
        "intent_macro_f1": _percent(macro_f1(gold_intent, [str(j.label) for j in intent])),
        "complaint_f1": _percent(f1(gold_intent, [str(j.label) for j in intent], Intent.COMPLAINT)),
        "toxic_f1": _percent(f1(gold_toxic, [str(j.label) for j in toxicity], "toxic")),
        "urgent_f1": _percent(f1(gold_urgent, said_urgent, "True")),
        "urgent_recall": _share([u.urgent for u in wanted]),
        "reason_accuracy": _share([u.reason == reason for u, reason in zip(wanted, reasons, strict=True)]),
        "sentiment_ece": _percent(
            calibration_error([j.score for j in sentiment], _same(gold_sentiment, [j.label for j in sentiment]))
        ),
        "intent_ece": _percent(
            calibration_error([j.score for j in intent], _same(gold_intent, [j.label for j in intent]))
        ),
        "toxicity_ece": _percent(
            calibration_error([j.score for j in toxicity], _same(gold_toxic, [j.label for j in toxicity]))
        ),
        "urgency_ece": _percent(calibration_error([u.score for u in urgent], [bool(e.urgent) for e, _ in rows])),
        "intent_sure": _share([j.sure for j in intent]),
    }


def _drafts(rows: Sequence[tuple[DraftExample, DraftOutput]], calibration: Calibration) -> Figures:
    risks = [draft_risk(o.risk_logit, o.token_logit, calibration.draft) for _, o in rows]
    gold = [e.risky for e, _ in rows]
    safe = [risk for risk, risky in zip(risks, gold, strict=True) if not risky]
    at_ten = threshold_at(safe, 0.10)
    thresholds = [calibration.draft.thresholds.get(e.lang, calibration.draft.default) for e, _ in rows]
    stopped = [risk >= threshold for risk, threshold in zip(risks, thresholds, strict=True)]
    return {
        "n": len(rows),
        "risky": sum(gold),
        "auc": _percent(auc(risks, gold)),
        "auc_whole": _percent(auc([logistic(o.risk_logit) for _, o in rows], gold)),
        "auc_token": _percent(auc([logistic(o.token_logit) for _, o in rows], gold)),
        "recall": _share([s for s, risky in zip(stopped, gold, strict=True) if risky]),
        "false_alarms": _share([s for s, risky in zip(stopped, gold, strict=True) if not risky]),
        "recall_at_10": _share([risk >= at_ten for risk, risky in zip(risks, gold, strict=True) if risky]),
        "strongest_token_inside": _share([_inside(e, o) for e, o in rows if e.risky]),
        "risk_ece": _percent(calibration_error(risks, gold)),
    }


def _inside(example: DraftExample, output: DraftOutput) -> bool:
    if not output.tokens:
        return False
    top = max(output.tokens, key=lambda token: token.probability)
    return any(start < top.end and top.start < end for start, end in example.spans)


def _same(gold: Sequence[str], said: Sequence[str]) -> list[bool]:
    return [g == str(s) for g, s in zip(gold, said, strict=True)]


def _share(flags: Sequence[bool]) -> float:
    return _percent(sum(flags) / len(flags)) if flags else 0.0


def _percent(share: float) -> float:
    return round(100 * share, 1)
