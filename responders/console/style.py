"""The look of the console: one stylesheet, and the whole layout in the direction of its language."""

from pathlib import Path
from typing import Final

import streamlit as st

from responders.console.words import COOKIE, Words

_SHEET: Final = Path(__file__).with_suffix(".css")

# The frame mirrors through CSS alone, so that it is right before any script runs.
_RIGHT_TO_LEFT: Final = """<style>
.stApp, [data-testid="stSidebar"], [data-testid="stHeader"], [data-testid="stDialog"], [data-baseweb="popover"] {
  direction: rtl; }
.stApp [data-testid="stElementContainer"], .stApp [data-testid="stMarkdown"], .stApp [data-testid="stMarkdown"] div,
.stApp [data-testid="stMarkdownContainer"], .stApp label, [data-testid="stAlert"] * { text-align: start !important; }
.stApp [data-testid="stButton"] *, .stApp [data-testid="stPopover"] button * { text-align: center !important; }
/* Streamlit slides a closed side bar out to the left; here it just has no width. */
[data-testid="stSidebar"] { overflow: hidden !important; transform: none !important; }
[data-testid="stExpander"] summary [data-testid="stIconMaterial"] { transform: scaleX(-1); }
[data-testid="stButtonGroup"] button[role="radio"] {
  border: 1px solid #63757B !important; border-radius: 0.3rem !important; margin: 0 1px !important; }
[data-testid="stIconMaterial"] { direction: ltr; }
[data-testid="stTooltipIcon"] { margin-inline-start: 0.3rem; }
</style>"""


def frame(say: Words) -> None:
    """Put stylesheet, direction and the page's language in place; call first on every run."""
    st.html(_SHEET)
    if say.direction == "rtl":
        st.html(_RIGHT_TO_LEFT)
    # The language is one of our four codes, never text from outside. A screen reader needs it to speak right, and the
    # cookie keeps the choice for the next visit and for the sign-in form.
    st.html(
        f"<script>document.documentElement.lang = '{say.language}';"
        f"document.documentElement.dir = '{say.direction}';"
        f"document.cookie = '{COOKIE}={say.language}; path=/; max-age=31536000; SameSite=Lax';</script>",
        unsafe_allow_javascript=True,
    )
