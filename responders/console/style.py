"""The look of the console: one stylesheet, and the whole layout in the direction of its language."""

from pathlib import Path
from typing import Final

import streamlit as st

from responders.console.words import COOKIE, Words

_SHEET: Final = Path(__file__).with_suffix(".css")

# The frame mirrors through CSS alone, so that it is right before any script runs.
_RIGHT_TO_LEFT: Final = """<style>
.stApp, [data-testid="stSidebar"], [data-testid="stHeader"], [data-testid="stDialog"], [data-baseweb="popover"] { direction: rtl; }
.stApp [data-testid="stMarkdownContainer"], .stApp label { text-align: start; }
[data-testid="stSidebar"][aria-expanded="false"] { transform: translateX(100%) !important; }
[data-testid="stIconMaterial"] { direction: ltr; }
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
