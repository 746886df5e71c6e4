"""The audit log: who did what to which thing, append-only, in a keyed hash chain.

Every row's hash is HMAC-SHA256, under a key kept outside the database, over the row's own fields and the hash of the
row before. Changing, moving or deleting a row breaks the chain; cutting the end off does not fit the head row, which
is keyed too. What no log inside one database can show is the whole database replaced by an older copy of itself:
compare the head that `verify` prints with one noted elsewhere.

Details hold ids and hashes, never the words of a person, so that erasing somebody does not touch the log.
"""

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeAlias

from sqlalchemy import Connection, Row, insert, select, update

from monitor.config import Settings
from monitor.errors import EdgeError
from monitor.storage.schema import accounts, audit, audit_head
from monitor.storage.session import inserting

JsonValue: TypeAlias = "str | int | float | bool | Sequence[JsonValue] | Mapping[str, JsonValue] | None"

GENESIS: Final = "0" * 64
"""What stands for the hash before the first row."""

PAGE: Final = 1000
KEY_BYTES: Final = 32
SHORTEST_KEY: Final = 16


class AuditKeyFailed(EdgeError):
    """The audit key is missing, damaged or another one. Decision: stop; nothing is decided without the log."""


class AuditBroken(EdgeError):
    """The log cannot be continued because it is not whole. Decision: stop; a person looks at `audit verify`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One row of the log; `at` in UTC, `details` canonical JSON."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: str
    previous: str
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditVerdict:
    """What a check of the whole log found.

    `count` rows fit, `head` is the hash of the last of them. `broken` is the number of the first row that does not fit
    (or is missing), None when all is well; `reason` says what is wrong in one sentence.
    """

    count: int
    head: str
    broken: int | None = None
    reason: str | None = None

    @property
    def whole(self) -> bool:
        """Whether every row fits."""
        return self.reason is None


class AuditLog:
    """Writes and verifies the log under one key. Holds no connection: each call works inside the caller's unit."""

    def __init__(self, key: bytes) -> None:
        if len(key) < SHORTEST_KEY:
            message = f"the audit key is shorter than {SHORTEST_KEY} bytes"
            raise AuditKeyFailed(message, remedy="set TACTFUL__AUDIT__KEY to a longer random text")
        self._key = key
        self._key_id = self._mac("key", "id")

    def signing_key(self, of: str) -> str:
        """A key that follows from the audit key and `of` alone: for secrets that no table may hold."""
        return self._mac("signing", of)

    def append(
        self,
        connection: Connection,
        *,
        at: datetime,
        actor: str,
        action: str,
        subject: str,
        details: Mapping[str, JsonValue] | None = None,
    ) -> AuditEntry:
        """Add one row inside the caller's writing unit: it is in the log exactly if the change it tells of is.

        `actor` is an account name or `system:<process>`, `subject` a thing like `mention:7`. Writers queue up behind
        the head row until the unit ends, so call it last. Raises AuditKeyFailed or AuditBroken.
        """
        head = self._locked_head(connection)
        entry = self._entry(
            seq=head.seq + 1,
            at=at.astimezone(UTC),
            actor=actor,
            action=action,
            subject=subject,
            details=canonical(details or {}),
            previous=head.hash,
        )
        connection.execute(
            insert(audit).values(
                seq=entry.seq,
                at=entry.at,
                actor=entry.actor,
                action=entry.action,
                subject=entry.subject,
                details=entry.details,
                previous=entry.previous,
                hash=entry.hash,
            )
        )
        connection.execute(
            update(audit_head)
            .where(audit_head.c.id == 1)
            .values(seq=entry.seq, hash=entry.hash, key_id=self._key_id, mac=self._head_mac(entry.seq, entry.hash))
        )
        return entry

    def verify(self, connection: Connection) -> AuditVerdict:
        """Check every row, in pages of bounded memory, inside the caller's reading unit (one snapshot)."""
        head = connection.execute(select(audit_head)).one_or_none()
        if head is not None and head.key_id and not hmac.compare_digest(head.key_id, self._key_id):
            return AuditVerdict(count=0, head=GENESIS, broken=1, reason=_WRONG_KEY)
        count, previous = 0, GENESIS
        try:
            for row in _rows(connection):
                reason = self._fault(row, count + 1, previous)
                if reason is not None:
                    return AuditVerdict(count=count, head=previous, broken=count + 1, reason=reason)
                count, previous = row.seq, row.hash
        except (ValueError, TypeError, AttributeError):  # a time that is none, bytes where words belong
            reason = f"row {count + 1} was changed: it cannot be read"
            return AuditVerdict(count=count, head=previous, broken=count + 1, reason=reason)
        reason = self._head_fault(head, count, previous) or (_wiped(connection) if not count else None)
        return AuditVerdict(count=count, head=previous, broken=None if reason is None else count + 1, reason=reason)

    def _locked_head(self, connection: Connection) -> Row[int, int, str, str, str]:
        query = select(audit_head).where(audit_head.c.id == 1)
        if connection.dialect.name == "postgresql":
            query = query.with_for_update()
        head = connection.execute(query).one_or_none()
        if head is None:
            if connection.execute(select(audit.c.seq).limit(1)).first() is not None:
                message = "the audit log has lost its head row"
                raise AuditBroken(message, remedy="run `python -m responders audit verify` and restore a backup")
            first = {"id": 1, "seq": 0, "hash": GENESIS, "key_id": "", "mac": ""}
            connection.execute(inserting(connection, audit_head).values(first).on_conflict_do_nothing())
            head = connection.execute(query).one()
        if head.key_id and not hmac.compare_digest(head.key_id, self._key_id):
            raise AuditKeyFailed(_WRONG_KEY, remedy=_WRONG_KEY_REMEDY)
        return head

    def _entry(
        self, *, seq: int, at: datetime, actor: str, action: str, subject: str, details: str, previous: str
    ) -> AuditEntry:
        fields: dict[str, JsonValue] = {
            "seq": seq,
            "at": at.isoformat(timespec="microseconds"),
            "actor": actor,
            "action": action,
            "subject": subject,
            "details": details,
            "previous": previous,
        }
        return AuditEntry(
            seq=seq,
            at=at,
            actor=actor,
            action=action,
            subject=subject,
            details=details,
            previous=previous,
            hash=self._mac("row", canonical(fields)),
        )

    def _fault(self, row: AuditEntry, expected: int, previous: str) -> str | None:
        if row.seq != expected:
            return f"row {expected} is missing; the next one is {row.seq}"
        whole = self._entry(
            seq=row.seq,
            at=row.at,
            actor=row.actor,
            action=row.action,
            subject=row.subject,
            details=row.details,
            previous=row.previous,
        )
        if not hmac.compare_digest(whole.hash, row.hash):
            return f"row {row.seq} was changed: its hash does not fit what it says"
        if row.previous != previous:
            return f"row {row.seq} does not follow row {row.seq - 1}: that row was replaced"
        return None

    def _head_fault(self, head: Row[int, int, str, str, str] | None, count: int, last: str) -> str | None:
        if head is None:
            return "the head row is missing, so the end of the log may be cut off"
        if head.seq > count:
            return f"the end of the log is cut off: {count} rows are there, the head counts {head.seq}"
        if head.seq < count or head.hash != last:
            return f"the head row counts {head.seq} and does not fit the last row {count}"
        if count and not hmac.compare_digest(head.mac, self._head_mac(head.seq, head.hash)):
            return f"the head row was changed; the log may have gone on after row {count}"
        return None

    def _head_mac(self, seq: int, last: str) -> str:
        return self._mac("head", f"{seq}:{last}")

    def _mac(self, purpose: str, message: str) -> str:
        """One key for four uses: the purpose goes first, so that none can be passed off as another."""
        return hmac.new(self._key, f"tactful {purpose}\n{message}".encode(), hashlib.sha256).hexdigest()


