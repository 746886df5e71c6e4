"""`python -m monitor collect --once`: one whole cycle up to alerts, and a line for each source."""

import argparse
import sys
from collections.abc import Sequence

from classifiers.command_line import EXIT_SOME_ROWS, CommandError
from monitor import log
from monitor.assembly import Monitor, monitor_of, register
from monitor.errors import EdgeError
from monitor.mention import SourceName, SourceState
from monitor.pipeline import Collected, Source
from monitor.run_command import warnings
from monitor.settings_option import Commands, add_config_option, settings_of
from monitor.storage import sources as source_rows


def add_parser(commands: Commands) -> None:
    """Add `collect` to the commands of `python -m monitor`."""
    parser = commands.add_parser("collect", help="fetch every source once, judge and alert; a line for each source")
    add_config_option(parser)
    parser.add_argument("--once", action="store_true", required=True, help="one cycle (`run` goes on for ever)")
    parser.add_argument("--source", metavar="NAME", help="only this source")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """One cycle; the exit status is 3 when a source failed or mentions could not be judged."""
    settings = settings_of(args)
    log.set_up(sys.stderr)
    for words in warnings(settings):
        sys.stderr.write(words + "\n")
    monitor = monitor_of(settings, out=sys.stderr)
    chosen = _chosen(monitor, args.source)
    try:
        register(monitor)
        states = []
        for source in chosen:
            result = _collected(monitor, source)
            states.append(result.state)
            sys.stdout.write(line(source.name, result) + "\n")
            sys.stdout.flush()
        monitor.pipeline.judge_all()
        monitor.delivery.deliver()
        monitor.drift.run()
    except EdgeError as error:
        raise CommandError(error.sentence) from error
    finally:
        monitor.database.close()
    fault = monitor.pipeline.judging.fault
    if fault is not None:
        sys.stderr.write(f"python -m monitor: what was collected waits to be judged: {fault}\n")
    return 0 if fault is None and all(state is SourceState.OK for state in states) else EXIT_SOME_ROWS


def line(name: str, result: Collected) -> str:
    """What one source brought: seen, new, state, and why and what to do when there is more to say."""
    more = "; ".join(words for words in (result.detail, result.remedy) if words)
    return f"{name}: seen {result.seen}, new {result.added}, {result.state.value}" + (f" ({more})" if more else "")


def _chosen(monitor: Monitor, name: str | None) -> Sequence[Source]:
    if name is None:
        return list(monitor.sources.values())
    source = monitor.sources.get(SourceName(name))
    if source is None:
        known = ", ".join(monitor.sources) or "none"
        off = name in monitor.settings.sources
        raise CommandError(
            f'--source: "{name}" is switched off (enabled = false)'
            if off
            else f'--source: there is no source "{name}" (there are: {known})'
        )
    return [source]


def _collected(monitor: Monitor, source: Source) -> Collected:
    """Fetch a source, unless it was told to wait: asking again would only prolong that."""
    with monitor.database.read() as connection:
        row = source_rows.get(connection, source.name)
    now = monitor.pipeline.now()
    if row is not None and row.state is SourceState.LIMITED and row.next_run_at is not None and row.next_run_at > now:
        return Collected(seen=0, added=0, state=row.state, detail=row.detail, remedy=row.remedy)
    return monitor.pipeline.collect(source)
