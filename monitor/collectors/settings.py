"""What every source may set, whatever its kind; each kind adds its own keys to this."""

from collections.abc import Callable
from datetime import date

from pydantic import Field

from monitor.config import Section

SpentBetween = Callable[[date, date], float]
"""USD that a source was charged on the UTC days from the first to the last, both included."""


class SourceSettings(Section):
    """`[sources.<name>]`: `kind` chooses the collector, the rest is how often and for whom it listens."""

    kind: str
    enabled: bool = True
    every_seconds: int = Field(default=300, ge=10, le=7 * 86400)
    brand: str | None = None  # every post of this source is about that brand; None: the brands' queries decide
