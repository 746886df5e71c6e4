"""Text to token windows: addresses masked, pairs assembled, nothing cut in silence.

The trainer and the encoder both come here, so the model meets at work exactly what it met in training.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from tokenizers import Tokenizer

from classifiers.legible import legible

BEGIN: Final = 0
END: Final = 2
"""Ids of `<s>` and `</s>` in the XLM-R family of tokenizers."""
_UNKNOWN: Final = 3

WINDOW: Final = 256
"""Tokens in one window, special ones included. Training sees hardly any longer text."""
OVERLAP: Final = 64
MENTION_SHARE: Final = 96
"""Tokens a mention always gets beside its draft; it gets more where the draft leaves room."""
MOST_WINDOWS: Final = 64
"""Windows read of one text, some 50,000 characters. Beyond, an even spread of them is read and the answer says so."""

_PIECE: Final = 8_000
_URL: Final = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_HANDLE: Final = re.compile(r"(?<![\w@.])/?(?:@|\bu/)\w[\w.-]*(?:@[\w.-]+)?")
_SURROGATE: Final = re.compile("[\ud800-\udfff\x00]")


class Token(NamedTuple):
    """One token: its id and the code points it stands for. A tuple, because every text makes dozens of them."""

    id: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Window:
    """What the model reads in one call.

    `ids` and `types` are equally long; `types` is 1 on a draft and 0 elsewhere. `first` is the place of the first
    text token in the window, and `tokens` are those of the text that is judged.
    """

    ids: tuple[int, ...]
    types: tuple[int, ...]
    first: int
    tokens: tuple[Token, ...]


def mask_addresses(text: str) -> str:
    """The text with links as `http` and handles as `@user`: who was addressed must not sway a judgement."""
    return _HANDLE.sub("@user", _URL.sub("http", text))


class Tokens:
    """The tokenizer of the shipped encoder. Safe to share between threads."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.encode_special_tokens = True
        self._tokenizer = tokenizer
        # A text that says "</s>" says just that; it must not end a sequence.
        self._special = frozenset({0, 1, 2, *tokenizer.get_added_tokens_decoder()})

    @classmethod
    def from_file(cls, path: Path) -> "Tokens":
        """The tokenizer stored in a `tokenizer.json`; raises OSError or ValueError when it cannot be read."""
        return cls.from_json(path.read_text(encoding="utf-8"))

    @classmethod
    def from_json(cls, text: str) -> "Tokens":
        """The tokenizer written in `text`; raises ValueError when it is not one."""
        try:
            tokenizer = Tokenizer.from_str(text)
        except Exception as error:  # the binding raises a bare Exception for whatever is wrong
            raise ValueError(str(error)) from error
        return cls(tokenizer)

    def split(self, text: str) -> list[Token]:
        """All tokens of a text, with offsets in code points of `text`; lone surrogates and NUL count as blanks."""
        text = _SURROGATE.sub(" ", text)
        tokens: list[Token] = []
        for start, end in _pieces(text):
            encoding = self._tokenizer.encode(text[start:end], add_special_tokens=False)
            tokens.extend(
                Token(_UNKNOWN if token in self._special else token, start + first, start + last)
                for token, (first, last) in zip(encoding.ids, encoding.offsets, strict=True)
            )
        return tokens

    def mention_windows(self, text: str) -> list[Window]:
        """A mention, addresses masked, disguises undone, as one or more windows; empty text is one without tokens."""
        tokens = self.split(legible(mask_addresses(text)))
        return [
            Window((BEGIN, *(t.id for t in part), END), (0,) * (len(part) + 2), 1, tuple(part))
            for part in _spread(tokens, WINDOW - 2)
        ]

    def draft_windows(self, mention: str | None, draft: str) -> list[Window]:
        """A draft with the mention it answers before it, the mention shortened first; offsets are those of `draft`."""
        before = [t.id for t in self.split(mask_addresses(mention))] if mention else []
        tokens = self.split(draft)
        before = _shorten(before, max(MENTION_SHARE, WINDOW - 4 - len(tokens)))
        windows = []
        for part in _spread(tokens, WINDOW - 4 - len(before)):
            ids = (BEGIN, *before, END, END, *(t.id for t in part), END)
            types = (0,) * (len(before) + 3) + (1,) * (len(part) + 1)
            windows.append(Window(ids, types, len(before) + 3, tuple(part)))
        return windows


def window_count(length: int, room: int) -> int:
    """How many windows `length` tokens need when one holds `room`."""
    return 1 if length <= room else 1 + -(-(length - room) // (room - OVERLAP))


def _spread(tokens: Sequence[Token], room: int) -> list[Sequence[Token]]:
    """Overlapping parts of at most `room` tokens; at most `MOST_WINDOWS`, evenly spread, first and last included."""
    count = window_count(len(tokens), room)
    if count == 1:
        return [tokens]
    starts = [min(i * (room - OVERLAP), len(tokens) - room) for i in range(count)]
    if count > MOST_WINDOWS:
        starts = [starts[round(i * (count - 1) / (MOST_WINDOWS - 1))] for i in range(MOST_WINDOWS)]
    return [tokens[start : start + room] for start in starts]


def _shorten(ids: list[int], room: int) -> list[int]:
    """The head and the tail of a long mention: what it is about, and what it asks at the end."""
    if len(ids) <= room:
        return ids
    tail = room // 3
    return ids[: room - tail] + ids[-tail:]


def _pieces(text: str) -> list[tuple[int, int]]:
    """Cuts at blanks, so that the tokenizer's working memory stays small on huge texts."""
    pieces = []
    start = 0
    while len(text) - start > _PIECE:
        cut = text.rfind(" ", start + 1, start + _PIECE)
        cut = cut if cut > start else start + _PIECE
        pieces.append((start, cut))
        start = cut
    pieces.append((start, len(text)))
    return pieces
