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

from classifiers.encoder import FORMAT, MODEL_FILE, SETTINGS_FILE, TOKENIZER_FILE, Encoder
from classifiers.heads import LABELS
from classifiers.text import clean
from classifiers.training.calibrate import calibrate
from classifiers.training.corpora import DraftExample, MentionExample, written_drafts, written_mentions
from classifiers.training.held_out import category_figures, draft_figures, mention_figures

NAME: Final = "tactful-judge-e5-small"
REPORT_FILE: Final = "report.json"


def settle(
    folder: Path, mentions: Sequence[MentionExample], drafts: Sequence[DraftExample], run: Mapping[str, object]
) -> None:
    """Calibrate a folder's model on held-out examples, and write calibration and report; `run` says how it was made."""
    _write_settings(folder, None)
    encoder = Encoder.open(folder, calibrated=False)
    judged = list(zip(mentions, encoder.run([clean(e.text).text for e in mentions]), strict=True))
    checked = list(zip(drafts, encoder.run_drafts([(e.mention, e.draft) for e in drafts]), strict=True))
    calibration = calibrate(judged, checked)
    report = {
        **run,
        "mentions": mention_figures(judged, calibration),
        "drafts": draft_figures(checked, calibration),
        "categories": category_figures(checked),
    }
    (folder / REPORT_FILE).write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    _write_settings(folder, asdict(calibration))


def recalibrate(folder: Path, written: Path) -> None:
    """Fit the calibration of a weights folder anew, without training; raises BadCorpus, OSError or ValueError."""
    report = json.loads((folder / REPORT_FILE).read_text(encoding="utf-8"))
    run = {name: report[name] for name in ("seed", "steps", "planned_steps", "examples")}
    settle(folder, written_mentions(written / "mentions")[1], written_drafts(written / "drafts")[1], run)


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
