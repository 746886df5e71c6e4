"""`python -m classifiers`: assess · evaluate · bench · train · merge · calibrate · card."""

import json
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from classifiers.assess import Assessor
from classifiers.command_line import CommandError, Parser, Row, answer, batched, opened, rows, run
from classifiers.encoder import WEIGHTS, Encoder
from classifiers.explain import explain
from classifiers.hub_options import choices_of, with_hub_options
from classifiers.outside import OutsideHead
from classifiers.training import card as model_card
from classifiers.training import evaluate as evaluation
from classifiers.training.attacks import print_table
from classifiers.training.bench import bench
from classifiers.training.corpora import BadCorpus
from classifiers.training.settle import recalibrate
from classifiers.types import Assessment, Intent, Judgement, ModelUnavailable, Sentiment, Toxicity

BATCH: Final = 64


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = parser().parse_args(arguments)
    try:
        status: int = options.command(options)
    except (ModelUnavailable, BadCorpus) as error:
        raise CommandError(str(error)) from error
    return status


def parser() -> Parser:
    """The whole command line."""
    whole = Parser(prog="python -m classifiers", description="Judge texts, and build and measure what judges them.")
    commands = whole.add_subparsers(required=True, metavar="COMMAND")

    assess = with_hub_options(
        commands.add_parser("assess", help='NDJSON {"id","text","lang"?} in, one judgement a line out')
    )
    assess.add_argument("file", nargs="?", default="-", help="a file, or - for standard input")
    assess.add_argument("--explain", action="store_true", help="name the words that carried each label")
    assess.set_defaults(command=_assess)

    evaluate = commands.add_parser("evaluate", help="measure on labelled sets: DIR/<task>/*.jsonl.gz")
    evaluate.add_argument("folder", type=Path)
    evaluate.add_argument("--json", type=Path, help="write the figures here as well")
    evaluate.add_argument("--limit", type=int, help="at most this many rows of a set, drawn at random")
    evaluate.set_defaults(command=_evaluate)

    bench = commands.add_parser("bench", help="speed and memory as JSON")
    bench.set_defaults(command=_bench)

    train = commands.add_parser("train", help="build a weights folder (extra `train`, and torch)")
    train.add_argument("--base", required=True, help="checkpoint to start from: a folder, or a name on the hub")
    train.add_argument("--data", type=Path, required=True, help="folder with train/ and dev/")
    train.add_argument("--written", type=Path, required=True, help="folder with mentions/, hostility/ and drafts/")
    train.add_argument("--out", type=Path, required=True, help="weights folder to write")
    train.add_argument("--minutes", type=float, default=40.0, help="how long to train (default: 40)")
    train.add_argument("--steps", type=int, help="train this many steps, whatever the time")
    train.add_argument("--seed", type=int, default=20_261_121)
    train.add_argument("--start", type=Path, help="checkpoint.pt of an earlier run to go on from with these examples")
    train.add_argument("--step", default="14,14,12", help="public texts, written mentions and drafts in a step")
    train.set_defaults(command=_train)

    merge = commands.add_parser("merge", help="write a weights folder of the mean of several runs of `train`")
    merge.add_argument("runs", type=Path, nargs="+", help="folders that `train` wrote")
    merge.add_argument("--base", required=True, help="the checkpoint they started from: a folder, or a name on the hub")
    merge.add_argument("--written", type=Path, required=True, help="folder with mentions/, hostility/ and drafts/")
    merge.add_argument("--out", type=Path, required=True, help="weights folder to write")
    merge.set_defaults(command=_merge)

    calibrate = commands.add_parser("calibrate", help="fit thresholds of a weights folder anew, without training")
    calibrate.add_argument("--weights", type=Path, default=WEIGHTS)
    calibrate.add_argument("--written", type=Path, required=True, help="folder with mentions/ and drafts/")
    calibrate.set_defaults(command=_calibrate)

    card = commands.add_parser("card", help="write the model card from measured figures")
    card.add_argument("--weights", type=Path, default=WEIGHTS)
    card.add_argument("--evaluation", type=Path, help="what `evaluate --json` wrote")
    card.add_argument("--bench", type=Path, help="what `bench` printed")
    card.add_argument("--mentions", type=Path, help="scores of `assess` on labelled mentions, as JSON by language")
    card.add_argument("--drafts", type=Path, help="scores of the reply check on labelled drafts, as JSON by language")
    card.add_argument("--out", type=Path, help="write the card there (default: standard output)")
    card.set_defaults(command=_card)
    return whole


