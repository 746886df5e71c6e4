"""API tokens ↔ rows, and the signed requests that were accepted. As in `store`, a unit of work is the caller's."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, delete, select, update

from monitor.storage.schema import api_signatures, api_tokens
from monitor.storage.session import Unit, inserting


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRow:
    """A row of `api_tokens`; the hash stays between this module and `tokens.py`."""

    name: str
    token_hash: str
    scopes: str
    per_minute: int
    created_at: datetime
    revoked_at: datetime | None


def add(unit: Unit, row: TokenRow) -> bool:
    """Keep a new token; False when its name was used before."""
    new = inserting(unit, api_tokens).values(
        name=row.name,
        token_hash=row.token_hash,
        scopes=row.scopes,
        per_minute=row.per_minute,
        created_at=row.created_at,
    )
    return unit.execute(new.on_conflict_do_nothing().returning(api_tokens.c.name)).first() is not None


def by_hash(unit: Unit, token_hash: str) -> TokenRow | None:
    """The token of this hash, a revoked one too, or None."""
    row = unit.execute(select(api_tokens).where(api_tokens.c.token_hash == token_hash)).mappings().first()
    return None if row is None else _row(row)


def everyone(unit: Unit) -> list[TokenRow]:
    """Every token by name."""
    return [_row(row) for row in unit.execute(select(api_tokens).order_by(api_tokens.c.name)).mappings()]


def revoke(unit: Unit, name: str, at: datetime) -> bool:
    """End a token; False when there is none of this name that works."""
    change = (
        update(api_tokens)
        .where(api_tokens.c.name == name, api_tokens.c.revoked_at.is_(None))
        .values(revoked_at=at)
        .returning(api_tokens.c.name)
    )
    return unit.execute(change).first() is not None


def accept(unit: Unit, digest: str, *, until: datetime, now: datetime) -> bool:
    """Note a signed request as accepted; False when it was before. Forgets those whose time has passed."""
    unit.execute(delete(api_signatures).where(api_signatures.c.expires_at < now))
    new = inserting(unit, api_signatures).values(digest=digest, expires_at=until)
    return unit.execute(new.on_conflict_do_nothing().returning(api_signatures.c.digest)).first() is not None


def _row(row: RowMapping) -> TokenRow:
    return TokenRow(**row)
