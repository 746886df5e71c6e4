"""The shipped encoder: one multilingual model, several questions, on ONNX Runtime.

The only importer of onnxruntime. One window is one call, because dynamic int8 takes its activation scale over the
whole tensor: in a batch the neighbours of a text would change its scores. Alone, the same text always gets the same
digits; speed comes from calls running side by side.
"""

import hashlib
import itertools
import json
import math
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from classifiers.heads import CATEGORIES, LABELS, UNCALIBRATED, BadCalibration, Calibration, draft_risk, logistic
from classifiers.tokens import MOST_WINDOWS, Tokens, Window
from classifiers.types import Category, ModelUnavailable

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

WEIGHTS: Final = Path(__file__).parent / "weights"
MODEL_FILE: Final = "model.onnx"
TOKENIZER_FILE: Final = "tokenizer.json"
SETTINGS_FILE: Final = "thresholds.json"
FORMAT: Final = 1
EMBEDDING_SIZE: Final = 384
_REMEDY: Final = "restore the file from the repository (git checkout -- classifiers/weights) or train the model anew"
_THREADS: Final = 2
_SLOW: Final = "SkipLayerNormFusion"
"""ONNX Runtime's sum and normalisation in one: on 25 tokens 55 µs, where the two apart take 17 (version 1.31)."""

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionOutput:
    """What the heads say about one text, as raw logits in the order of `heads.LABELS`.

    `urgent` is one logit (above 0 leans yes). `embedding` has unit length. `whole` is false when the text was so long
    that only an even spread of its windows was read; no answer about it is sure.
    """

    sentiment: tuple[float, ...]
    toxicity: tuple[float, ...]
    intent: tuple[float, ...]
    urgent: float
    reason: tuple[float, ...]
    politeness: tuple[float, ...]
    embedding: NDArray[np.float32]
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRisk:
    """How likely it is (0…1) that a token belongs to the risky words; code points of the draft as passed."""

    start: int
    end: int
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftOutput:
    """How risky a draft is: a calibrated probability, that of each category, and of each token.

    `tokens` are in order and do not overlap. `whole` is false when the draft was too long to be read in full; such a
    draft needs a person.
    """

    risk: float
    categories: Mapping[Category, float]
    tokens: tuple[TokenRisk, ...]
    whole: bool = True
    risk_logit: float = 0.0
    token_logit: float = 0.0


@dataclass(frozen=True, slots=True)
class _Raw:
    """One window's outputs."""

    mention: NDArray[np.float32]
    draft: NDArray[np.float32]
    tokens: NDArray[np.float32]
    embedding: NDArray[np.float32]


