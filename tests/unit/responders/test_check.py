"""`responders check` as another help desk calls it."""

import argparse
import io
import json
import sys
from pathlib import Path

import pytest

from classifiers.command_line import CommandError, Parser
from classifiers.reply_risk import ReplyJudge, default_rules
from classifiers.types import ModelUnavailable
from responders import check
from responders.check import ReplyChecker, load_policy
from responders.reply import Verdict


@pytest.fixture
def rules_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check as it is where the model is missing; nothing here depends on what the model says."""

    def missing(model: Path | None = None) -> None:
        del model
        raise ModelUnavailable("model.onnx is missing; restore it")

    monkeypatch.setattr("responders.check.Encoder.load", missing)


def arguments(*words: str) -> argparse.Namespace:
    parser = Parser(prog="responders")
    check.add_parser(parser.add_subparsers(required=True))
    return parser.parse_args(["check", *words])


def answers(
    lines: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], *options: str
) -> tuple[int, list[dict[str, object]]]:
    file = tmp_path / "drafts.ndjson"
    file.write_text(lines, encoding="utf-8")
    args = arguments(str(file), *options)
    status = args.func(args)
    return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


ROW = '{"id": "7", "draft": "You are such an idiot, Ann.", "mention": "Where is it?", "extra": 1}\n'


@pytest.mark.usefixtures("rules_only")
def test_a_row_is_answered_with_every_field_of_the_interface(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, [row] = answers(ROW, tmp_path, capsys)
    assert status == 0
    assert {"id", "verdict", "risk", "findings", "policy", "model", "revision"} <= row.keys()
    assert (row["id"], row["verdict"]) == ("7", "block")
    [finding] = row["findings"]
    fields = {"category", "severity", "start", "end", "text", "rule", "score", "why", "suggestion"}
    assert finding.keys() == fields
    assert "You are such an idiot, Ann."[finding["start"] : finding["end"]] == finding["text"]


@pytest.mark.usefixtures("rules_only")
def test_without_a_model_nothing_passes_and_the_row_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, [row] = answers('{"id": 1, "draft": "It comes in May."}\n', tmp_path, capsys)
    assert row["verdict"] == "review"
    assert row["notes"] == ["only the rules judged this draft: model.onnx is missing; restore it"]


@pytest.mark.usefixtures("rules_only")
def test_a_bad_row_costs_only_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ROW + '{"id": 8}\n{"id": 9, "draft": 5}\nnot json\n' + ROW
    status, rows = answers(lines, tmp_path, capsys)
    assert status == 3
    assert [row.get("verdict") for row in rows] == ["block", None, None, None, "block"]
    assert rows[1] == {"line": 2, "id": 8, "error": 'the row has no "draft"'}
    assert rows[2]["error"] == '"draft" must be a string, not a number'


@pytest.mark.usefixtures("rules_only")
def test_domains_are_allowed_one_by_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = json.dumps({"id": 1, "draft": "See https://help.brand.example/a and https://other.example/b."}) + "\n"
    assert answers(row, tmp_path, capsys)[1][0]["findings"] == []
    _, [checked] = answers(row, tmp_path, capsys, "--allow-domain", "Brand.example")
    assert [finding["text"] for finding in checked["findings"]] == ["https://other.example/b"]
    both = answers(row, tmp_path, capsys, "--allow-domain", "brand.example", "--allow-domain", "other.example")
    assert both[1][0]["findings"] == []


@pytest.mark.usefixtures("rules_only")
def test_a_look_alike_of_an_allowed_domain_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for host in ("nordlight-refund.example", "nord1ight.example", "nordlight.example.pay.example"):
        row = json.dumps({"id": 1, "draft": f"Pay at https://{host}/now please."}) + "\n"
        _, [checked] = answers(row, tmp_path, capsys, "--allow-domain", "nordlight.example")
        assert [finding["rule"] for finding in checked["findings"]] == ["unsafe-link/look-alike"]


@pytest.mark.usefixtures("rules_only")
def test_the_platform_s_limit_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = json.dumps({"id": 1, "draft": "It comes in May. " * 20, "platform": "x"}) + "\n"
    assert answers(row, tmp_path, capsys)[1][0]["verdict"] == "block"


@pytest.mark.usefixtures("rules_only")
def test_reach_counts_from_the_row_or_else_from_the_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = "".join(
        json.dumps({"id": number, "draft": "It comes in May.", "followers": followers}) + "\n"
        for number, followers in enumerate((20_000, 5, None))
    )
    assert [row["approvals_needed"] for row in answers(lines, tmp_path, capsys)[1]] == [2, 1, 1]
    _, rows = answers(lines, tmp_path, capsys, "--followers", "20000")
    assert [row["approvals_needed"] for row in rows] == [2, 1, 2]
    assert "the author has 20,000 followers: 2 people must approve this reply" in rows[2]["notes"]


@pytest.mark.usefixtures("rules_only")
def test_followers_that_are_no_number_cost_only_their_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = "".join(f'{{"draft": "We.", "followers": {value}}}\n' for value in ('"many"', "-1", "true", "7"))
    status, rows = answers(lines, tmp_path, capsys)
    assert status == 3
    assert [row.get("error") for row in rows] == [
        '"followers" must be a whole number, not a string',
        '"followers" must be 0 or more, not -1',
        '"followers" must be a whole number, not a boolean',
        None,
    ]
    with pytest.raises(CommandError, match="--followers must be 0 or more, not -5"):
        answers(lines, tmp_path, capsys, "--followers", "-5")


@pytest.mark.parametrize("text", ["", 'version = "2"', "["])
def test_a_broken_policy_ends_the_command_with_one_sentence(tmp_path: Path, text: str) -> None:
    policy = tmp_path / "mine.toml"
    policy.write_text(text, encoding="utf-8")
    args = arguments("-", "--policy", str(policy))
    with pytest.raises(CommandError, match=r"mine\.toml: the reply policy .*") as broken:
        args.func(args)
    assert broken.value.status == 2


def test_a_missing_policy_ends_the_command(tmp_path: Path) -> None:
    args = arguments("-", "--policy", str(tmp_path / "none.toml"))
    with pytest.raises(CommandError, match="cannot be read"):
        args.func(args)


@pytest.mark.usefixtures("rules_only")
def test_standard_input_is_read_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(ROW.encode()), encoding="utf-8"))
    args = arguments("-")
    assert args.func(args) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "block"


def test_the_checker_is_what_console_and_publisher_call() -> None:
    judge = ReplyJudge(rules=default_rules(), encoder=None)
    checker = ReplyChecker(judge=judge, policy=load_policy())
    checked = checker.check("It comes in May.", mention="When?", lang="en", platform="x")
    assert checked.verdict is Verdict.REVIEW
    assert checked.policy == checker.policy.version
    assert str(checked.verdict) == "review"
