"""The console process: pages, sign-in, health, API. Run with `streamlit run app.py`; it holds no platform token."""

import sys
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from monitor.config import SettingsError
from monitor.errors import EdgeError
from responders import api
from responders.console import context, health, sign_in
from responders.console.gate import Gate
from responders.console.shell import on_script_error

try:
    opened = context.console()
    service = api.service(
        opened.settings, database=opened.database, audit=opened.audit, checker=opened.checker, now=context.now
    )
    if service.is_awaited:
        opened.checker.warm()
except (SettingsError, EdgeError) as fault:
    print(f"tactful console: {fault}", file=sys.stderr)  # noqa: T201 - nobody logs before the settings are read
    raise SystemExit(2) from None

app = st.App(
    Path(__file__).parent / "responders" / "console" / "shell.py",
    routes=[
        *sign_in.routes(sign_in.Doors(console=context.console, now=context.now)),
        *health.routes(lambda: context.console().database),
        *api.routes(service),
    ],
    middleware=[Middleware(Gate, admits=context.admits)],
    on_script_error=on_script_error,
)
