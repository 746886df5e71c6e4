"""What the inbox lists, as the address of the page says it: a link to a view can be kept and shared."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

from classifiers.types import Intent, Sentiment
from monitor.mention import Handling, Lane, SourceName
from monitor.storage.queries import InboxFilter, Order, PageKey

ALL: Final = "all"
NAMES: Final = (
    "brand",
    "lang",
    "intent",
    "sentiment",
    "urgent",
    "lane",
    "handling",
    "source",
    "mine",
    "order",
    "q",
    "after",
)

E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A filter and the key of the page before."""

    wanted: InboxFilter
    after: PageKey | None


def read(parameters: Mapping[str, str], *, account: str) -> View:
    """The view that an address asks for; what it says wrongly is left out, for nobody types these by hand."""
    handling = parameters.get("handling", "")
    order = _member(Order, parameters.get("order")) or Order.SEVERITY
    wanted = InboxFilter(
        brand=parameters.get("brand") or None,
        lang=parameters.get("lang") or None,
        intent=_member(Intent, parameters.get("intent")),
        sentiment=_member(Sentiment, parameters.get("sentiment")),
        urgent=True if parameters.get("urgent") == "1" else None,
        lane=_member(Lane, parameters.get("lane")),
        handling=None if handling == ALL else _member(Handling, handling) or Handling.OPEN,
        source=SourceName(parameters["source"]) if parameters.get("source") else None,
        claimed_by=account if parameters.get("mine") == "1" else None,
        search=parameters.get("q", "")[:200],
        order=order,
    )
    return View(wanted=wanted, after=read_key(parameters.get("after"), order))


def count(wanted: InboxFilter) -> int:
    """How many filters are set; state and order always are, so they do not count."""
    plain = replace(wanted, handling=Handling.OPEN, order=Order.SEVERITY)
    fields = ("brand", "lang", "intent", "sentiment", "urgent", "lane", "source", "claimed_by", "search")
    return sum(bool(getattr(plain, name)) for name in fields) + (wanted.handling is not Handling.OPEN)


def write_key(key: PageKey) -> str:
    """A page key as the address holds it."""
    rank = key.rank.isoformat() if isinstance(key.rank, datetime) else repr(float(key.rank or 0.0))
    return f"{rank}~{key.id}"


def read_key(text: str | None, order: Order) -> PageKey | None:
    """A page key out of an address; None for the first page and for anything else than a key of this order."""
    rank_text, _, id_text = (text or "").rpartition("~")
    if not (id_text.isascii() and id_text.isdigit() and len(id_text) < 19):  # noqa: PLR2004 - what fits a row number
        return None
    try:
        rank = float(rank_text) if order is Order.SEVERITY else datetime.fromisoformat(rank_text)
    except ValueError:
        return None
    if isinstance(rank, datetime) and rank.tzinfo is None:
        return None
    return PageKey(rank=rank, id=int(id_text))


def _member(kind: type[E], value: str | None) -> E | None:
    try:
        return kind(value) if value else None
    except ValueError:
        return None
