"""Meanings of texts as vectors, asked of the shared encoder when somebody looks for answers, and then remembered.

The encoder is the one that the reply check has loaded; nothing here loads it before somebody asks.
"""

import threading
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from classifiers.text import clean
from classifiers.types import ModelUnavailable
from monitor.config import Settings
from responders.drafting import Vector

if TYPE_CHECKING:
    from classifiers.encoder import Encoder

REMEMBERED: Final = 5_000
"""Texts whose vectors are kept (1.5 kB each), the least lately asked for going first."""
READ: Final = 2_000
"""Code points of a text that are read: what it is about stands at its beginning."""


class Reader(Protocol):
    """Turns texts into vectors of unit length; texts that mean alike lie close, in whatever language."""

    def vectors(self, texts: Sequence[str]) -> Sequence[Vector]:
        """One vector for each text; raises ModelUnavailable."""
        ...


@dataclass(slots=True)
class Meanings:
    """A reader that is loaded with the first question, and asked once for each text."""

    load: Callable[[], Reader]
    _reader: Reader | None = None
    _kept: OrderedDict[str, Vector] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, texts: Iterable[str]) -> Mapping[str, Vector]:
        """The vector of every text that has words; raises ModelUnavailable, and tries again at the next question."""
        wanted = dict.fromkeys(text for text in texts if text.strip())
        with self._lock:
            new = [text for text in wanted if text not in self._kept]
            if new:
                self._kept.update(zip(new, self._loaded().vectors(new), strict=True))
            for text in wanted:
                self._kept.move_to_end(text)
            found = {text: self._kept[text] for text in wanted}
            while len(self._kept) > REMEMBERED:
                self._kept.popitem(last=False)
            return found

    def _loaded(self) -> Reader:
        if self._reader is None:
            try:
                self._reader = self.load()
            except ModelUnavailable:
                raise
            except Exception as fault:  # whatever stops the load, the page beside it still opens
                raise ModelUnavailable(f"the model cannot be loaded ({type(fault).__name__}: {fault})") from fault
        return self._reader


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderReader:
    """Reads with the shared encoder, texts cleaned as they are for judging."""

    encoder: "Encoder"

    def vectors(self, texts: Sequence[str]) -> Sequence[Vector]:
        """One vector of 384 numbers for each text; raises ModelUnavailable."""
        read = [clean(text[:READ]).text or text[:READ] for text in texts]
        return [array("f", output.embedding.tobytes()) for output in self.encoder.run(read)]


def meanings_of(settings: Settings) -> Meanings:
    """The meanings under these settings, the encoder not loaded yet."""

    def load() -> Reader:
        # Imported when it is needed: numpy, the tokenizer and the runtime would delay the first page by seconds.
        from classifiers.encoder import Encoder  # noqa: PLC0415 - see above

        return EncoderReader(encoder=Encoder.load(settings.model.folder))

    return Meanings(load=load)
