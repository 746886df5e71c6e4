"""What people do with a mention: claim, release, answer, close, reopen.

Each is a compare-and-set: it happens only if the mention still stands as the person saw it, and is in the audit log
exactly if it happened. The answer False means that somebody else was first.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, or_, select, update

from monitor.mention import Handling, MentionId
from monitor.storage.audit import AuditLog, JsonValue
from monitor.storage.schema import mentions

_UNCLAIMED: Final[Mapping[str, object]] = {"claimed_by": None, "claimed_at": None}


def claim(connection: Connection, mention_id: MentionId, account: str, now: datetime, *, audit: AuditLog) -> bool:
    """Take an open mention for `account`; True when it is theirs now or was already."""
    holder = connection.execute(select(mentions.c.claimed_by).where(mentions.c.id == mention_id)).scalar_one_or_none()
    if holder == account:
        return True
    return _change(
        connection,
        mention_id,
        (mentions.c.handling == Handling.OPEN.value, mentions.c.claimed_by.is_(None)),
        {"claimed_by": account, "claimed_at": now},
        (audit, account, "mention claimed", now, {}),
    )


def release(
    connection: Connection,
    mention_id: MentionId,
    account: str,
    now: datetime,
    *,
    audit: AuditLog,
    whoever_holds_it: bool = False,
) -> bool:
    """Give a claim back; with `whoever_holds_it` (for administrators) somebody else's too."""
    held = mentions.c.claimed_by.is_not(None) if whoever_holds_it else mentions.c.claimed_by == account
    return _change(connection, mention_id, (held,), _UNCLAIMED, (audit, account, "mention released", now, {}))


def close(
    connection: Connection, mention_id: MentionId, account: str, now: datetime, *, audit: AuditLog, reason: str = ""
) -> bool:
    """Close a mention that is not closed, and nobody else's claim: no (further) answer is wanted.

    `reason` goes into the log: a word from a list ("spam", "no answer needed"), not a person's own text.
    """
    return _change(
        connection,
        mention_id,
        (
            mentions.c.handling != Handling.CLOSED.value,
            or_(mentions.c.claimed_by.is_(None), mentions.c.claimed_by == account),
        ),
        {"handling": Handling.CLOSED.value, "handled_at": now, "retriage_at": None, **_UNCLAIMED},
        (audit, account, "mention closed", now, {"reason": reason} if reason else {}),
    )


def reopen(connection: Connection, mention_id: MentionId, account: str, now: datetime, *, audit: AuditLog) -> bool:
    """Put an answered or closed mention back into the inbox; its priority is worked out anew."""
    return _change(
        connection,
        mention_id,
        (mentions.c.handling != Handling.OPEN.value,),
        {"handling": Handling.OPEN.value, "handled_at": None, "retriage_at": now, **_UNCLAIMED},
        (audit, account, "mention reopened", now, {}),
    )


def _change(
    connection: Connection,
    mention_id: MentionId,
    still: tuple[ColumnElement[bool], ...],
    values: Mapping[str, object],
    entry: tuple[AuditLog, str, str, datetime, Mapping[str, JsonValue]],
) -> bool:
    statement = update(mentions).where(mentions.c.id == mention_id, *still).values(dict(values))
    if connection.execute(statement).rowcount != 1:
        return False
    audit, actor, action, at, details = entry
    audit.append(connection, at=at, actor=actor, action=action, subject=f"mention:{mention_id}", details=details)
    return True
