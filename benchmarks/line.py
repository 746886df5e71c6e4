"""How long one new post takes from its collector to Slack, model warm.

Serves a feed and a Slack webhook on loopback, runs `python -m monitor run` against both on a throw-away database, and
puts one urgent post into the feed at a time. The clock starts when the feed has handed the post over and stops when
the webhook is called. Prints JSON.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from monitor.mention import SourceName  # noqa: E402 - found beside this folder
from monitor.storage.session import Database  # noqa: E402
from monitor.storage.sources import set_next_run  # noqa: E402

POSTS = 6  # the first warms the model and is not counted
LIMIT_SECONDS = 3.0
WAIT_SECONDS = 90.0
URGENT = "The Acme heater caught fire in our living room, item {number}. My daughter burned her hand. Who is in charge?"

entries: list[str] = []
handed_over: dict[int, float] = {}
heard: dict[int, float] = {}
changed = threading.Condition()


class World(BaseHTTPRequestHandler):
    """The feed on GET, Slack on POST."""

    def do_GET(self) -> None:
        """Answer with every entry so far."""
        with changed:
            count = len(entries)
            body = f'<rss version="2.0"><channel><title>Forum</title>{"".join(entries)}</channel></rss>'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/rss+xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        with changed:
            for number in range(count):
                handed_over.setdefault(number, time.perf_counter())

    def do_POST(self) -> None:
        """Take an alert."""
        now = time.perf_counter()
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")
        with changed:
            for number in range(POSTS):
                if f"item {number}." in text:
                    heard.setdefault(number, now)
            changed.notify_all()

    def log_message(self, *_: object) -> None:
        """Keep quiet: standard error is for progress."""


def publish(number: int) -> None:
    """Put one urgent post into the feed."""
    when = format_datetime(datetime.now(UTC))
    text = URGENT.format(number=number)
    with changed:
        entries.append(
            f"<item><guid>{number}</guid><link>http://127.0.0.1/{number}</link><pubDate>{when}</pubDate>"
            f"<title>Acme</title><description>{text}</description></item>"
        )


def run_now(url: str) -> None:
    """Ask for a run of the feed, as the console does."""
    database = Database.open(url)
    with database.write() as connection:
        set_next_run(connection, SourceName("forum"), datetime.now(UTC))
    database.close()


def main() -> int:
    """Run once and print the figures."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), World)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = f"http://127.0.0.1:{server.server_port}"
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "tactful.toml"
        settings.write_text(
            f'[brands.acme]\nname = "Acme"\n[sources.forum]\nkind = "feed"\nurl = "{here}/feed"\nevery_seconds = 3600\n'
            f'[network]\nallow_private = ["127.0.0.1"]\n[alerts]\nchannel = "slack"\nslack_base_url = "{here}"\n'
            f'[database]\nurl = "sqlite:///{folder}/tactful.db"\n[audit]\nkey_file = "{folder}/audit.key"\n'
        )
        environment = {**os.environ, "TACTFUL__ALERTS__SLACK_WEBHOOK": f"{here}/services/T/B/x"}
        monitor = subprocess.Popen(
            [sys.executable, "-m", "monitor", "run", "--config", str(settings)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            for number in range(POSTS):
                publish(number)
                if number:  # the first comes with the start; for the others a person presses "run now"
                    run_now(f"sqlite:///{folder}/tactful.db")
                with changed:
                    if not changed.wait_for(partial(heard.__contains__, number), timeout=WAIT_SECONDS):
                        print(f"post {number} did not reach the webhook within {WAIT_SECONDS} s", file=sys.stderr)
                        return 1
        finally:
            monitor.send_signal(signal.SIGTERM)
            monitor.wait(timeout=30)
    seconds = [heard[number] - handed_over[number] for number in range(1, POSTS)]
    figures = {"min": min(seconds), "median": statistics.median(seconds), "max": max(seconds)}
    print(
        json.dumps(
            {
                "n": len(seconds),
                "collector_to_slack_s": {name: round(value, 3) for name, value in figures.items()},
                "limit_s": LIMIT_SECONDS,
            },
            indent=1,
        )
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
