"""The text area of the reply desk: a small component, because Streamlit's own hands text on only when it loses focus.

The browser keeps the text; Python only sees it after each pause, saves and checks it, and answers with marks. Python
replaces the words only by naming another `nonce`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from responders.console.rendering import Mark

_HTML: Final = """
<div class="tf-editor" hidden>
  <label for="tf-reply-text"></label>
  <div class="tf-sheet">
    <div class="tf-paper" aria-hidden="true"></div>
    <textarea id="tf-reply-text" spellcheck="true" dir="auto"></textarea>
  </div>
  <div class="tf-status" role="status" aria-live="polite"></div>
</div>
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What the text area shows: the words it starts with under `nonce`, and what is known of the words `checked`."""

    nonce: str
    text: str
    checked: str
    marks: Sequence[Mark]
    saved: str
    saved_words: str
    saving_words: str
    label: str
    placeholder: str
    direction: str
    locked: bool = False


@cache
def _component() -> ComponentRenderer:
    here = Path(__file__)
    return st.components.v2.component(
        "tactful_editor",
        html=_HTML,
        css=here.with_suffix(".css").read_text(encoding="utf-8"),
        js=here.with_suffix(".js").read_text(encoding="utf-8"),
        isolate_styles=False,
    )


def show(sheet: Sheet, *, key: str) -> None:
    """Mount the text area."""
    _component()(
        key=key,
        data={
            "nonce": sheet.nonce,
            "text": sheet.text,
            "checked": sheet.checked,
            "marks": [asdict(mark) for mark in sheet.marks],
            "saved": sheet.saved,
            "savedWords": sheet.saved_words,
            "savingWords": sheet.saving_words,
            "label": sheet.label,
            "placeholder": sheet.placeholder,
            "direction": sheet.direction,
            "locked": sheet.locked,
        },
        on_typed_change=_taken,
    )


def typed(*, key: str, nonce: str) -> str | None:
    """The words last handed on by the browser under `nonce`, or None when it has not sent any yet."""
    state = st.session_state.get(key)
    value = state.get("typed") if isinstance(state, Mapping) else None
    if not isinstance(value, Mapping) or value.get("nonce") != nonce:
        return None
    text = value.get("text")
    return text if isinstance(text, str) else None


def _taken() -> None:
    """Streamlit wants a callback for each state; the page reads it when it runs."""
