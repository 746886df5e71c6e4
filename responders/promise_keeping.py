"""What was promised in public: kept as rows when a reply goes out, said to be kept or broken by a person.

Recording belongs to the transaction that records the publication; it never stops one.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from monitor.config import Settings
from monitor.storage import promises as rows
from monitor.storage.audit import AuditLog, JsonValue
from monitor.storage.promises import NewPromise, Promise, PromiseState
from monitor.storage.session import Database
from responders import store
from responders.accounts import Account, Permission, require
from responders.compliance import PolicyBroken, parse_policy
from responders.promise_policy import Terms
from responders.reply import Draft, IllegalMove, Publication, UnknownReply, text_hash
from responders.store import Unit

log: Final = structlog.get_logger("responders")
_SHIPPED: Final = Path(__file__).with_name("policy.toml")


def terms_of(settings: Settings) -> Terms:
    """How promises are timed under these settings; a policy that is broken times nothing, for nothing is sent then."""
    zones = {key: ZoneInfo(brand.timezone) for key, brand in settings.brands.items()}
    try:
        policy = parse_policy((settings.replies.policy or _SHIPPED).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, PolicyBroken):
        return Terms(zones=zones)
    return Terms(policy=policy.promises, zones=zones)


def record(unit: Unit, draft: Draft, publication: Publication, terms: Terms) -> int:
    """Keep what a published reply promises, under the name of who wrote its last version; how many promises.

    Times count from when it was handed out, not from when somebody found out that it had arrived.
    """
    target = store.target_of(unit, draft.mention_id)
    versions = store.versions(unit, draft.id)
    made_at = publication.claimed_at
    try:
        found = terms.of(draft.text, now=made_at, brand=target.brand, mention=target.words)
    except Exception as error:  # noqa: BLE001 - the reply is out: that is recorded whatever its words do to their reader
        log.error("promise.not-read", reply=draft.id, error=type(error).__name__)  # noqa: TRY400 - no texts in the log
        return 0
    wanted = [
        NewPromise(
            reply_id=draft.id,
            mention_id=draft.mention_id,
            kind=one.kind.value,
            text=one.text,
            start=one.start,
            end=one.end,
            by=versions[-1].by if versions else draft.author,
            made_at=made_at,
            due_at=one.due_at,
            stated=one.stated,
            remind_at=terms.remind_at(made_at, one.due_at),
        )
        for one in found
    ]
    return rows.add(unit, wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """Says of promises whether they were kept, over one database and one audit log."""

    database: Database
    audit: AuditLog

    def settle(self, promise_id: int, *, kept: bool, by: Account, now: datetime) -> Promise:
        """Mark an open promise as kept or broken; raises NotAllowed, UnknownReply, IllegalMove when it is not open."""
        with self.database.write() as unit:
            actor = require(unit, by, Permission.DRAFT)
            promise = rows.get(unit, promise_id)
            if promise is None:
                msg = f"there is no promise {promise_id}"
                raise UnknownReply(msg)
            state = PromiseState.KEPT if kept else PromiseState.BROKEN
            if not rows.settle(unit, promise_id, state=state, by=actor.name, at=now):
                msg = f"promise {promise_id} is {promise.state.value} already; look at it again"
                raise IllegalMove(msg)
            details: dict[str, JsonValue] = {
                "reply": promise.reply_id,
                "kind": promise.kind,
                "due": promise.due_at.isoformat(),
                "late": promise.due_at <= now,
                "text_hash": text_hash(promise.text),
            }
            action = f"promise.{state.value}"
            self.audit.append(
                unit, at=now, actor=actor.name, action=action, subject=f"promise:{promise_id}", details=details
            )
            settled = rows.get(unit, promise_id)
        return settled or promise
