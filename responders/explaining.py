"""Which words carried a mention's judgement, asked of the model when somebody wants to know, and then remembered.

A text is run some forty to a hundred times for one answer, so nothing asks before a person does; the model is loaded
with the first question, as for the reply check.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from classifiers.heads import INTENTS, SENTIMENTS, TOXICITIES, choose, urgency
from classifiers.text import clean
from classifiers.types import Intent, ModelUnavailable, Sentiment, Toxicity, UrgencyReason
from classifiers.urgency import load_signs
from monitor.config import Settings
from monitor.drift import CALM, URGENT, Head

if TYPE_CHECKING:
    from classifiers.encoder import Encoder
    from classifiers.explain import Carrier

LONGEST: Final = 1_000
"""Code points of the longest text that is tried word by word: three seconds of one core, long enough for a click."""
REMEMBERED: Final = 200
"""Texts whose answers are kept, the least lately asked for going first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What our model answers about a text now, and the words that carried each answer, heaviest first.

    `labels` and `carriers` have every `Head`; an urgency is `URGENT` or `CALM`. A head without carriers was decided by
    no single word. `sign` is the reason for which a sign in the words, and not the model, calls the text urgent.
    """

    labels: Mapping[Head, str]
    carriers: Mapping[Head, "tuple[Carrier, ...]"]
    sign: UrgencyReason | None


class Explainer(Protocol):
    """Explains texts; its `revision` names the model."""

    @property
    def revision(self) -> str:
        """Which weights and signs answer."""
        ...

    def explain(self, text: str, lang: str) -> Explained:
        """Explain a text that was judged in this language; raises ModelUnavailable."""
        ...


@dataclass(slots=True)
class LazyExplainer:
    """An explainer that is loaded with the first question, and asked once for each text, language and revision."""

    load: Callable[[], Explainer]
    _explainer: Explainer | None = None
    _kept: OrderedDict[tuple[str, str, str], Explained] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def explain(self, text: str, lang: str) -> Explained:
        """Which words carried the judgement of a text of at most `LONGEST` code points, in the language it was read in.

        One question at a time: two at once would only slow each other. Raises ModelUnavailable, and tries again at the
        next question; ValueError for a longer text.
        """
        if len(text) > LONGEST:
            msg = f"the text has {len(text)} characters; at most {LONGEST} are tried word by word"
            raise ValueError(msg)
        with self._lock:
            explainer = self._loaded()
            key = (text, lang, explainer.revision)
            if key not in self._kept:
                self._kept[key] = explainer.explain(text, lang)
                if len(self._kept) > REMEMBERED:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]

    def _loaded(self) -> Explainer:
        if self._explainer is None:
            try:
                self._explainer = self.load()
            except ModelUnavailable:
                raise
            except Exception as fault:  # whatever stops the load, the page beside it still opens
                raise ModelUnavailable(f"the model cannot be loaded ({type(fault).__name__}: {fault})") from fault
        return self._explainer


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelExplainer:
    """Explains with the encoder of a weights folder, and with the signs of an emergency beside it."""

    encoder: "Encoder"

    @property
    def revision(self) -> str:
        """The revisions of weights and signs, as a judgement names them; raises SignsBroken."""
        return f"{self.encoder.revision}+{load_signs().revision}"

    def explain(self, text: str, lang: str) -> Explained:
        """Explain a text; raises ModelUnavailable when the model or the signs cannot be used."""
        from classifiers.explain import explain  # noqa: PLC0415 - see load_explainer

        cleaned = clean(text).text
        if not cleaned.strip():
            return _NOTHING_SAID
        output, calibration = self.encoder.run([cleaned])[0], self.encoder.calibration
        urgent = urgency(output.urgent, output.reason, calibration.urgency, lang=lang, known=True).urgent
        sign = None if urgent else load_signs().reason_in(cleaned)
        return Explained(
            labels={
                Head.SENTIMENT: choose(
                    output.sentiment, SENTIMENTS, calibration.sentiment, lang=lang, known=True
                ).label.value,
                Head.TOXICITY: choose(
                    output.toxicity, TOXICITIES, calibration.toxicity, lang=lang, known=True
                ).label.value,
                Head.INTENT: choose(output.intent, INTENTS, calibration.intent, lang=lang, known=True).label.value,
                Head.URGENCY: URGENT if urgent or sign else CALM,
            },
            carriers={Head(head): found for head, found in explain(text, lang, self.encoder).items()},
            sign=sign,
        )


_NOTHING_SAID: Final = Explained(
    labels={
        Head.SENTIMENT: Sentiment.NEUTRAL.value,
        Head.TOXICITY: Toxicity.CLEAN.value,
        Head.INTENT: Intent.OTHER.value,
        Head.URGENCY: CALM,
    },
    carriers=dict.fromkeys(Head, ()),
    sign=None,
)


def explainer_of(settings: Settings) -> LazyExplainer:
    """The explainer under these settings, not loaded yet."""
    return LazyExplainer(load=lambda: load_explainer(settings.model.folder))


def load_explainer(folder: Path | None) -> Explainer:
    """The explainer of a weights folder (default: the shipped one), slow; raises ModelUnavailable."""
    # Imported when it is needed: numpy, the tokenizer and the runtime would delay the first page by seconds.
    from classifiers.encoder import Encoder  # noqa: PLC0415 - see above

    return ModelExplainer(encoder=Encoder.load(folder))
