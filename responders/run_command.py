"""`python -m responders run [--once]`: publish what is due, look after what is uncertain, until told to stop."""

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Final, Protocol

import structlog

from classifiers.command_line import CommandError
from monitor import log
from monitor.config import Process, Settings, SettingsError
from monitor.errors import EdgeError
from monitor.lease import RENEW_SECONDS, Lease
from monitor.settings_option import Commands, add_config_option, settings_of
from responders.assembly import limits_of, opened, say, utc_now
from responders.checking import checker_of
from responders.ending import Outcome
from responders.promise_keeping import terms_of
from responders.publishing import Publisher, Publishing
from responders.recheck import Recheck

POLL_SECONDS: Final = 1.0
REST_SECONDS: Final = 5.0
"""How long to rest when the database or the audit log cannot be used."""

LEASE: Final = "publisher"
LOST_LEASE: Final = 2


class Doors(Protocol):
    """Builds every door of some settings; raises SettingsError, where not `strict` only for the default door."""

    def __call__(self, settings: Settings, *, strict: bool) -> Mapping[str, Publisher]:
        """Build them."""
        ...


def add_parser(commands: Commands, doors: Doors) -> None:
    """Add `run`; `doors` builds every door of some settings and is given by the only module that may know them."""
    parser = commands.add_parser("run", help="publish what is approved and due, until told to stop")
    add_config_option(parser)
    parser.add_argument("--once", action="store_true", help="one round, then stop")
    parser.add_argument("--verbose", action="store_true", help="log more")
    parser.set_defaults(run=lambda args: run(args, doors))


def run(args: argparse.Namespace, doors: Doors) -> int:
    """One round, or rounds until SIGINT or SIGTERM; a send that has begun is finished and recorded first."""
    settings = settings_of(args, Process.PUBLISHER)
    log.set_up(sys.stderr, verbose=args.verbose)
    try:
        open_doors = doors(settings, strict=args.once)
    except SettingsError as error:
        raise CommandError(str(error)) from error
    stop = threading.Event()
    _stop_at_signals(stop.set)
    database, audit = opened(settings)
    recheck = Recheck(database=database, checker=checker_of(settings), limits=limits_of(settings))
    publishing = Publishing(
        database=database, audit=audit, recheck=recheck, doors=open_doors, clock=utc_now, terms=terms_of(settings)
    )
    lease = Lease(database=database, now=utc_now, wait=stop.wait, name=LEASE)
    try:
        return _once(publishing, lease, stop) if args.once else _rounds(publishing, lease, stop)
    except EdgeError as error:
        raise CommandError(error.sentence) from error
    finally:
        database.close()


def _once(publishing: Publishing, lease: Lease, stop: threading.Event) -> int:
    """One round, cut short when told to stop. Beside a running publisher it leaves alone what that one is sending."""
    if lease.take():
        with _kept(lease, stop):
            outcomes = [*publishing.recover(), *_round(publishing, stop)]
    else:
        outcomes = list(_round(publishing, stop))
    for outcome in outcomes:
        say(f"reply {outcome.reply_id} ({outcome.door}): {outcome.result}: {outcome.sentence}")
    if not outcomes:
        say("nothing is due")
    return 0


def _rounds(publishing: Publishing, lease: Lease, stop: threading.Event) -> int:
    if not lease.take():
        raise CommandError(f"another publisher ({lease.other()}) works on this database; stop it first")
    logger = structlog.get_logger("publisher")
    logger.info("publisher.started", doors=sorted(publishing.doors))
    with _kept(lease, stop) as lost:
        recovered = False
        while not stop.is_set():
            try:
                if not recovered:
                    _log(publishing.recover())
                    recovered = True
                _log(_round(publishing, stop))
                stop.wait(POLL_SECONDS)
            except EdgeError as error:
                logger.error("publisher.waits", why=error.sentence)  # noqa: TRY400 - a sentence, not a traceback
                stop.wait(REST_SECONDS)
    if lost.is_set():
        sys.stderr.write("python -m responders: another publisher has taken over this database, so this one stops\n")
        return LOST_LEASE
    return 0


def _round(publishing: Publishing, stop: threading.Event) -> Iterator[Outcome]:
    yield from publishing.reconcile()
    if stop.is_set():
        return
    for outcome in publishing.publish_due():
        yield outcome
        if stop.is_set():
            return


def _log(outcomes: Iterable[Outcome]) -> None:
    logger = structlog.get_logger("publisher")
    for outcome in outcomes:
        event = f"reply.{outcome.result}"
        logger.info(event, reply=outcome.reply_id, door=outcome.door, why=outcome.sentence)


@contextmanager
def _kept(lease: Lease, stop: threading.Event) -> Iterator[threading.Event]:
    """Renew the lease while the block runs, and give it back; the event says that another took it, and stops us."""
    done, lost = threading.Event(), threading.Event()

    def renew() -> None:
        while not done.wait(RENEW_SECONDS):
            try:
                held = lease.renew()
            except EdgeError:
                continue  # the database is away for everybody; the rounds say so
            if not held:
                lost.set()
                stop.set()
                return

    keeper = threading.Thread(target=renew, name="publisher-lease", daemon=True)
    keeper.start()
    try:
        yield lost
    finally:
        done.set()
        keeper.join()
        if not lost.is_set():
            lease.release()


def _stop_at_signals(stop: Callable[[], None]) -> None:
    def told(_number: int, _frame: FrameType | None) -> None:
        stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, told)
