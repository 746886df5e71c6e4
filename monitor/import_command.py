"""`python -m monitor import FILE`: posts of a JSONL or CSV file become mentions, each once."""

import argparse
import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Final, TextIO, cast

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from classifiers.command_line import EXIT_SOME_ROWS, CommandError, opened, write_row
from monitor.assembly import IMPORT, Monitor, monitor_of
from monitor.collectors.file_import import FileUnreadable, format_of, rows
from monitor.config import Settings
from monitor.errors import EdgeError
from monitor.mention import Batch, Cursor, NewMention, SetAside
from monitor.settings_option import Commands, add_config_option, settings_of
from monitor.storage import sources as source_rows

BATCH: Final = 500
PEEK: Final = 4096


def add_parser(commands: Commands) -> None:
    """Add `import` to the commands of `python -m monitor`."""
    parser = commands.add_parser("import", help="store the posts of a JSONL or CSV file")
    add_config_option(parser)
    parser.add_argument("file", metavar="FILE", help="JSONL or CSV with a header; - is standard input")
    whose = parser.add_mutually_exclusive_group()
    whose.add_argument(
        "--brand", metavar="KEY", help="whom the posts are about (default: the brand, if there is one only)"
    )
    whose.add_argument("--by-query", action="store_true", help="let the brands' queries decide whom each is about")
    parser.add_argument("--rejected", type=Path, metavar="FILE", help="where rejected rows go (default: beside FILE)")
    parser.set_defaults(run=run)


@dataclass(slots=True, kw_only=True)
class Counts:
    """What became of the rows."""

    added: int = 0
    already: int = 0
    edited: int = 0
    rejected: int = 0

    def __str__(self) -> str:
        """The line that is printed."""
        edited = f", changed since {self.edited}" if self.edited else ""
        return f"added {self.added}, already there {self.already}{edited}, rejected {self.rejected}"


@dataclass(slots=True, kw_only=True)
class Rejects:
    """The file of rejected rows; made when there is a first one."""

    path: Path
    _stack: ExitStack = field(default_factory=ExitStack)
    _out: TextIO | None = None

    def add(self, row: SetAside) -> None:
        """Write one row with its reason; raises CommandError when the place cannot be written."""
        try:
            if self._out is None:
                self._out = self._stack.enter_context(self.path.open("w", encoding="utf-8"))
            write_row(self._out, {"id": row.external_id, "error": row.reason, "row": row.payload})
        except OSError as error:
            raise CommandError(
                f"rejected rows cannot be written to {self.path} ({error.strerror}); name another place with --rejected"
            ) from error

    def close(self) -> None:
        """Finish the file."""
        self._stack.close()


def run(args: argparse.Namespace) -> int:
    """Store every row that can be used; the exit status is 3 when some could not."""
    settings = settings_of(args)
    brand = _brand(settings, args.brand, by_query=args.by_query)
    beside = Path("standard-input" if args.file == "-" else args.file)
    rejects = Rejects(path=args.rejected or beside.with_name(beside.name + ".rejected.jsonl"))
    counts = Counts()
    with opened(args.file) as stream:
        monitor = monitor_of(settings, out=sys.stderr)
        try:
            _store_all(monitor, stream, args.file, brand, rejects, counts)
        except FileUnreadable as error:
            raise CommandError(f"{args.file}: {error}") from error
        except OSError as error:
            raise CommandError(f"{args.file} cannot be read ({error.strerror}); {counts} before that") from error
        except EdgeError as error:
            raise CommandError(f"{error.sentence}; {counts} before that, run it again to go on") from error
        finally:
            rejects.close()
            monitor.database.close()
    sys.stdout.write(f"{counts}\n")
    if counts.rejected:
        sys.stderr.write(f"rejected rows and their reasons: {rejects.path}\n")
    return EXIT_SOME_ROWS if counts.rejected else 0


def _brand(settings: Settings, named: str | None, *, by_query: bool) -> str | None:
    """Whom every post is about; None leaves it to the queries."""
    if named is not None:
        if named not in settings.brands:
            raise CommandError(
                f'--brand: there is no brand "{named}" (there are: {", ".join(settings.brands) or "none"})'
            )
        return named
    return next(iter(settings.brands)) if len(settings.brands) == 1 and not by_query else None


def _store_all(
    monitor: Monitor, stream: BinaryIO, name: str, brand: str | None, rejects: Rejects, counts: Counts
) -> None:
    buffered = cast("io.BufferedReader", stream)  # what `opened` gives, from a file and from standard input
    kind = format_of(name, buffered.peek(PEEK))
    posts: list[NewMention] = []
    with _progress(buffered, name) as moved:
        for row in rows(buffered, kind):
            if isinstance(row, SetAside):
                rejects.add(row)
                counts.rejected += 1
                continue
            posts.append(row if brand is None or row.brand else replace(row, brand=brand))
            if len(posts) == BATCH:
                _store(monitor, posts, counts)
                posts = []
                moved()
        _store(monitor, posts, counts)
    with monitor.database.write() as connection:
        source_rows.record_success(
            connection,
            IMPORT,
            now=monitor.pipeline.now(),
            next_run_at=None,
            seen=counts.added + counts.already + counts.edited + counts.rejected,
            added=counts.added,
            detail="files that people imported",
            kind=IMPORT,
        )


def _store(monitor: Monitor, posts: list[NewMention], counts: Counts) -> None:
    added = monitor.pipeline.store(IMPORT, Batch(mentions=posts, cursor=Cursor(), seen=len(posts)))
    counts.added += added.added
    counts.already += added.already
    counts.edited += added.edited
    counts.rejected += added.set_aside


@contextmanager
def _progress(stream: io.BufferedReader, name: str) -> Iterator[Callable[[], None]]:
    """A bar on a terminal, nothing elsewhere; the function that is given moves it on."""
    console = Console(stderr=True)
    size = os.fstat(stream.fileno()).st_size if console.is_terminal and stream.seekable() else 0
    if not size:
        yield lambda: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(escape(Path(name).name), total=size)
        yield lambda: progress.update(task, completed=stream.tell())
