"""Every example of every rule file is a test, and rule files that are wrong say so."""

from functools import cache

import pytest

from classifiers.reply_risk import default_rules
from classifiers.rule_engine import DraftInContext
from classifiers.rule_files import Example, load_rule_files
from classifiers.surface import surface
from classifiers.types import Finding

FILES = load_rule_files()
HITS = [example for example in FILES.examples if example.hit]
PASSES = [example for example in FILES.examples if not example.hit]


def name(example: Example) -> str:
    return f"{example.rule}-{example.lang}-{example.draft[:24]}"


@cache
def found(example: Example) -> tuple[Finding, ...]:
    context = DraftInContext(
        draft=surface(example.draft), mention=None if example.mention is None else surface(example.mention)
    )
    return tuple(default_rules().findings(context))


@pytest.mark.parametrize("example", HITS, ids=name)
def test_a_rule_finds_its_example(example: Example) -> None:
    assert example.rule in {finding.rule for finding in found(example)}


@pytest.mark.parametrize("example", PASSES, ids=name)
def test_a_rule_leaves_its_counter_example_alone(example: Example) -> None:
    assert not found(example), [(finding.rule, finding.text) for finding in found(example)]
