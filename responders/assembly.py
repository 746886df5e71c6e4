"""What the commands of the speaking half share: the database, the audit log and the reply check of some settings."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from classifiers.command_line import CommandError
from monitor.config import Settings
from monitor.errors import EdgeError
from monitor.storage.audit import AuditLog, load_key
from monitor.storage.migrate import upgrade
from monitor.storage.session import Database
from responders.clearance import Limits

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The time of this machine, aware, in UTC."""
    return datetime.now(UTC)


def opened(settings: Settings) -> tuple[Database, AuditLog]:
    """The database, brought to this program's schema, and its log; raises CommandError in one sentence."""
    try:
        audit = AuditLog(load_key(settings))
        database = Database.open(settings.database.url)
    except EdgeError as error:
        raise CommandError(error.sentence) from error
    try:
        upgrade(database)
    except EdgeError as error:
        database.close()
        raise CommandError(error.sentence) from error
    return database, audit


def limits_of(settings: Settings) -> Limits:
    """How much may be sent, and how long an approval holds."""
    replies = settings.replies
    return Limits(daily_cap=replies.daily_cap, approval_lifetime=timedelta(hours=replies.approval_hours))


def say(line: str) -> None:
    """One line for whoever runs a command."""
    sys.stdout.write(line + "\n")
