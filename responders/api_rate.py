"""How often a token may ask: a bucket for each, filled steadily, in this process's memory."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

MINUTE: Final = 60.0


@dataclass(slots=True)
class RateLimiter:
    """Buckets by name; `clock` counts seconds and never goes back. Safe between threads.

    Names must be few: only those of working tokens, and one for all requests without one.
    """

    clock: Callable[[], float]
    _buckets: dict[str, tuple[float, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, name: str, count: int, *, per_minute: int) -> float:
        """Take `count` from a bucket that holds `per_minute` when full; 0, or the seconds until they would be there.

        What is more than a full bucket is never given. Nothing is taken when there is too little.
        """
        with self._lock:
            now = self.clock()
            level, seen = self._buckets.get(name, (float(per_minute), now))
            level = min(float(per_minute), level + (now - seen) * per_minute / MINUTE)
            enough = count <= level
            self._buckets[name] = (level - count if enough else level, now)
            return 0.0 if enough else (count - level) * MINUTE / per_minute
