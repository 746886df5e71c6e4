"""Which line of the inbox the keys act on: J and K move the frame, O, L and X press the buttons of the line inside it.

The frame belongs to a mention, not to a place in the list: when lines come or go, it stays with its mention, and only
when that one has left the list it goes to whatever took its place.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from monitor.mention import MentionId
from responders.console.words import Words

_PLACE: Final = "inbox-place"
_MENTION: Final = "inbox-mention"


def first_line() -> None:
    """Begin again at the top of the list."""
    st.session_state.pop(_PLACE, None)
    st.session_state.pop(_MENTION, None)


def framed(say: Words, listed: Sequence[MentionId]) -> MentionId:
    """The mention of `listed` (at least one) that is in the frame, with the two buttons that move it."""
    mention: MentionId | None = st.session_state.get(_MENTION)
    place = listed.index(mention) if mention in listed else min(st.session_state.get(_PLACE, 0), len(listed) - 1)
    _put(place, listed[place])
    for key, to in (("down", place + 1), ("up", place - 1)):
        inside = 0 <= to < len(listed)
        st.button(
            say(f"inbox.{key}"),
            key=f"inbox-{key}",
            disabled=not inside,
            on_click=partial(_put, to, listed[to]) if inside else None,
        )
    return listed[place]


def listen(now: datetime) -> None:
    """Let the keys work; call when all lines are drawn. `now` is any value that differs from run to run."""
    _component()(key="inbox-letters", data={"run": now.isoformat()})


def _put(place: int, mention: MentionId) -> None:
    st.session_state[_PLACE] = place
    st.session_state[_MENTION] = mention


@cache
def _component() -> ComponentRenderer:
    script = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
    return st.components.v2.component("tactful_inbox_keys", js=script, isolate_styles=False)