class Encoder:
    """Texts in, head outputs out. Safe to call from several threads; build it with `Encoder.load`."""

    def __init__(
        self, session: "InferenceSession", tokens: Tokens, calibration: Calibration, *, model: str, revision: str
    ) -> None:
        self.model = model
        self.revision = revision
        self.calibration = calibration
        self._session = session
        self._tokens = tokens
        self._pool = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="encoder")

    @staticmethod
    def load(folder: Path | None = None) -> "Encoder":
        """The encoder of a weights folder (default: the shipped one), loaded once a process and then shared.

        Raises ModelUnavailable, naming file and remedy, when a file is missing or not the one that was measured.
        """
        key = (folder or WEIGHTS).resolve()
        with _LOADING:
            if key not in _LOADED:
                _LOADED[key] = Encoder.open(key)
            return _LOADED[key]

    @staticmethod
    def open(folder: Path, *, calibrated: bool = True) -> "Encoder":
        """The encoder of a weights folder, read anew; raises ModelUnavailable as `load` does.

        Training alone asks for one that is not `calibrated` yet: its outputs are what calibration is made from.
        """
        return _load(folder, calibrated=calibrated)

    def run(self, texts: Sequence[str]) -> list[MentionOutput]:
        """One output for each text, whatever its length; the same text gives the same digits in any company.

        Raises ModelUnavailable when the runtime fails.
        """
        return self.side_by_side(self.mention, texts)

    def run_drafts(self, pairs: Sequence[tuple[str | None, str]]) -> list[DraftOutput]:
        """One output for each (mention or None, draft); raises ModelUnavailable when the runtime fails."""
        return self.side_by_side(self._draft, pairs)

    def threshold_for(self, lang: str | None) -> float:
        """The risk from which a draft in this language is stopped."""
        draft = self.calibration.draft
        return draft.thresholds.get(lang, draft.default) if lang else draft.default

    def side_by_side(self, judge: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """What `judge` says of each item, in order, on the threads of this encoder; `judge` may call `mention`.

        What else there is to do for a text is best done there too: a third busy thread would hold the interpreter
        while the model's threads wait for it.
        """
        return [judge(items[0])] if len(items) == 1 else list(self._pool.map(judge, items))

    def mention(self, text: str) -> MentionOutput:
        """The output for one text; raises ModelUnavailable when the runtime fails."""
        windows = self._tokens.mention_windows(text)
        raws = [self._window(window) for window in windows]
        heads = np.array([raw.mention for raw in raws], dtype=np.float64)
        embeddings = np.array([raw.embedding for raw in raws], dtype=np.float64)
        weights = np.array([max(1, len(window.tokens)) for window in windows], dtype=np.float64)
        weights /= weights.sum()
        mean, embedding = weights @ heads, weights @ embeddings
        toxic = heads[int(np.argmax(heads[:, _TOXICITY.stop - 1] - heads[:, _TOXICITY.start]))]
        urgent = heads[int(np.argmax(heads[:, _URGENT.start]))]
        norm = float(np.linalg.norm(embedding))
        return MentionOutput(
            sentiment=_floats(mean[_SENTIMENT]),
            toxicity=_floats(toxic[_TOXICITY]),
            intent=_floats(mean[_INTENT]),
            urgent=float(urgent[_URGENT][0]),
            reason=_floats(urgent[_REASON]),
            politeness=_floats(mean[_POLITENESS]),
            embedding=(embedding / norm if norm else embedding).astype(np.float32),
            whole=_read_in_full(windows),
        )

    def _draft(self, pair: tuple[str | None, str]) -> DraftOutput:
        windows = self._tokens.draft_windows(*pair)
        raws = [self._window(window) for window in windows]
        drafts = np.array([raw.draft for raw in raws], dtype=np.float64)
        tokens: dict[tuple[int, int], float] = {}
        for window, raw in zip(windows, raws, strict=True):
            for place, token in enumerate(window.tokens, start=window.first):
                key = (token.start, token.end)
                tokens[key] = max(float(raw.tokens[place]), tokens.get(key, -math.inf))
        whole = float(drafts[:, 0].max())
        strongest = max(tokens.values(), default=min(whole, 0.0))
        return DraftOutput(
            risk=draft_risk(whole, strongest, self.calibration.draft),
            categories={c: logistic(float(v)) for c, v in zip(CATEGORIES, drafts[:, 1:].max(axis=0), strict=True)},
            tokens=tuple(
                TokenRisk(start=start, end=end, probability=logistic(value))
                for (start, end), value in sorted(tokens.items())
            ),
            whole=_read_in_full(windows),
            risk_logit=whole,
            token_logit=strongest,
        )

    def _window(self, window: Window) -> _Raw:
        feed = {
            "input_ids": np.array([window.ids], dtype=np.int64),
            "token_type_ids": np.array([window.types], dtype=np.int64),
        }
        try:
            mention, draft, tokens, embedding = self._session.run(["mention", "draft", "tokens", "vector"], feed)
        except Exception as error:  # onnxruntime's errors share no public base class
            raise ModelUnavailable(f"the model failed on a text ({type(error).__name__}); {_REMEDY}") from error
        return _Raw(mention[0], draft[0], tokens[0], embedding[0])


_LOADED: Final[dict[Path, Encoder]] = {}
_LOADING: Final = threading.Lock()


def _slices(*sizes: int) -> Iterator[slice]:
    start = 0
    for size in sizes:
        yield slice(start, start + size)
        start += size


_SENTIMENT, _TOXICITY, _INTENT, _URGENT, _REASON, _POLITENESS = _slices(
    len(LABELS["sentiment"]),
    len(LABELS["toxicity"]),
    len(LABELS["intent"]),
    1,
    len(LABELS["reason"]),
    len(LABELS["politeness"]),
)
"""Where each head stands in the model's `mention` output; `training.network` writes it in this order."""


def _floats(values: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(values.tolist())


def _read_in_full(windows: Sequence[Window]) -> bool:
    """Whether neighbouring windows overlap; an even spread of a huge text leaves gaps."""
    return len(windows) < MOST_WINDOWS or all(
        after.tokens[0].start <= before.tokens[-1].end for before, after in itertools.pairwise(windows)
    )


def _load(folder: Path, *, calibrated: bool) -> Encoder:
    settings = _settings(folder)
    content = {name: _checked(folder, name, settings) for name in (MODEL_FILE, TOKENIZER_FILE)}
    heads = settings.get("heads")
    if calibrated and not isinstance(heads, dict):
        raise ModelUnavailable(f"{folder / SETTINGS_FILE} is not calibrated; {_REMEDY}")
    try:
        calibration = Calibration.read(heads) if isinstance(heads, dict) else UNCALIBRATED
        tokens = Tokens.from_json(content[TOKENIZER_FILE].decode("utf-8"))
    except BadCalibration as error:
        raise ModelUnavailable(f"{folder / SETTINGS_FILE} is not usable: {error}; {_REMEDY}") from error
    except ValueError as error:
        raise ModelUnavailable(f"{folder / TOKENIZER_FILE} is not a tokenizer; {_REMEDY}") from error
    return Encoder(
        _session(folder / MODEL_FILE, content[MODEL_FILE]),
        tokens,
        calibration,
        model=str(settings.get("model", "")),
        revision=str(settings.get("revision", "")),
    )


def _session(path: Path, model: bytes) -> "InferenceSession":
    import onnxruntime  # noqa: PLC0415 - costs 50 MB, needed only where texts are judged

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"], disabled_optimizers=[_SLOW]
        )
    except Exception as error:  # onnxruntime's errors share no public base class
        raise ModelUnavailable(f"{path} cannot be run ({type(error).__name__}); {_REMEDY}") from error


def _settings(folder: Path) -> Mapping[str, object]:
    path = folder / SETTINGS_FILE
    try:
        settings = json.loads(_read(path))
    except ValueError as error:
        raise ModelUnavailable(f"{path} is not JSON; {_REMEDY}") from error
    if not isinstance(settings, dict) or settings.get("format") != FORMAT:
        raise ModelUnavailable(f"{path} is not of format {FORMAT}; {_REMEDY}")
    if settings.get("labels") != {head: [str(label) for label in labels] for head, labels in LABELS.items()}:
        raise ModelUnavailable(f"{path} belongs to a model with other labels; {_REMEDY}")
    return settings


def _checked(folder: Path, name: str, settings: Mapping[str, object]) -> bytes:
    """A file's bytes, once they are those that were measured."""
    path = folder / name
    content = _read(path)
    files = settings.get("files")
    if not isinstance(files, dict) or files.get(name) != hashlib.sha256(content).hexdigest():
        raise ModelUnavailable(f"{path} is damaged or of another version (checksum differs); {_REMEDY}")
    return content


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ModelUnavailable(f"{path} cannot be read ({reason}); {_REMEDY}") from error
