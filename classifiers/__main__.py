"""`python -m classifiers`: assess · evaluate · bench · train · merge · baselines · calibrate · card."""

import json
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from classifiers.assess import Assessor
from classifiers.command_line import CommandError, Parser, Row, answer, batched, opened, rows, run
from classifiers.encoder import Encoder
from classifiers.explain import explain
from classifiers.hub_options import choices_of, with_hub_options
from classifiers.outside import OutsideHead
from classifiers.training import evaluate as evaluation
from classifiers.training.attacks import print_table
from classifiers.training.bench import bench
from classifiers.training.commands import add_commands, write
from classifiers.training.corpora import BadCorpus
from classifiers.types import Assessment, Intent, Judgement, ModelUnavailable, Politeness, Sentiment, Toxicity

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

    add_commands(commands.add_parser)
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
        "politeness": None if found.politeness is None else _judgement(found.politeness),
        "model": found.model,
        "revision": found.revision,
    }


def _judgement(
    found: Judgement[Sentiment] | Judgement[Toxicity] | Judgement[Intent] | Judgement[Politeness],
) -> dict[str, object]:
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
        write(options.json, json.dumps(evaluation.as_rows(measured, attacks), indent=1) + "\n")
    return 0


def _bench(_: Namespace) -> int:
    sys.stdout.write(json.dumps(bench(), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(run(main, "classifiers"))
