"""From a base checkpoint and corpora to a weights folder: train, export, calibrate, measure, write."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import torch

from classifiers.encoder import MODEL_FILE, TOKENIZER_FILE
from classifiers.tokens import Tokens
from classifiers.training.corpora import public_examples, written_drafts, written_mentions
from classifiers.training.export import export
from classifiers.training.loop import Material, Plan, Sizes, start_from, train
from classifiers.training.network import Network, read_checkpoint
from classifiers.training.settle import settle

CHECKPOINT_FILE: Final = "checkpoint.pt"
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
    sizes: Sizes
    start: Path | None


def build(order: Order) -> Path:
    """Train and write a weights folder; an interrupted run goes on from its checkpoint. Returns the folder.

    Raises BadCorpus for data that cannot be read and OSError for a base checkpoint that cannot.
    """
    torch.set_num_threads(os.cpu_count() or 1)
    base = _base(order.base)
    tokenizer = (base / TOKENIZER_FILE).read_bytes()
    tokens = Tokens.from_json(tokenizer.decode("utf-8"))
    mentions = written_mentions(order.written / "mentions")
    drafts = written_drafts(order.written / "drafts")
    public = public_examples(order.data, seed=order.seed)
    material = Material(public=public, written=mentions.learn, drafts=drafts.learn)
    torch.manual_seed(order.seed)
    state = read_checkpoint(base)
    network = Network(len(state["embeddings.word_embeddings.weight"]))
    network.encoder.load_base(state)
    if order.start is not None:
        start_from(network, order.start)
    checkpoint = order.out / CHECKPOINT_FILE
    plan = Plan(seed=order.seed, minutes=order.minutes, steps=order.steps, sizes=order.sizes, checkpoint=checkpoint)
    trained = train(network, tokens, material, plan)
    order.out.mkdir(parents=True, exist_ok=True)
    export(network, order.out / MODEL_FILE)
    (order.out / TOKENIZER_FILE).write_bytes(tokenizer)
    run = {
        "seed": order.seed,
        "steps": trained.steps,
        "planned_steps": trained.planned,
        "step": asdict(order.sizes),
        "start": None if order.start is None else order.start.parent.name,
        "examples": {"public": len(public), "mentions": len(mentions.learn), "drafts": len(drafts.learn)},
    }
    settle(order.out, mentions, drafts, run)
    return order.out


def _base(name: str) -> Path:
    folder = Path(name)
    if folder.is_dir():
        return folder
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - only for a base that is not a folder

    return Path(snapshot_download(name, allow_patterns=_BASE_FILES))
