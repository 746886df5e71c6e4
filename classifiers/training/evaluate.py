"""Measure the judge on labelled sets that it was not trained on.

A set's task is the name of its folder. Its labels are compared with ours where they mean the same; what a set does
not tell apart is not held against the judge (a set of complaints knows complaint and other, nothing else). One more
set, insults in disguise, is the project's own and always measured.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, TextIO

from classifiers.assess import Assessor
from classifiers.heads import INTENTS
from classifiers.training.attacks import AttackFigures, attack_figures, drawn, items, sentences
from classifiers.training.corpora import BadCorpus, read_rows
from classifiers.training.measure import f1, interval, macro_f1
from classifiers.types import Assessment

_SEED: Final = 20_261_121
_GROUP: Final = 512
ATTACK: Final = "attack"
_LABEL: Final = {True: "toxic", False: "clean"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFigures:
    """What the judge is worth on one set: F1 as shares 0…1, `low` and `high` its 95 % bootstrap interval."""

    name: str
    task: str
    lang: str
    n: int
    macro_f1: float
    low: float
    high: float
    per_class: Mapping[str, float]


_Said = Callable[[Assessment], str]
_SAID: Final[Mapping[str, _Said]] = {
    "sentiment": lambda a: a.sentiment.label,
    "toxicity": lambda a: a.toxicity.label,
    "hate": lambda a: "hate" if a.toxicity.label == "toxic" else "other",
    "complaint": lambda a: "complaint" if a.intent.label == "complaint" else "other",
    "spam": lambda a: "spam" if a.intent.label == "spam" else "ham",
    "intent": lambda a: a.intent.label,
}
"""How each task's labels follow from an assessment."""


def sets(folder: Path) -> list[Path]:
    """The labelled sets under a folder; raises BadCorpus when there is none."""
    paths = sorted(folder.rglob("*.jsonl.gz"))
    if not paths:
        raise BadCorpus(f"no *.jsonl.gz under {folder}; each set lies in a folder named after its task")
    return paths


def figures(path: Path, assessor: Assessor, limit: int | None = None) -> SetFigures | str:
    """The figures of one set, or one sentence why it cannot be measured; `limit` draws that many rows at random.

    Raises BadCorpus when the file cannot be read, ModelUnavailable when the model cannot be used.
    """
    task = path.parent.name
    said = _SAID.get(task)
    if said is None:
        return f"{path}: the judge has no head for {task}"
    rows = list(read_rows(path))
    if any("label" not in row or "text" not in row for row in rows):
        raise BadCorpus(f"{path}: a row has no text or no label")
    labels = {row["label"] for row in rows}
    if task == "intent" and not labels <= set(INTENTS):
        return f"{path}: its labels are not ours"
    rows = some(rows, limit)
    gold = [row["label"] for row in rows]
    answers = _answers([row["text"] for row in rows], assessor, said)
    if task == "intent":
        answers = [answer if answer in labels else "other" for answer in answers]
    name = path.name.removesuffix(".jsonl.gz")
    return _figures(task, name, rows[0].get("lang", "") if rows else "", gold, answers)


def some(rows: list[dict[str, str]], limit: int | None) -> list[dict[str, str]]:
    """At most `limit` of the rows, drawn at random, the same every time."""
    if limit is None or len(rows) <= limit:
        return rows
    return random.Random(_SEED).sample(rows, limit)  # noqa: S311 - sampling, not secrecy


def attacked(assessor: Assessor, limit: int | None = None) -> tuple[list[SetFigures], list[AttackFigures]]:
    """How the judge does on insults in disguise: for each language, and for each disguise in it.

    At most `limit` items of a language are judged, all those of sentences drawn at random. Raises ModelUnavailable
    when the model cannot be used.
    """
    written = sentences()
    given = items(written if limit is None else drawn(written, limit, seed=_SEED))
    answers = _answers([item.text for item in given], assessor, _SAID["toxicity"])
    rows = []
    for lang in dict.fromkeys(item.lang for item in given):
        pairs = [(_LABEL[item.toxic], said) for item, said in zip(given, answers, strict=True) if item.lang == lang]
        rows.append(_figures(ATTACK, lang, lang, [gold for gold, _ in pairs], [said for _, said in pairs]))
    return rows, attack_figures(given, [answer == _LABEL[True] for answer in answers])


def _answers(texts: Sequence[str], assessor: Assessor, said: _Said) -> list[str]:
    answers: list[str] = []
    for start in range(0, len(texts), _GROUP):
        answers += [str(said(a)) for a in assessor.assess(texts[start : start + _GROUP])]
    return answers


def _figures(task: str, name: str, lang: str, gold: Sequence[str], answers: Sequence[str]) -> SetFigures:
    low, high = interval(gold, answers)
    return SetFigures(
        name=f"{task}/{name}",
        task=task,
        lang=lang,
        n=len(gold),
        macro_f1=macro_f1(gold, answers),
        low=low,
        high=high,
        per_class={label: f1(gold, answers, label) for label in sorted(set(gold))},
    )


def print_row(found: SetFigures, out: TextIO) -> None:
    """One line of the table, in per cent."""
    per_class = "  ".join(f"{label} {100 * value:.1f}" for label, value in found.per_class.items())
    out.write(
        f"{found.name:<36} {found.n:>6}  {100 * found.macro_f1:5.1f}  "
        f"[{100 * found.low:.1f}, {100 * found.high:.1f}]  {per_class}\n"
    )
    out.flush()


def heading(out: TextIO) -> None:
    """The first line of the table."""
    out.write(f"{'set':<36} {'n':>6}  macro  95 % interval  F1 per class\n")


def means(rows: Sequence[SetFigures]) -> dict[str, float]:
    """Mean macro-F1 (0…1) over the sets of each task."""
    tasks = sorted({row.task for row in rows})
    return {
        task: sum(row.macro_f1 for row in rows if row.task == task) / sum(row.task == task for row in rows)
        for task in tasks
    }


def as_rows(rows: Sequence[SetFigures], attacks: Sequence[AttackFigures]) -> list[dict[str, object]]:
    """All figures in the form of `--json`: a row for each set, with the disguises of its language in an attack row."""
    return [
        asdict(row)
        | ({"disguises": [asdict(one) for one in attacks if one.lang == row.lang]} if row.task == ATTACK else {})
        for row in rows
    ]
