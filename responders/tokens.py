"""Tokens of the HTTP API: what a program may do here, and whether a signed request is its own, fresh and new.

A token is 256 random bits, shown once and kept as SHA-256: nothing can be guessed from the hash. The key that signs
pushed posts follows from the audit key and the token's hash, so no table holds it; another audit key ends it.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from monitor.storage.audit import AuditLog, JsonValue
from monitor.storage.session import Database, Unit
from responders import token_store as store

PER_MINUTE: Final = 300
MOST_PER_MINUTE: Final = 100_000
CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far the time of a signed request may lie from ours, either way."""
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
_TOKEN: Final = re.compile(r"tactful_[A-Za-z0-9_-]{43}")
_TIME: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNATURE: Final = re.compile(r"sha256=[0-9a-f]{64}", re.ASCII)
_ACTOR: Final = "system:command-line"


class Scope(StrEnum):
    """One thing that a token may be for; what it does not name is denied."""

    CHECK = "check"
    MENTIONS_READ = "mentions:read"
    MENTIONS_WRITE = "mentions:write"


class TokenFault(Exception):
    """Something with a token cannot be done; the message is the sentence shown, and nothing was changed."""


class SignatureRefused(Exception):
    """A pushed request is not signed as it must be; the message says why."""


class AlreadyAccepted(Exception):
    """This very request was accepted before; nothing was stored again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A token as it is listed; `digest` is its SHA-256 and never shown. `per_minute` counts drafts and posts."""

    name: str
    scopes: frozenset[Scope]
    per_minute: int
    created_at: datetime
    revoked_at: datetime | None
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token just made: `token` and `signing_key` are known only to who reads them now."""

    name: str
    token: str
    signing_key: str | None


class Tokens:
    """The keeping of tokens, over one database and one audit log."""

    def __init__(self, database: Database, audit: AuditLog) -> None:
        self._database = database
        self._audit = audit

    def add(self, name: str, scopes: Sequence[Scope], now: datetime, *, per_minute: int = PER_MINUTE) -> NewToken:
        """A new token; raises TokenFault. A name is used once for ever, because the log speaks of it."""
        if not _NAME.fullmatch(name):
            msg = f'"{name}" cannot be a name: use 1 to 32 small letters a-z, digits, dots, dashes'
            raise TokenFault(msg)
        if not scopes:
            msg = f"say what the token is for: --scope {' or '.join(Scope)}"
            raise TokenFault(msg)
        if not 1 <= per_minute <= MOST_PER_MINUTE:
            msg = f"--per-minute must be 1 to {MOST_PER_MINUTE}"
            raise TokenFault(msg)
        token = f"tactful_{secrets.token_urlsafe(32)}"
        digest = _digest(token)
        written = " ".join(sorted(set(scopes)))
        row = store.TokenRow(
            name=name, token_hash=digest, scopes=written, per_minute=per_minute, created_at=now, revoked_at=None
        )
        with self._database.write() as unit:
            if not store.add(unit, row):
                msg = f"there is or was a token {name}; choose another name"
                raise TokenFault(msg)
            self._note(unit, now, "token.added", name, {"scopes": written, "per_minute": per_minute})
        signs = Scope.MENTIONS_WRITE in scopes
        return NewToken(name=name, token=token, signing_key=self._audit.signing_key(digest) if signs else None)

    def revoke(self, name: str, now: datetime) -> None:
        """End a token at once; raises TokenFault when there is none that works."""
        with self._database.write() as unit:
            if not store.revoke(unit, name, now):
                msg = f"there is no working token {name}; python -m responders tokens list shows them"
                raise TokenFault(msg)
            self._note(unit, now, "token.revoked", name, {})

    def everyone(self) -> list[ApiToken]:
        """Every token by name, revoked ones included."""
        with self._database.read() as unit:
            return [_token(row) for row in store.everyone(unit)]

    def find(self, token: str) -> ApiToken | None:
        """The working token that these words are, or None."""
        if not _TOKEN.fullmatch(token):
            return None
        digest = _digest(token)
        with self._database.read() as unit:
            row = store.by_hash(unit, digest)
        if row is None or row.revoked_at is not None or not hmac.compare_digest(row.token_hash, digest):
            return None
        return _token(row)

    def verify(self, token: ApiToken, *, written_time: str, signature: str, body: bytes, now: datetime) -> "Signed":
        """What a signed request must pass before its body is believed; raises SignatureRefused."""
        if not _TIME.fullmatch(written_time):
            raise SignatureRefused("X-Tactful-Timestamp must be the time in seconds since 1970")
        if not _SIGNATURE.fullmatch(signature):
            raise SignatureRefused('X-Tactful-Signature must be "sha256=" and 64 hexadecimal digits')
        expected = sign(self._audit.signing_key(token.digest), written_time, body)
        if not hmac.compare_digest(expected, signature):
            raise SignatureRefused(
                "the signature does not fit the timestamp and the body; sign the bytes that are sent, with this "
                "token's signing key"
            )
        at = int(written_time)
        if abs(at - now.timestamp()) > CLOCK_SKEW.total_seconds():
            minutes = int(CLOCK_SKEW.total_seconds() // 60)
            raise SignatureRefused(
                f"the timestamp is more than {minutes} minutes away from our clock; sign the request anew"
            )
        return Signed(
            digest=hashlib.sha256(f"{token.digest}\n{signature}".encode()).hexdigest(),
            until=datetime.fromtimestamp(at, UTC) + CLOCK_SKEW + timedelta(seconds=1),
        )

    def _note(self, unit: Unit, at: datetime, action: str, name: str, details: Mapping[str, JsonValue]) -> None:
        self._audit.append(unit, at=at, actor=_ACTOR, action=action, subject=f"token:{name}", details=details)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A request whose signature fits; nobody sends the same one again before `until`."""

    digest: str
    until: datetime

    def accept(self, unit: Unit, now: datetime) -> None:
        """Note it in the unit that stores what it brought; raises AlreadyAccepted."""
        if not store.accept(unit, self.digest, until=self.until, now=now):
            raise AlreadyAccepted("this request was accepted before; nothing was stored again")


def sign(signing_key: str, written_time: str, body: bytes) -> str:
    """The signature of a request: HMAC-SHA256, under the key as it was shown, over time, a dot, and the body."""
    return "sha256=" + hmac.new(signing_key.encode(), written_time.encode() + b"." + body, hashlib.sha256).hexdigest()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _token(row: store.TokenRow) -> ApiToken:
    known = {scope.value for scope in Scope}
    return ApiToken(
        name=row.name,
        scopes=frozenset(Scope(name) for name in row.scopes.split() if name in known),
        per_minute=row.per_minute,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
        digest=row.token_hash,
    )
