"""The last step of a weights folder: calibrate on what was held back, measure there, write it down.

`thresholds.json` is written last and holds the checksums of the other files, so a folder that was interrupted
half-way is refused by the encoder instead of being used.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from classifiers.encoder import FORMAT, MODEL_FILE, SETTINGS_FILE, TOKENIZER_FILE, DraftOutput, Encoder, MentionOutput
from classifiers.heads import LABELS
from classifiers.text import clean
from classifiers.training.agreement import agreement
from classifiers.training.calibrate import calibrate
from classifiers.training.corpora import (
    BadCorpus,
    DraftExample,
    MentionExample,
    written_drafts,
    written_hostility,
    written_mentions,
)
from classifiers.training.faithfulness import faithfulness
from classifiers.training.held_out import (
    category_figures,
    draft_figures,
    hostility_figures,
    mention_figures,
    politeness_figures,
)

NAME: Final = "tactful-judge-e5-small"
REPORT_FILE: Final = "report.json"


def settle(folder: Path, written: Path, runs: Sequence[object]) -> None:
    """Calibrate a folder's model, measure it on what was held out, and write both; `runs` say how it was made.

    Raises BadCorpus when a part of the written examples is empty or cannot be read.
    """
    mentions, drafts = written_mentions(written / "mentions"), written_drafts(written / "drafts")
    if not (mentions.tuning and mentions.held_out and drafts.tuning and drafts.held_out):
        raise BadCorpus(f"{written}: no examples to calibrate with or to measure on")
    _write_settings(folder, None)
    encoder = Encoder.open(folder, calibrated=False)
    calibration = calibrate(_judged(encoder, mentions.tuning), _checked(encoder, drafts.tuning))
    judged, checked = _judged(encoder, mentions.held_out), _checked(encoder, drafts.held_out)
    _write_settings(folder, asdict(calibration))
    hostile = _judged(encoder, written_hostility(written / "hostility").held_out)
    report = {
        "runs": runs,
        "agreement": agreement(written),
        "mentions": mention_figures(judged, calibration),
        "politeness": politeness_figures(judged, calibration),
        "hostility": hostility_figures(hostile, calibration),
        "explanation": faithfulness(mentions.held_out, Encoder.open(folder)),
        "drafts": draft_figures(checked, calibration),
        "categories": category_figures(checked),
    }
    (folder / REPORT_FILE).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def recalibrate(folder: Path, written: Path) -> None:
    """Fit the calibration of a weights folder anew, without training; raises BadCorpus, OSError or ValueError."""
    settle(folder, written, runs_of(folder))


def runs_of(folder: Path) -> Sequence[object]:
    """How the model of a weights folder was made; raises OSError or ValueError when that cannot be read."""
    runs = json.loads((folder / REPORT_FILE).read_text(encoding="utf-8")).get("runs")
    if not isinstance(runs, list):
        raise ValueError(f'{folder / REPORT_FILE} has no "runs"')  # noqa: TRY004 - the file's fault, not the caller's
    return runs


def _judged(encoder: Encoder, examples: Sequence[MentionExample]) -> list[tuple[MentionExample, MentionOutput]]:
    return list(zip(examples, encoder.run([clean(e.text).text for e in examples]), strict=True))


def _checked(encoder: Encoder, examples: Sequence[DraftExample]) -> list[tuple[DraftExample, DraftOutput]]:
    return list(zip(examples, encoder.run_drafts([(e.mention, e.draft) for e in examples]), strict=True))


def _write_settings(folder: Path, heads: Mapping[str, object] | None) -> None:
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (MODEL_FILE, TOKENIZER_FILE)}
    content: dict[str, object] = {"files": files, "heads": heads}
    revision = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]
    settings = {
        "format": FORMAT,
        "model": NAME,
        "revision": revision,
        **content,
        "labels": {head: _names(labels) for head, labels in LABELS.items()},
    }
    (folder / SETTINGS_FILE).write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")


def _names(labels: Sequence[object]) -> list[str]:
    return [str(label) for label in labels]
