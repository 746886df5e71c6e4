"""What every source may set, whatever its kind; each kind adds its own keys to this."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pydantic import Field

from monitor.config import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """USD that a source was charged in the current UTC day and UTC month."""

    today: float
    this_month: float


Ledger = Callable[[datetime], Spent]
"""What one source has cost in the UTC day and month of a time; kept by the pipeline, asked before each paid request."""


class SourceSettings(Section):
    """`[sources.<name>]`: `kind` chooses the collector, the rest is how often and for whom it listens."""

    kind: str
    enabled: bool = True
    every_seconds: int = Field(default=300, ge=10, le=7 * 86400)
    brand: str | None = None  # every post of this source is about that brand; None: the brands' queries decide
