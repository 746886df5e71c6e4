"""Work that may hang, and nobody waits for it longer than a time. The one place that says how long a check may take."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final, TypeVar

CHECK_SECONDS: Final = 2.0
"""The longest that anybody waits for the check of one draft; the load of the model is not counted."""
AT_ONCE: Final = 2

T = TypeVar("T")


class TooSlow(Exception):
    """There was no answer in time."""


@dataclass(slots=True, kw_only=True)
class Bounded:
    """Runs work in threads of its own, never more than `AT_ONCE` of them.

    A check cannot be broken off, so one that is late goes on in its thread and keeps its place: with `AT_ONCE` of
    them hanging, nobody else starts one, and nobody gets an answer before one of them ends.
    """

    _places: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(AT_ONCE))

    def run(self, work: Callable[[], T], *, seconds: float = CHECK_SECONDS) -> T:
        """What `work` returns or raises; raises TooSlow after `seconds`, counting the wait for a place."""
        deadline = time.monotonic() + seconds
        if not self._places.acquire(timeout=seconds):
            raise TooSlow
        future: Future[T] = Future()

        def do() -> None:
            try:
                future.set_result(work())
            except Exception as error:  # noqa: BLE001 - handed to whoever waits
                future.set_exception(error)
            finally:
                self._places.release()

        try:
            # A daemon: one that hangs must not keep the process from ending.
            threading.Thread(target=do, name="reply-check-in-time", daemon=True).start()
        except RuntimeError:
            self._places.release()
            raise
        try:
            return future.result(timeout=max(0.0, deadline - time.monotonic()))
        except TimeoutError as error:
            if future.done():
                return future.result()  # it came at the last moment, or the TimeoutError is the work's own
            raise TooSlow from error
