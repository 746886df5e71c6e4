import io
import json
import sys
from pathlib import Path

import pytest

from classifiers.command_line import Parser
from classifiers.command_line import run as guarded
from monitor import query_command


def monitor(*arguments: str) -> int:
    def main() -> int:
        parser = Parser(prog="monitor")
        query_command.add_parser(parser.add_subparsers(required=True))
        args = parser.parse_args(arguments)
        status: int = args.run(args)
        return status

    return guarded(main, "monitor")


def test_rows_are_answered_in_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        '{"id": 1, "text": "В «Нордвинде» порвали\\u200b палатку"}',
        "not json",
        '{"id": 3, "text": "nothing here"}',
        '{"id": 4}',
        '{"id": 5, "text": "намет", "lang": "uk", "extra": [1]}',
    ]
    file = tmp_path / "posts.ndjson"
    file.write_text("\n".join(rows), encoding="utf-8")

    status = monitor("query", "test", "Nordwind OR (намет lang:uk)", str(file))

    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert status == 3
    assert answers[0] == {"id": 1, "match": True, "spans": [{"start": 3, "end": 12}]}
    assert answers[1]["line"] == 2
    assert answers[2] == {"id": 3, "match": False, "spans": []}
    assert answers[3] == {"line": 4, "id": 4, "error": 'the row has no "text"'}
    assert answers[4] == {"id": 5, "match": True, "spans": [{"start": 0, "end": 5}]}


def test_a_bad_query_is_one_sentence_with_its_column(capsys: pytest.CaptureFixture[str]) -> None:
    assert monitor("query", "test", "(намет") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "monitor: QUERY, column 1: this ( is never closed\n"


def test_standard_input_and_spellings(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    lines = '{"id": "a", "text": "У Зорі все добре", "author": "ann"}\n'.encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines)))
    assert monitor("query", "test", "Star author:ann", "--spelling", "Star", "--spelling", "Зоря") == 0
    assert json.loads(capsys.readouterr().out)["match"] is True


def test_the_site_may_be_told_as_url_or_platform(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "posts.ndjson"
    file.write_text(
        '{"id":1,"text":"tent","url":"https://forum.example/1"}\n{"id":2,"text":"tent","platform":"x"}\n',
        encoding="utf-8",
    )
    assert monitor("query", "test", "tent (site:forum.example OR site:x)", str(file)) == 0
    assert [json.loads(line)["match"] for line in capsys.readouterr().out.splitlines()] == [True, True]
