"""Models of the hub named on the command line: `--hub HEAD=MODEL@REVISION --label-map FILE`, once for each head."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from classifiers.command_line import CommandError, Parser
from classifiers.hub import SURE, HubChoice
from classifiers.label_map import BadLabelMap, Head, LabelMap
from classifiers.language import TRAINED


def with_hub_options(parser: Parser) -> Parser:
    """The command line with the options added."""
    parser.add_argument(
        "--hub", action="append", default=[], metavar="HEAD=MODEL@REVISION", help="a model of the hub answers a head"
    )
    parser.add_argument(
        "--label-map",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help='one for each --hub: a JSON object such as {"LABEL_0": "negative"}, its labels to ours',
    )
    parser.add_argument("--sure", type=float, help=f"the score from which models of --hub are sure (default: {SURE})")
    return parser


def choices_of(options: argparse.Namespace) -> list[HubChoice]:
    """The models that were named; raises CommandError naming the option that is wrong."""
    if len(options.hub) != len(options.label_map):
        raise CommandError("--hub and --label-map go together: one label map for each model")
    if options.sure is not None and not (options.hub and 0 < options.sure <= 1):
        raise CommandError("--sure is the score of models of --hub, above 0 and at most 1")
    sure = SURE if options.sure is None else options.sure
    choices = [_choice(named, file, sure) for named, file in zip(options.hub, options.label_map, strict=True)]
    if len({choice.head for choice in choices}) < len(choices):
        raise CommandError("--hub can name one model for a head, not two")
    return choices


def _choice(named: str, file: Path, sure: float) -> HubChoice:
    head, _, model = named.partition("=")
    name, at, revision = model.rpartition("@")
    if not at:
        name, revision = revision, ""  # not pinned: loading it says how to
    if head not in set(Head) or not name:
        raise CommandError(f"--hub needs HEAD=MODEL@REVISION with a head of {', '.join(Head)}, not {named}")
    try:
        labels = LabelMap.of(Head(head), _labels(file))
    except BadLabelMap as error:
        raise CommandError(f"--label-map {file}: {error}") from error
    return HubChoice(name=name, revision=revision, labels=labels, languages=frozenset(TRAINED), sure=sure)


def _labels(file: Path) -> Mapping[str, str]:
    try:
        labels = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise CommandError(f"cannot read {file}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{file} is not JSON in UTF-8") from error
    if not isinstance(labels, dict) or not all(isinstance(ours, str) for ours in labels.values()):
        raise CommandError(f"--label-map {file} must be a JSON object of the model's labels, each with one of ours")
    return labels