def _assess(options: Namespace) -> int:
    outside = [OutsideHead(choice) for choice in choices_of(options)]
    for head in outside:
        head.classifier()  # asked for by name: its absence is an error here, nothing to stand in for
    assessor = Assessor(outside=outside)

    def judge(batch: Sequence[Row]) -> Sequence[Mapping[str, object]]:
        texts = [row.text("text") for row in batch]
        langs = [row.optional_text("lang") for row in batch]
        found = assessor.assess(texts, langs)
        fields = [{"id": row.fields.get("id"), **as_fields(one)} for row, one in zip(batch, found, strict=True)]
        if options.explain:
            encoder = Encoder.load()
            for text, one, row in zip(texts, found, fields, strict=True):
                carriers = explain(text, one.lang.label, encoder)
                others = {head.choice.head.value for head in outside if one.lang.label in head.choice.languages}
                row["explanation"] = {
                    head: [asdict(carrier) for carrier in of] for head, of in carriers.items() if head not in others
                }
        return fields

    with opened(options.file) as stream:
        return answer(batched(rows(stream), BATCH), judge, sys.stdout)


def as_fields(found: Assessment) -> dict[str, object]:
    """An assessment in the form of the `assess` command and the API."""
    return {
        "lang": {"label": found.lang.label, "score": round(found.lang.score, 4)},
        "sentiment": _judgement(found.sentiment),
        "toxicity": _judgement(found.toxicity),
        "intent": _judgement(found.intent),
        "urgency": {
            "urgent": found.urgency.urgent,
            "score": round(found.urgency.score, 4),
            "reason": found.urgency.reason,
            "sure": found.urgency.sure,
        },
        "model": found.model,
        "revision": found.revision,
    }


def _judgement(found: Judgement[Sentiment] | Judgement[Toxicity] | Judgement[Intent]) -> dict[str, object]:
    return {"label": found.label, "score": round(found.score, 4), "sure": found.sure}


def _evaluate(options: Namespace) -> int:
    if options.limit is not None and options.limit < 1:
        raise CommandError("--limit must be at least 1")
    assessor = Assessor()
    measured = []
    evaluation.heading(sys.stdout)
    for path in evaluation.sets(options.folder):
        found = evaluation.figures(path, assessor, options.limit)
        if isinstance(found, str):
            sys.stderr.write(f"left out: {found}\n")
            continue
        evaluation.print_row(found, sys.stdout)
        measured.append(found)
    if not measured:
        raise CommandError(f"nothing under {options.folder} could be measured")
    disguised, attacks = evaluation.attacked(assessor, options.limit)
    for attack in disguised:
        evaluation.print_row(attack, sys.stdout)
    measured += disguised
    for task, mean in evaluation.means(measured).items():
        sys.stdout.write(f"mean of {task}: {100 * mean:.1f}\n")
    print_table(attacks, sys.stdout)
    if options.json is not None:
        _write(options.json, json.dumps(evaluation.as_rows(measured, attacks), indent=1) + "\n")
    return 0


def _bench(_: Namespace) -> int:
    sys.stdout.write(json.dumps(bench(), indent=1) + "\n")
    return 0


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
        "bench": options.bench,
        "mentions": options.mentions,
        "drafts": options.drafts,
    }
    read = {name: _read_json(path) for name, path in sources.items() if path is not None}
    text = model_card.card(read)
    if options.out is None:
        sys.stdout.write(text)
    else:
        _write(options.out, text)
    return 0


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise CommandError(f"{path} is not JSON") from error


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror or error}") from error


if __name__ == "__main__":
    raise SystemExit(run(main, "classifiers"))
