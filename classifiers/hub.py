"""A text classifier of the Hugging Face hub, pinned and loaded (extra `hub`, and torch by hand).

The only importer of transformers' models, and only when one is loaded. A model is named by hub name and commit, or by
folder and checksum, so that the same settings always mean the same weights. Weights are read from safetensors only,
no code of a model is run, and the network is asked only for a hub name that is not in the local cache.
"""

import hashlib
import re
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from classifiers.label_map import Head, LabelMap
from classifiers.types import ModelUnavailable

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

SURE: Final = 0.7
"""From which score an answer is sure, unless the settings say otherwise: that of our own heads."""
LONGEST_WINDOW: Final = 512
FILES: Final = (
    "config.json",
    "*.safetensors",
    "model.safetensors.index.json",
    "tokenizer*.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
    "*.bpe.model",
    "spiece.model",
    "spm.model",
)
"""What is fetched of a hub repository, and what a folder's checksum is made of: no code, no pickled weights."""

_INSTALL: Final = "install torch by hand (a CPU build is enough), then pip install '.[hub]'"
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_CHECKSUM: Final = re.compile(r"[0-9a-f]{12,64}")
_HUB_NAME: Final = re.compile(r"(?:\w[\w.-]{0,95}/)?\w[\w.-]{0,95}", re.ASCII)
_LEAST_WINDOW: Final = 8
_RESERVED_POSITIONS: Final = 2
"""RoBERTa and its kin count positions from 2, so that two of those that the configuration names are not there."""
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class HubChoice:
    """Which model answers a head: `name` is a folder or a hub name, `revision` a checksum or a commit.

    An answer is sure from probability `sure` on. Texts in other `languages` (ISO 639-1) keep our own answer.
    """

    name: str
    revision: str
    labels: LabelMap
    languages: frozenset[str]
    sure: float = SURE

    @property
    def head(self) -> Head:
        """The head that the model answers."""
        return self.labels.head

    @property
    def folder(self) -> Path | None:
        """The folder that is meant; None for a name on the hub."""
        path = Path(self.name).expanduser()
        return path if path.is_dir() or not _HUB_NAME.fullmatch(self.name) else None

    def unusable(self, why: str) -> ModelUnavailable:
        """The error that names this model; `why` says what is wrong and the remedy."""
        return ModelUnavailable(f"the {self.head} model {self.name} cannot be used: {why}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One window of a text: the ids that the model reads, by the names of its arguments, all of one length."""

    inputs: Mapping[str, tuple[int, ...]]

    @property
    def length(self) -> int:
        """How many tokens the window has."""
        return len(self.inputs["input_ids"])


class Checkpoint:
    """A loaded model and its tokenizer: text to windows, a window to logits. Safe to share between threads."""

    def __init__(self, model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", window: int) -> None:
        config = model.config
        names = {int(place): str(label) for place, label in (config.id2label or {}).items()}
        self.labels: tuple[str, ...] = tuple(names[place] for place in sorted(names))
        # As the text-classification pipeline of transformers decides between softmax and sigmoid.
        self.exclusive: bool = len(names) > 1 and config.problem_type != "multi_label_classification"
        self._model = model
        self._tokenizer = tokenizer
        self._window = window
        self._lock = threading.Lock()

    def windows(self, text: str) -> list[Part]:
        """The whole text in windows that overlap by a quarter; special words written in it are plain words."""
        with self._lock:  # the length of a window is set in the shared tokenizer
            found = self._tokenizer(
                text,
                truncation=True,
                max_length=self._window,
                stride=self._window // 4,
                return_overflowing_tokens=True,
                return_attention_mask=True,
                split_special_tokens=True,
            )
        names = [name for name in self._tokenizer.model_input_names if name in found]
        return [
            Part(inputs={name: tuple(found[name][place]) for name in names}) for place in range(len(found["input_ids"]))
        ]

    def logits(self, part: Part) -> list[float]:
        """One number a label, in the order of `labels`."""
        import torch  # noqa: PLC0415 - loaded with the model

        with torch.inference_mode():
            inputs = {name: torch.tensor([ids]) for name, ids in part.inputs.items()}
            found: list[float] = self._model(**inputs).logits[0].tolist()
        return found


def load(choice: HubChoice, *, offline: bool = False) -> Checkpoint:
    """The model of a choice, read once its revision is settled; with `offline` no host is asked.

    Raises ModelUnavailable, one sentence with the remedy, when it is not pinned, not there, cannot be reached, not
    what was pinned, or not a text classifier.
    """
    folder = _pinned(choice)
    try:
        import torch  # noqa: F401, PLC0415 - installed by hand; asked first, because transformers hides its absence
        import transformers  # noqa: PLC0415 - takes seconds; the core runs without its models
        from huggingface_hub.utils.tqdm import disable_progress_bars  # noqa: PLC0415 - as above
    except ImportError as error:
        raise choice.unusable(f"{error.name or 'torch'} is not installed; {_INSTALL}") from error
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # transformers annotates most, not all
    if not sys.stderr.isatty():
        disable_progress_bars()
        transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # as above
    if folder is None:
        folder = _fetched(choice, offline=offline)
    try:
        return _read(choice, folder)
    except ModelUnavailable:
        raise
    except Exception as error:  # transformers raises whatever its parts raise
        raise choice.unusable(f"{_first_line(error)}; see that it is a text classifier with safetensors") from error


def checksum(folder: Path) -> str:
    """What a folder's `revision` is: SHA-256 over names and contents of the files that are read, in hexadecimal."""
    total = hashlib.sha256()
    for path in sorted({path for pattern in FILES for path in folder.glob(pattern)}):
        content = hashlib.sha256()
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                content.update(chunk)
        total.update(f"{path.name} {content.hexdigest()}\n".encode())
    return total.hexdigest()


def _pinned(choice: HubChoice) -> Path | None:
    """The folder, once its files are those that were pinned; None for a hub name with a commit."""
    folder = choice.folder
    if folder is None:
        if not _COMMIT.fullmatch(choice.revision):
            said = f'its revision "{choice.revision}" is not a commit' if choice.revision else "it has no revision"
            raise choice.unusable(
                f"{said}; name the whole commit (40 hexadecimal digits, on the model's page under Files, History):"
                " a branch or tag can move"
            )
        return None
    if not (folder / "config.json").is_file():
        raise choice.unusable("there is no such folder with a config.json in it; name a folder or a hub name")
    try:
        found = checksum(folder)
    except OSError as error:
        raise choice.unusable(f"its files cannot be read ({error.strerror or error}); make them readable") from error
    if not (_CHECKSUM.fullmatch(choice.revision) and found.startswith(choice.revision)):
        said = f'its revision is not "{choice.revision}"' if choice.revision else "it has no revision"
        raise choice.unusable(f'{said}; if these are the files you mean, set revision = "{found[:16]}"')
    return folder


def _fetched(choice: HubChoice, *, offline: bool) -> Path:
    """The repository at its commit from the local cache, or else from the hub."""
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - asks the network
    from huggingface_hub.errors import (  # noqa: PLC0415 - as above
        GatedRepoError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    def snapshot(*, local: bool) -> Path:
        return Path(
            snapshot_download(choice.name, revision=choice.revision, allow_patterns=list(FILES), local_files_only=local)
        )

    try:
        return snapshot(local=True)
    except ValueError as error:
        raise choice.unusable("that is no name of a model; write owner/name, or a folder") from error
    except OSError as error:
        if offline:
            raise choice.unusable("it is not in the local cache, and no host is asked now") from error
    try:
        return snapshot(local=False)
    except GatedRepoError as error:
        raise choice.unusable("the hub gives it to those only who accepted its terms; set HF_TOKEN") from error
    except RevisionNotFoundError as error:
        raise choice.unusable(f"the hub has no commit {choice.revision} of it; correct the revision") from error
    except RepositoryNotFoundError as error:
        raise choice.unusable("the hub has no public model of this name; correct the name, or set HF_TOKEN") from error
    except Exception as error:  # the hub's client raises errors of several HTTP libraries
        raise choice.unusable(
            f"the hub cannot be reached ({_first_line(error)}); see that this machine reaches huggingface.co, or fetch"
            " the model elsewhere and name its folder"
        ) from error


def _read(choice: HubChoice, folder: Path) -> Checkpoint:
    """The checkpoint of a folder, without the network and without code of its own."""
    import torch  # noqa: PLC0415 - see `load`
    from transformers import AutoModelForSequenceClassification, AutoTokenizer  # noqa: PLC0415 - see `load`

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    model, report = AutoModelForSequenceClassification.from_pretrained(
        folder,
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
        dtype=torch.float32,
        output_loading_info=True,
    )
    absent = sorted({*report["missing_keys"], *(str(key) for key in report["mismatched_keys"])})
    if absent:
        raise choice.unusable(
            f"its weights lack {absent[0]}, which would be made up at random; choose a model trained to classify text"
        )
    if model.config.problem_type == "regression":
        raise choice.unusable("it gives a number, not probabilities of labels; choose a classifier")
    if not tokenizer.is_fast:
        raise choice.unusable("its tokenizer cannot cut a text into windows; choose a model with a tokenizer.json")
    positions = getattr(model.config, "max_position_embeddings", None) or LONGEST_WINDOW + _RESERVED_POSITIONS
    window = min(LONGEST_WINDOW, tokenizer.model_max_length, positions - _RESERVED_POSITIONS)
    if window < _LEAST_WINDOW:
        raise choice.unusable(f"it reads {window} tokens at a time, which is no text")
    return Checkpoint(model.eval(), tokenizer, window)


def _first_line(error: Exception) -> str:
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {said[0][:200].rstrip('.')}" if said else type(error).__name__
