"""From a base checkpoint and corpora to a weights folder: train, export, calibrate, measure, write.

`thresholds.json` is written last and holds the checksums of the other files, so a folder that was interrupted
half-way is refused by the encoder instead of being used.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import torch

from classifiers.encoder import FORMAT, MODEL_FILE, SETTINGS_FILE, TOKENIZER_FILE, Encoder
from classifiers.heads import LABELS
from classifiers.text import clean
from classifiers.tokens import Tokens
from classifiers.training.calibrate import calibrate
from classifiers.training.corpora import (
    BadCorpus,
    DraftExample,
    MentionExample,
    public_examples,
    written_drafts,
    written_mentions,
)
from classifiers.training.export import export
from classifiers.training.held_out import category_figures, draft_figures, mention_figures
from classifiers.training.loop import Material, Plan, train
from classifiers.training.network import Network, read_checkpoint

NAME: Final = "tactful-judge-e5-small"
CHECKPOINT_FILE: Final = "checkpoint.pt"
REPORT_FILE: Final = "report.json"
_BASE_FILES: Final = ["model.safetensors", "tokenizer.json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to build from what: `base` is a folder or a hub name, `steps` None means as many as fit into `minutes`."""

    base: str
    data: Path
    written: Path
    out: Path
    minutes: float
    steps: int | None
    seed: int


def build(order: Order) -> Path:
    """Train and write a weights folder; an interrupted run goes on from its checkpoint. Returns the folder.

    Raises BadCorpus for data that cannot be read and OSError for a base checkpoint that cannot.
    """
    torch.set_num_threads(os.cpu_count() or 1)
    base = _base(order.base)
    tokenizer = (base / TOKENIZER_FILE).read_bytes()
    tokens = Tokens.from_json(tokenizer.decode("utf-8"))
    mentions, mentions_held = written_mentions(order.written / "mentions")
    drafts, drafts_held = written_drafts(order.written / "drafts")
    if not mentions_held or not drafts_held:
        raise BadCorpus(f"{order.written} is too small to hold a tenth back for calibration")
    material = Material(public=public_examples(order.data, seed=order.seed), written=mentions, drafts=drafts)
    torch.manual_seed(order.seed)
    state = read_checkpoint(base)
    network = Network(len(state["embeddings.word_embeddings.weight"]))
    network.encoder.load_base(state)
    checkpoint = order.out / CHECKPOINT_FILE
    plan = Plan(seed=order.seed, minutes=order.minutes, steps=order.steps, checkpoint=checkpoint)
    trained = train(network, tokens, material, plan)
    order.out.mkdir(parents=True, exist_ok=True)
    export(network, order.out / MODEL_FILE)
    (order.out / TOKENIZER_FILE).write_bytes(tokenizer)
    run = {
        "seed": order.seed,
        "steps": trained.steps,
        "planned_steps": trained.planned,
        "examples": {"public": len(material.public), "mentions": len(mentions), "drafts": len(drafts)},
    }
    _calibrate(order.out, mentions_held, drafts_held, run)
    checkpoint.unlink(missing_ok=True)
    return order.out


def recalibrate(folder: Path, written: Path) -> None:
    """Fit the calibration of a weights folder anew, without training; raises BadCorpus, OSError or ValueError."""
    report = json.loads((folder / REPORT_FILE).read_text(encoding="utf-8"))
    run = {name: report[name] for name in ("seed", "steps", "planned_steps", "examples")}
    _calibrate(folder, written_mentions(written / "mentions")[1], written_drafts(written / "drafts")[1], run)


def _calibrate(
    folder: Path, mentions: Sequence[MentionExample], drafts: Sequence[DraftExample], run: Mapping[str, object]
) -> None:
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


def _base(name: str) -> Path:
    folder = Path(name)
    if folder.is_dir():
        return folder
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - only for a base that is not a folder

    return Path(snapshot_download(name, allow_patterns=_BASE_FILES))


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
