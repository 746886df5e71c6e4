"""From a base checkpoint and corpora to a weights folder: train, export, calibrate, measure, write."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import torch

from classifiers.encoder import MODEL_FILE, TOKENIZER_FILE
from classifiers.tokens import Tokens
from classifiers.training.baselines import baselines
from classifiers.training.corpora import written_drafts, written_hostility, written_mentions
from classifiers.training.export import export
from classifiers.training.loop import Material, Plan, Sizes, start_from, train
from classifiers.training.network import Encoder, Network, read_checkpoint
from classifiers.training.public_sets import public_examples
from classifiers.training.settle import REPORT_FILE, runs_of, settle

CHECKPOINT_FILE: Final = "checkpoint.pt"
_BASE_FILES: Final = ["model.safetensors", "tokenizer.json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to build from what: `base` is a folder or a hub name, `steps` None means as many as fit into `minutes`.

    `start` are checkpoints whose mean is gone on from; none means the base alone.
    """

    base: str
    data: Path
    written: Path
    out: Path
    minutes: float
    steps: int | None
    seed: int
    sizes: Sizes
    start: Sequence[Path]


def build(order: Order) -> Path:
    """Train and write a weights folder; an interrupted run goes on from its checkpoint. Returns the folder.

    Raises BadCorpus for data that cannot be read and OSError for a base checkpoint that cannot.
    """
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    base = _base(order.base)
    mentions = written_mentions(order.written / "mentions")
    hostility = written_hostility(order.written / "hostility")
    drafts = written_drafts(order.written / "drafts")
    public = public_examples(order.data, seed=order.seed)
    material = Material(public=public, written=mentions.learn + hostility.learn, drafts=drafts.learn)
    torch.manual_seed(order.seed)
    network, teacher = _fresh(base)
    if order.start:
        start_from(network, *order.start)
    checkpoint = order.out / CHECKPOINT_FILE
    plan = Plan(seed=order.seed, minutes=order.minutes, steps=order.steps, sizes=order.sizes, checkpoint=checkpoint)
    trained = train(network, teacher, Tokens.from_file(base / TOKENIZER_FILE), material, plan)
    run = {
        "seed": order.seed,
        "start": ", ".join(checkpoint.parent.name for checkpoint in order.start) or None,
        "steps": trained.steps,
        "planned_steps": trained.planned,
        "step": asdict(order.sizes),
        "examples": {
            "public": len(public),
            "mentions": len(mentions.learn),
            "hostility": len(hostility.learn),
            "drafts": len(drafts.learn),
        },
    }
    _write(network, base, order.out)
    settle(order.out, order.written, [*_history(checkpoint.parent for checkpoint in order.start), run])
    return order.out


def merge(base_name: str, runs: Sequence[Path], written: Path, out: Path) -> Path:
    """Write a weights folder of the mean of several runs' networks; `runs` are folders that `build` wrote.

    Raises BadCorpus for written examples and OSError or ValueError for a run that cannot be read.
    """
    base = _base(base_name)
    network, _ = _fresh(base)
    start_from(network, *(run / CHECKPOINT_FILE for run in runs))
    _write(network, base, out)
    settle(out, written, _history(runs))
    return out


def simpler(base_name: str, data: Path, written: Path, folder: Path, limit: int | None) -> Mapping[str, object]:
    """What baselines trained on the same examples reach on the sets under `folder`; raises as `build` does."""
    base = _base(base_name)
    _, teacher = _fresh(base)
    examples = public_examples(data, seed=0)
    examples += written_mentions(written / "mentions").learn + written_hostility(written / "hostility").learn
    return baselines(folder, examples, Tokens.from_file(base / TOKENIZER_FILE), teacher, limit)


def _history(folders: Iterable[Path]) -> list[object]:
    """The runs that lie behind folders that `train` wrote, each once, the earliest first; one broken off tells none."""
    runs: list[object] = []
    for folder in folders:
        if (folder / REPORT_FILE).exists():
            runs += [run for run in runs_of(folder) if run not in runs]
    return runs


def _fresh(base: Path) -> tuple[Network, Encoder]:
    """The untrained network on the base encoder, and the base encoder once more as the teacher."""
    state = read_checkpoint(base)
    vocabulary = len(state["embeddings.word_embeddings.weight"])
    network, teacher = Network(vocabulary), Encoder(vocabulary)
    network.encoder.load_base(state)
    teacher.load_base(state)
    return network, teacher


def _write(network: Network, base: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    export(network, out / MODEL_FILE)
    (out / TOKENIZER_FILE).write_bytes((base / TOKENIZER_FILE).read_bytes())


def _base(name: str) -> Path:
    folder = Path(name)
    if folder.is_dir():
        return folder
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - only for a base that is not a folder

    return Path(snapshot_download(name, allow_patterns=_BASE_FILES))
