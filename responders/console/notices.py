"""One-line notices: what was just done, or why it was not, kept over the rerun that follows a click."""

from typing import Final

import streamlit as st

from responders.console.words import Words

_KEY: Final = "notices"


def note(sentence: str) -> None:
    """Say that something was done, at the next run."""
    _kept().append(("done", sentence))


def fault_sentence(say: Words, fault: Exception) -> str:
    """Why something was not done: in the language of the interface by its kind, with what the program said."""
    remedy = getattr(fault, "remedy", "")
    said = f"{fault}" + (f" ({remedy})" if remedy else "")
    key = f"fault.{type(fault).__name__}"
    return f"{say(key)} [{said}]" if say.language != "en" and say.has(key) else said[:1].upper() + said[1:]


def tell_fault(say: Words, fault: Exception) -> None:
    """Show now why something was not done."""
    st.error(plain(fault_sentence(say, fault)), icon=":material/error:")


def refuse(say: Words, fault: Exception) -> None:
    """Say why something was not done, at the next run."""
    _kept().append(("failed", fault_sentence(say, fault)))


def show_notices() -> None:
    """Show what the last click left behind, once."""
    for kind, sentence in st.session_state.pop(_KEY, []):
        if kind == "done":
            st.success(plain(sentence), icon=":material/check_circle:")
        else:
            st.error(plain(sentence), icon=":material/error:")


def plain(sentence: str) -> str:
    """A sentence for Streamlit's own elements, which read Markdown: every sign of it is made literal."""
    return "".join(f"\\{sign}" if sign in "\\`*_{}[]()<>#+-.!|~:$^=" else sign for sign in sentence)


def _kept() -> list[tuple[str, str]]:
    kept: list[tuple[str, str]] = st.session_state.setdefault(_KEY, [])
    return kept