_WRONG_KEY: Final = "the audit key is not the one that this log was written with"
_WRONG_KEY_REMEDY: Final = (
    "bring back the key file (audit.key_file) or TACTFUL__AUDIT__KEY that belongs to this database"
)


def canonical(value: Mapping[str, JsonValue]) -> str:
    """The one JSON text of a value: sorted keys, no spaces, ASCII; raises ValueError for what JSON has no word for."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def load_key(settings: Settings) -> bytes:
    """The audit key: the setting, else the key file, which is made (readable by its owner only) where there is none.

    Processes that start at once agree on one file. Raises AuditKeyFailed.
    """
    if settings.audit.key is not None:
        return settings.audit.key.get_secret_value().encode()
    file = settings.audit.key_file
    try:
        if not file.exists():
            _make_key_file(file)
        text = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        message = f"the audit key file {file} cannot be read or made ({error})"
        raise AuditKeyFailed(message, remedy="make its folder writable, or set TACTFUL__AUDIT__KEY") from error
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        message = f"the audit key file {file} does not hold a key of {KEY_BYTES} bytes in hexadecimal"
        raise AuditKeyFailed(message, remedy="bring it back from a backup; do not make a new one")
    return key


def _make_key_file(file: Path) -> None:
    """Write a new key beside its place, then link it there: others see no file or a whole one, and the first wins."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(secrets.token_hex(KEY_BYTES) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(draft, file)
        except FileExistsError:
            return  # another process was first; its key is the key
    finally:
        draft.unlink()


def _wiped(connection: Connection) -> str | None:
    """What is wrong with an empty log: the head before the first row is not keyed, but every account has an entry."""
    if connection.execute(select(accounts.c.name).limit(1)).first() is None:
        return None
    return "the log is empty although there are accounts, so all of it was deleted"


def _rows(connection: Connection) -> Iterator[AuditEntry]:
    last: int | None = None
    while True:
        query = select(audit).order_by(audit.c.seq).limit(PAGE)
        if last is not None:
            query = query.where(audit.c.seq > last)
        count = 0
        for row in connection.execute(query).mappings():  # one by one: those before a damaged row are still checked
            entry = AuditEntry(**row)
            yield entry
            last = entry.seq
            count += 1
        if count < PAGE:
            return
