import gzip
import io
import json
from pathlib import Path

import pytest

from classifiers import __main__ as commands
from classifiers.command_line import EXIT_SOME_ROWS, EXIT_USAGE, run
from classifiers.encoder import WEIGHTS


def call(*arguments: str) -> int:
    return run(lambda: commands.main(arguments), "classifiers")


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def labelled(path: Path, *rows: tuple[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as stream:
        for text, label in rows:
            stream.write(json.dumps({"text": text, "label": label, "lang": "en"}) + "\n")


def test_assess_answers_every_row_in_its_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path / "in.ndjson", {"id": 7, "text": "Where is my order?"}, {"id": "b", "text": "", "lang": "uk"})
    assert call("assess", str(file)) == 0
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert list(first) == [
        "id",
        "lang",
        "sentiment",
        "toxicity",
        "intent",
        "urgency",
        "politeness",
        "model",
        "revision",
    ]
    assert first["id"] == 7
    assert set(first["lang"]) == {"label", "score"}
    assert set(first["intent"]) == {"label", "score", "sure"}
    assert set(first["urgency"]) == {"urgent", "score", "reason", "sure"}
    assert second["lang"]["label"] == "uk"


def test_a_bad_row_costs_only_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(
        tmp_path / "in.ndjson", {"id": 1, "text": "fine"}, {"id": 2}, {"id": 3, "text": 5}, [1], {"text": "ok"}
    )
    assert call("assess", str(file)) == EXIT_SOME_ROWS
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row.get("error") is not None for row in rows] == [False, True, True, True, False]
    assert rows[1] == {"line": 2, "id": 2, "error": 'the row has no "text"'}


def test_assess_reads_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    stdin = io.TextIOWrapper(io.BytesIO('{"id":1,"text":"спасибо"}\n'.encode()), encoding="utf-8")
    monkeypatch.setattr("sys.stdin", stdin)
    assert call("assess") == 0
    assert json.loads(capsys.readouterr().out)["lang"]["label"] == "ru"


def test_a_missing_file_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("assess", "no-such-file.ndjson") == EXIT_USAGE
    assert capsys.readouterr().err == "classifiers: cannot read no-such-file.ndjson: No such file or directory\n"


def test_evaluate_prints_and_keeps_the_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labelled(
        tmp_path / "sets/sentiment/tiny.en.jsonl.gz",
        ("I hate this, broken again and nobody helps", "negative"),
        ("Absolutely wonderful, thank you so much!", "positive"),
    )
    labelled(tmp_path / "sets/hate/tiny.en.jsonl.gz", ("You filthy idiots", "hate"), ("The sky is blue", "other"))
    labelled(tmp_path / "sets/politeness/tiny.en.jsonl.gz", ("please", "polite"))
    assert call("evaluate", str(tmp_path / "sets"), "--limit", "40", "--json", str(tmp_path / "found.json")) == 0
    output = capsys.readouterr()
    assert "politeness" in output.err
    assert "mean of sentiment: 100.0" in output.out
    found = json.loads((tmp_path / "found.json").read_text())
    assert [(row["name"], row["n"]) for row in found[:2]] == [("hate/tiny.en", 2), ("sentiment/tiny.en", 2)]
    attacks = found[2:]
    assert [row["name"] for row in attacks] == [f"attack/{lang}" for lang in ("en", "ru", "uk", "ar")]
    assert all(20 < row["n"] <= 40 for row in attacks)
    assert {one["lang"] for one in attacks[3]["disguises"]} == {"ar"}
    assert "attack zero width " in output.out
    assert found[1]["macro_f1"] == 1.0
    assert found[1]["low"] <= found[1]["macro_f1"] <= found[1]["high"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("evaluate", "{tmp}"), "no *.jsonl.gz under"),
        (("evaluate", "{tmp}", "--limit", "0"), "--limit must be at least 1"),
        (("card", "--weights", "{tmp}"), "report.json: No such file"),
        (("calibrate", "--weights", "{tmp}", "--written", "{tmp}"), "cannot calibrate"),
        (("guess",), "invalid choice"),
        (("train", "--base", "x"), "required: --data, --written, --out"),
        (
            ("train", "--base", "x", "--data", "x", "--written", "x", "--out", "x", "--minutes", "0"),
            "--minutes and --steps must be above 0",
        ),
    ],
)
def test_what_is_wrong_is_one_sentence(
    arguments: tuple[str, ...], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*(argument.format(tmp=tmp_path) for argument in arguments)) == EXIT_USAGE
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1


def test_an_unreadable_set_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sentiment").mkdir()
    (tmp_path / "sentiment/bad.jsonl.gz").write_bytes(b"plain")
    assert call("evaluate", str(tmp_path)) == EXIT_USAGE
    assert "cannot read" in capsys.readouterr().err


def test_the_card_holds_the_measured_figures(tmp_path: Path) -> None:
    out = tmp_path / "card.md"
    assert call("card", "--out", str(out)) == 0
    text = out.read_text(encoding="utf-8")
    report = json.loads((WEIGHTS / "report.json").read_text())
    assert f"| all | {report['mentions']['all']['n']} |" in text
    assert "Not measured." in text
    assert "toxicity/paradetox.en" in text
