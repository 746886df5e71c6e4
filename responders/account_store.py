"""Accounts and logins ↔ rows. As in `store`, a unit of work is the caller's."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection, RowMapping, select, update

from monitor.storage.schema import accounts, logins
from monitor.storage.session import inserting

Unit: TypeAlias = Connection
"""An open unit of work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """A row of `accounts`; the password hash stays between this module and `accounts.py`."""

    name: str
    password_hash: str
    role: str
    active: bool
    must_change: bool
    created_at: datetime
    failed: int
    locked_until: datetime | None


def account(unit: Unit, name: str) -> AccountRow | None:
    """The account of this name, or None."""
    row = unit.execute(select(accounts).where(accounts.c.name == name)).mappings().first()
    return None if row is None else _row(row)


def everyone(unit: Unit) -> list[AccountRow]:
    """Every account by name."""
    return [_row(row) for row in unit.execute(select(accounts).order_by(accounts.c.name)).mappings()]


def any_account(unit: Unit) -> bool:
    """Whether anybody can sign in at all."""
    return unit.execute(select(accounts.c.name).limit(1)).first() is not None


def active_admins(unit: Unit) -> int:
    """How many administrators there are."""
    # Locked on PostgreSQL, so that two administrators cannot dismiss each other in the same moment.
    rows = unit.execute(
        select(accounts.c.name).where(accounts.c.role == "admin", accounts.c.active).with_for_update()
    ).all()
    return len(rows)


def add(unit: Unit, name: str, password_hash: str, role: str, *, must_change: bool, at: datetime) -> bool:
    """A new active account; False when the name is taken, also by who was faster in the same moment."""
    new = inserting(unit, accounts).values(
        name=name, password_hash=password_hash, role=role, active=True, must_change=must_change, created_at=at
    )
    return unit.execute(new.on_conflict_do_nothing().returning(accounts.c.name)).first() is not None


def set_password(unit: Unit, name: str, password_hash: str, *, must_change: bool) -> None:
    """Another password; failures are forgotten."""
    unit.execute(
        update(accounts)
        .where(accounts.c.name == name)
        .values(password_hash=password_hash, must_change=must_change, failed=0, locked_until=None)
    )


def set_role(unit: Unit, name: str, role: str) -> None:
    """Another role."""
    unit.execute(update(accounts).where(accounts.c.name == name).values(role=role))


def set_active(unit: Unit, name: str, *, active: bool) -> None:
    """Whether the account may sign in."""
    unit.execute(update(accounts).where(accounts.c.name == name).values(active=active, failed=0, locked_until=None))


def failed_once_more(unit: Unit, name: str) -> int:
    """Count a wrong password; how many there were in a row."""
    return (
        unit.execute(
            update(accounts)
            .where(accounts.c.name == name)
            .values(failed=accounts.c.failed + 1)
            .returning(accounts.c.failed)
        ).scalar_one_or_none()
        or 0
    )


def lock(unit: Unit, name: str, until: datetime) -> None:
    """Nobody signs in under this name until then."""
    unit.execute(update(accounts).where(accounts.c.name == name).values(locked_until=until))


def succeeded(unit: Unit, name: str, rehashed: str | None) -> None:
    """Forget the failures; keep the password under today's parameters where they have changed."""
    values: dict[str, object] = {"failed": 0, "locked_until": None}
    unit.execute(
        update(accounts)
        .where(accounts.c.name == name)
        .values(values if rehashed is None else values | {"password_hash": rehashed})
    )


def add_login(unit: Unit, token_hash: str, name: str, *, at: datetime, until: datetime) -> None:
    """A new login."""
    unit.execute(logins.insert().values(token_hash=token_hash, account=name, created_at=at, expires_at=until))


def account_of_login(unit: Unit, token_hash: str, now: datetime) -> AccountRow | None:
    """Whose login this is, while it lasts."""
    row = (
        unit.execute(
            select(accounts)
            .join(logins, logins.c.account == accounts.c.name)
            .where(logins.c.token_hash == token_hash, logins.c.ended_at.is_(None), logins.c.expires_at > now)
        )
        .mappings()
        .first()
    )
    return None if row is None else _row(row)


def end_login(unit: Unit, token_hash: str, at: datetime) -> None:
    """End one login."""
    unit.execute(update(logins).where(logins.c.token_hash == token_hash).values(ended_at=at))


def end_logins(unit: Unit, name: str, at: datetime) -> None:
    """End every login of an account."""
    unit.execute(update(logins).where(logins.c.account == name, logins.c.ended_at.is_(None)).values(ended_at=at))


def _row(row: RowMapping) -> AccountRow:
    return AccountRow(**row)
