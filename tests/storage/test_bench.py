import json
from argparse import Namespace

import pytest

from classifiers.command_line import CommandError, Parser
from monitor import bench
from monitor.storage import measure


def arguments(*given: str) -> Namespace:
    parser = Parser()
    bench.add_arguments(parser)
    return parser.parse_args(given)


def test_it_measures_growing_sizes(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "REPEATS", 2)
    monkeypatch.delenv("TACTFUL_TEST_POSTGRES", raising=False)
    assert bench.run(arguments("--sizes", "60,120")) == 0
    report = json.loads(capsys.readouterr().out)
    assert [(row["mentions"], row["imported"]) for row in report["sqlite"]] == [(60, 60), (120, 60)]
    assert all(row["import_per_s"] > 0 and row["ms"]["inbox by severity"]["median"] > 0 for row in report["sqlite"])
    assert report["postgresql"].startswith("no URL")


@pytest.mark.postgres
def test_it_measures_postgresql_where_there_is_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    server = request.getfixturevalue("server")
    monkeypatch.setattr(measure, "REPEATS", 2)
    bench.run(arguments("--sizes", "60", "--postgres", server.url.render_as_string(hide_password=False)))
    report = json.loads(capsys.readouterr().out)
    assert report["postgresql"][0]["mentions"] == 60


@pytest.mark.parametrize("sizes", ["", "a", "0", "5,5", "10,5"])
def test_sizes_that_do_not_grow_are_refused(sizes: str) -> None:
    with pytest.raises(CommandError, match="is not a list of growing numbers"):
        arguments("--sizes", sizes)


def test_a_server_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(CommandError, match="no database for the benchmark can be made there"):
        bench.run(arguments("--sizes", "5", "--postgres", "postgresql://nobody@127.0.0.1:1/none"))
