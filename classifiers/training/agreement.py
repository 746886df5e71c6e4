"""How far two readers of the written examples agree: Cohen's kappa, by language and label.

J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20(1), 1960.
A row keeps the label that stands; `first` and `second` hold what a reader said otherwise, `readers` how many read it.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

LABELS: Final[Mapping[str, Sequence[str]]] = {
    "mentions": ("intent", "sentiment", "toxic", "urgent_reason"),
    "drafts": ("risky", "categories"),
}


def kappa(first: Sequence[str], second: Sequence[str]) -> float:
    """Agreement beyond chance, at most 1; 1 where both readers only ever used one and the same label."""
    n = len(first)
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / n
    counts, others = Counter(first), Counter(second)
    chance = sum(counts[label] * others[label] for label in counts) / n**2
    return 1.0 if chance == 1.0 else (observed - chance) / (1.0 - chance)


def agreement(written: Path) -> dict[str, dict[str, Mapping[str, float]]]:
    """For mentions and drafts, by language: rows, rows read twice, and kappa of each label.

    Raises OSError for a file that cannot be read and ValueError for a line that is not JSON.
    """
    found: dict[str, dict[str, Mapping[str, float]]] = {}
    for kind, labels in LABELS.items():
        found[kind] = {}
        for path in sorted((written / kind).glob("*.jsonl")):
            rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
            twice = [row for row in rows if row.get("readers", 1) > 1]
            found[kind][path.stem] = {"rows": len(rows), "read_twice": len(twice)} | {
                label: round(kappa(_said(twice, "first", label), _said(twice, "second", label)), 3)
                for label in labels
                if twice
            }
    return found


def _said(rows: Sequence[Mapping[str, object]], reader: str, label: str) -> list[str]:
    answers = []
    for row in rows:
        other = row.get(reader)
        answers.append(str(other[label] if isinstance(other, Mapping) and label in other else row[label]))
    return answers
