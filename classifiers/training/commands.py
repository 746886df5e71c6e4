"""The commands that build the shipped model and describe it: train · merge · baselines · calibrate · card."""

import json
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from classifiers.command_line import CommandError, Parser
from classifiers.encoder import WEIGHTS
from classifiers.training import card as model_card
from classifiers.training.settle import recalibrate

_WRITTEN = "folder with mentions/, hostility/ and drafts/"
_BASE = "the base encoder: a folder, or a name on the hub"


def add_commands(add: Callable[..., Parser]) -> None:
    """Add these commands to a command line by its `add_parser`."""
    train = add("train", help="build a weights folder (extra `train`, and torch)")
    train.add_argument("--base", required=True, help=_BASE)
    train.add_argument("--data", type=Path, required=True, help="folder with train/ and dev/")
    train.add_argument("--written", type=Path, required=True, help=_WRITTEN)
    train.add_argument("--out", type=Path, required=True, help="weights folder to write")
    train.add_argument("--minutes", type=float, default=40.0, help="how long to train (default: 40)")
    train.add_argument("--steps", type=int, help="train this many steps, whatever the time")
    train.add_argument("--seed", type=int, default=20_261_121)
    train.add_argument(
        "--start", type=Path, nargs="+", default=[], help="checkpoint.pt of earlier runs, from whose mean to go on"
    )
    train.add_argument("--step", default="14,14,12", help="public texts, written mentions and drafts in a step")
    train.set_defaults(command=_train)

    merge = add("merge", help="write a weights folder of the mean of several runs of `train`")
    merge.add_argument("runs", type=Path, nargs="+", help="folders that `train` wrote")
    merge.add_argument("--base", required=True, help=_BASE)
    merge.add_argument("--written", type=Path, required=True, help=_WRITTEN)
    merge.add_argument("--out", type=Path, required=True, help="weights folder to write")
    merge.set_defaults(command=_merge)

    simpler = add("baselines", help="what simpler models reach on the same sets (extra `train`, and torch)")
    simpler.add_argument("folder", type=Path)
    simpler.add_argument("--base", required=True, help=_BASE)
    simpler.add_argument("--data", type=Path, required=True, help="folder with train/ and dev/")
    simpler.add_argument("--written", type=Path, required=True, help=_WRITTEN)
    simpler.add_argument("--limit", type=int, help="at most this many rows of a set, drawn at random")
    simpler.set_defaults(command=_baselines)

    calibrate = add("calibrate", help="fit thresholds of a weights folder anew, without training")
    calibrate.add_argument("--weights", type=Path, default=WEIGHTS)
    calibrate.add_argument("--written", type=Path, required=True, help=_WRITTEN)
    calibrate.set_defaults(command=_calibrate)

    card = add("card", help="write the model card from measured figures")
    card.add_argument("--weights", type=Path, default=WEIGHTS)
    card.add_argument("--evaluation", type=Path, help="what `evaluate --json` wrote")
    card.add_argument("--baselines", type=Path, help="what `baselines` printed")
    card.add_argument("--bench", type=Path, help="what `bench` printed")
    card.add_argument("--curve", type=Path, help="figures by training step, as JSON")
    card.add_argument("--seeds", type=Path, help="figures by seed, as JSON")
    card.add_argument("--failures", type=Path, help="texts the model fails on: a JSON list of text, right, said, cause")
    card.add_argument("--mentions", type=Path, help="scores of `assess` on labelled mentions, as JSON by language")
    card.add_argument("--drafts", type=Path, help="scores of the reply check on labelled drafts, as JSON by language")
    card.add_argument("--out", type=Path, help="write the card there (default: standard output)")
    card.set_defaults(command=_card)


def _train(options: Namespace) -> int:
    if options.minutes <= 0 or (options.steps is not None and options.steps < 1):
        raise CommandError("--minutes and --steps must be above 0")
    try:
        from classifiers.training.build import Order, build  # noqa: PLC0415 - torch is installed only to train
        from classifiers.training.loop import Sizes  # noqa: PLC0415 - as above
    except ImportError as error:
        raise CommandError(f"training needs {error.name}: install torch by hand, then pip install .[train]") from error
    order = Order(
        base=options.base,
        data=options.data,
        written=options.written,
        out=options.out,
        minutes=options.minutes,
        steps=options.steps,
        seed=options.seed,
        sizes=Sizes(*_sizes(options.step)),
        start=options.start,
    )
    try:
        sys.stdout.write(f"written to {build(order)}\n")
    except OSError as error:
        raise CommandError(f"cannot train from {options.base}: {error}") from error
    return 0


def _merge(options: Namespace) -> int:
    try:
        from classifiers.training.build import merge  # noqa: PLC0415 - torch is installed only to train
    except ImportError as error:
        raise CommandError(f"merging needs {error.name}: install torch by hand, then pip install .[train]") from error
    try:
        sys.stdout.write(f"written to {merge(options.base, options.runs, options.written, options.out)}\n")
    except (OSError, ValueError) as error:
        raise CommandError(f"cannot merge: {error}") from error
    return 0


def _baselines(options: Namespace) -> int:
    try:
        from classifiers.training.build import simpler  # noqa: PLC0415 - torch is installed only to train
    except ImportError as error:
        raise CommandError(f"baselines need {error.name}: install torch by hand, then pip install .[train]") from error
    found = simpler(options.base, options.data, options.written, options.folder, options.limit)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return 0


def _sizes(step: str) -> tuple[int, int, int]:
    try:
        public, written, drafts = (int(part) for part in step.split(","))
    except ValueError as error:
        raise CommandError("--step needs three whole numbers, for example 14,14,12") from error
    if min(public, written, drafts) < 1:
        raise CommandError("--step: every number must be at least 1")
    return public, written, drafts


def _calibrate(options: Namespace) -> int:
    try:
        recalibrate(options.weights, options.written)
    except (OSError, ValueError, KeyError) as error:
        raise CommandError(f"cannot calibrate {options.weights}: {error}") from error
    return 0


def _card(options: Namespace) -> int:
    sources = {
        "report": options.weights / "report.json",
        "settings": options.weights / "thresholds.json",
        "evaluation": options.evaluation,
        "baselines": options.baselines,
        "bench": options.bench,
        "curve": options.curve,
        "seeds": options.seeds,
        "failures": options.failures,
        "mentions": options.mentions,
        "drafts": options.drafts,
    }
    read = {name: _read_json(path) for name, path in sources.items() if path is not None}
    text = model_card.card(read)
    if options.out is None:
        sys.stdout.write(text)
    else:
        write(options.out, text)
    return 0


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise CommandError(f"{path} is not JSON") from error


def write(path: Path, text: str) -> None:
    """Write a file; raises CommandError where that is not possible."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror or error}") from error
