"""`python -m monitor bench`: how fast storage is, at growing sizes, as JSON (`monitor.storage.measure` measures).

SQLite is measured in a temporary folder; PostgreSQL in a database of its own, made and dropped, on the server whose URL
is given.
"""

import argparse
import json
import os
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Final

from classifiers.command_line import CommandError
from monitor.errors import DatabaseBusy
from monitor.storage.measure import BATCH, PAGE, REPEATS, measured, scratch_database

SIZES: Final = (1_000, 10_000, 100_000)


def run(args: Namespace) -> int:
    """Measure and print one JSON object; the exit status is 0."""
    report: dict[str, object] = {"page": PAGE, "batch": BATCH, "repeats": REPEATS}
    try:
        with tempfile.TemporaryDirectory(prefix="tactful-bench-") as folder:
            report["sqlite"] = measured(f"sqlite:///{Path(folder) / 'bench.db'}", args.sizes)
        if args.postgres:
            with scratch_database(args.postgres) as url:
                report["postgresql"] = measured(url, args.sizes)
        else:
            report["postgresql"] = "no URL: give --postgres URL or set TACTFUL_TEST_POSTGRES"
    except DatabaseBusy as error:
        raise CommandError(f"{error}; {error.remedy}") from error
    sys.stdout.write(json.dumps(report, indent=1) + "\n")
    return 0


def add_arguments(parser: ArgumentParser) -> None:
    """The options of `bench`."""
    parser.add_argument("--sizes", type=_sizes, default=SIZES, metavar="N,N…", help="mentions stored, growing")
    parser.add_argument(
        "--postgres",
        metavar="URL",
        default=os.environ.get("TACTFUL_TEST_POSTGRES"),
        help="a server whose user may make databases (TACTFUL_TEST_POSTGRES)",
    )


def _sizes(value: str) -> tuple[int, ...]:
    try:
        sizes = tuple(int(part) for part in value.split(","))
    except ValueError:
        sizes = ()
    if not sizes or min(sizes) < 1 or list(sizes) != sorted(set(sizes)):
        raise argparse.ArgumentTypeError(f'"{value}" is not a list of growing numbers such as 1000,10000')
    return sizes
