"""Switches that people throw for all processes at once, such as the one that stops all sending."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select

from monitor.storage.audit import AuditLog
from monitor.storage.schema import switches
from monitor.storage.session import inserting

STOP_SENDING: Final = "stop_sending"
"""While on, nothing is published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """How a switch stands, who threw it last, when (UTC) and why."""

    name: str
    on: bool
    by: str
    at: datetime
    reason: str


def get_switch(connection: Connection, name: str) -> Switch | None:
    """How the switch stands; None when nobody ever threw it, which means off."""
    row = connection.execute(select(switches).where(switches.c.name == name)).mappings().one_or_none()
    return None if row is None else Switch(**row)


def is_on(connection: Connection, name: str) -> bool:
    """Whether the switch is on."""
    switch = get_switch(connection, name)
    return switch is not None and switch.on


def set_switch(
    connection: Connection, name: str, *, on: bool, by: str, now: datetime, audit: AuditLog, reason: str = ""
) -> bool:
    """Throw a switch; True when that changed it. The log keeps who, when and which way, not the reason's words."""
    if is_on(connection, name) == on:
        return False
    values = {"on": on, "by": by, "at": now, "reason": reason}
    statement = inserting(connection, switches).values(name=name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=("name",), set_=values))
    action = "switch turned on" if on else "switch turned off"
    audit.append(connection, at=now, actor=by, action=action, subject=f"switch:{name}")
    return True
