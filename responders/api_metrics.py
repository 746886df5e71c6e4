"""What the API counts about itself, and the words in which a monitoring system reads it (Prometheus text 0.0.4)."""

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from monitor.mention import SourceState
from monitor.storage.sources import SourceRow

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
"""Seconds of one check; above the last one it is called too slow."""


@dataclass(slots=True)
class Metrics:
    """Counters since the start of this process. Safe between threads."""

    _answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    _verdicts: Counter[str] = field(default_factory=Counter)
    _times: Counter[float] = field(default_factory=Counter)
    _seconds: float = 0.0
    _undecided: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answered(self, route: str, status: int) -> None:
        """Count an answer of a route."""
        with self._lock:
            self._answers[route, status] += 1

    def checked(self, verdict: str, seconds: float, *, decided: bool) -> None:
        """Count a draft; `decided` false when the check itself could not say."""
        with self._lock:
            self._verdicts[verdict] += 1
            self._seconds += seconds
            self._undecided += not decided
            for bound in BUCKETS:
                self._times[bound] += seconds <= bound

    def text(self, rows: Sequence[SourceRow] | None) -> str:
        """Everything in the exposition format; `rows` None when the database cannot be read."""
        with self._lock:
            lines = [
                *_head("tactful_database_up", "gauge", "Whether the database can be read."),
                f"tactful_database_up {int(rows is not None)}",
                *_head("tactful_api_answers_total", "counter", "Answers of the API by route and status."),
                *(
                    f'tactful_api_answers_total{{route="{route}",status="{status}"}} {count}'
                    for (route, status), count in sorted(self._answers.items())
                ),
                *_head("tactful_check_verdicts_total", "counter", "Drafts checked by verdict."),
                *(
                    f'tactful_check_verdicts_total{{verdict="{verdict}"}} {count}'
                    for verdict, count in sorted(self._verdicts.items())
                ),
                *_head("tactful_check_undecided_total", "counter", "Drafts that the check could not judge in time."),
                f"tactful_check_undecided_total {self._undecided}",
                *_head("tactful_check_seconds", "histogram", "Time of one check."),
                *(f'tactful_check_seconds_bucket{{le="{bound}"}} {self._times[bound]}' for bound in BUCKETS),
                f'tactful_check_seconds_bucket{{le="+Inf"}} {self._verdicts.total()}',
                f"tactful_check_seconds_sum {self._seconds:.6f}",
                f"tactful_check_seconds_count {self._verdicts.total()}",
            ]
        return "\n".join([*lines, *_sources(rows or ())]) + "\n"


def _sources(rows: Sequence[SourceRow]) -> list[str]:
    names = {row.name: _label(row.name) for row in rows}
    lines = _head("tactful_source_ok", "gauge", "Whether a source works.")
    lines += [f'tactful_source_ok{{source="{names[row.name]}"}} {int(row.state is SourceState.OK)}' for row in rows]
    lines += _head("tactful_source_last_ok_seconds", "gauge", "When a source last worked, seconds since 1970.")
    lines += [
        f'tactful_source_last_ok_seconds{{source="{names[row.name]}"}} {row.last_ok_at.timestamp():.0f}'
        for row in rows
        if row.last_ok_at is not None
    ]
    lines += _head("tactful_source_mentions_total", "counter", "Mentions that a source has added.")
    lines += [f'tactful_source_mentions_total{{source="{names[row.name]}"}} {row.added}' for row in rows]
    return lines


def _head(name: str, kind: str, words: str) -> list[str]:
    return [f"# HELP {name} {words}", f"# TYPE {name} {kind}"]


def _label(name: str) -> str:
    return name.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
