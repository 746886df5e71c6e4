"""`python -m monitor run`: collect, judge and alert until told to stop."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

import structlog

from classifiers.command_line import CommandError
from monitor import drift_watch, log, promise_watch
from monitor.assembly import Monitor, monitor_of, register
from monitor.config import Settings
from monitor.errors import EdgeError
from monitor.lease import Lease
from monitor.scheduler import Scheduler, Steady
from monitor.settings_option import Commands, add_config_option, settings_of

LOST_LEASE = 2


def add_parser(commands: Commands) -> None:
    """Add `run` to the commands of `python -m monitor`."""
    parser = commands.add_parser("run", help="collect, judge and alert until told to stop (one at a time a database)")
    add_config_option(parser)
    parser.add_argument("--verbose", action="store_true", help="log more")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run until SIGINT or SIGTERM; the exit status is 2 when another monitor works on the same database."""
    settings = settings_of(args)
    log.set_up(sys.stderr, verbose=args.verbose)
    stop = threading.Event()
    _stop_at_signals(stop.set)
    for words in warnings(settings):
        sys.stderr.write(words + "\n")
    monitor = monitor_of(settings, out=sys.stdout, stopping=stop.is_set)
    lease = Lease(database=monitor.database, now=monitor.pipeline.now, wait=stop.wait)
    try:
        if not lease.take():
            raise CommandError(f"another monitor ({lease.other()}) works on this database; stop it first")
        register(monitor)
    except EdgeError as error:
        raise CommandError(error.sentence) from error
    _say_what_runs(monitor)
    scheduler = Scheduler(
        pipeline=monitor.pipeline,
        delivery=monitor.delivery,
        lease=lease,
        sources=monitor.sources,
        stop=stop,
        beside=(
            Steady(name="drift", do=monitor.drift.run, seconds=drift_watch.TICK_SECONDS),
            Steady(name="promises", do=monitor.promises.run, seconds=promise_watch.TICK_SECONDS),
        ),
    )
    at_rest = scheduler.run()
    if scheduler.lost:
        sys.stderr.write("python -m monitor: another monitor has taken over this database, so this one stops\n")
    status = LOST_LEASE if scheduler.lost else 0
    if not at_rest:
        # A thread still waits for a platform's answer. Python would wait for it; every step may be killed instead.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    monitor.database.close()
    return status


def warnings(settings: Settings) -> list[str]:
    """What a person should know at the start, a sentence each."""
    if settings.sample:
        return [sample_words(settings)]
    found = []
    if not settings.brands:
        found.append(f"{settings.file} names no brand, so only posts addressed to you count; add [brands.<key>].")
    if not settings.sources:
        found.append(f"{settings.file} names no source, so nothing is listened to; run python -m monitor add NAME.")
    return found


def sample_words(settings: Settings) -> str:
    """What is said when there are no settings."""
    names = ", ".join(brand.name for brand in settings.brands.values())
    return (
        f"No tactful.toml here, so the sample brand is played ({names}: the brand, its customers and their posts are"
        " invented). To listen for yours: copy tactful.example.toml to tactful.toml, or run"
        " python -m monitor add NAME."
    )


def _stop_at_signals(stop: Callable[[], None]) -> None:
    def told(_number: int, _frame: FrameType | None) -> None:
        stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, told)


def _say_what_runs(monitor: Monitor) -> None:
    structlog.get_logger("monitor").info(
        "monitor.started",
        sources=[f"{source.name} ({source.kind})" for source in monitor.sources.values()],
        brands=list(monitor.settings.brands),
        alerts=monitor.settings.alerts.channel,
        sample=monitor.settings.sample,
    )
