"""How long until the console answers, and how much memory the whole stack holds.

Starts the three processes of the Procfile as `make start` does, on a throw-away database with the sample brand, waits
for the console, opens it in nothing (no browser is measured), lets it work for a while and adds up the proportional
set size of every process (shared pages are counted once). Prints JSON. Linux only: it reads /proc.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETTLE_SECONDS = 60


def free_port() -> int:
    """A port that nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_ready(url: str, limit: float = 120.0) -> float:
    """Seconds until the address answers 200; raises TimeoutError after `limit`."""
    began = time.perf_counter()
    while time.perf_counter() - began < limit:
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 - our own console on loopback
                if answer.status == 200:  # noqa: PLR2004 - HTTP's own number
                    return time.perf_counter() - began
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise TimeoutError(url)


def family(root: int) -> list[int]:
    """A process and all that descend from it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, todo = [], [root]
    while todo:
        found.append(todo.pop())
        todo += parents.get(found[-1], [])
    return found


def memory_mb(pid: int) -> tuple[str, float]:
    """A process's command and its proportional set size in MB; zero when it is gone."""
    folder = Path("/proc") / str(pid)
    try:
        lines = (folder / "smaps_rollup").read_text().splitlines()
        command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return "", 0.0
    return command[:60], next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


def main() -> int:
    """Run once and print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        environment = {
            **os.environ,
            "TACTFUL__DATABASE__URL": f"sqlite:///{folder}/tactful.db",
            "TACTFUL__AUDIT__KEY_FILE": f"{folder}/audit.key",
            "TACTFUL__CONSOLE__PORT": str(port),
        }
        began = time.perf_counter()
        stack = subprocess.Popen(
            [str(Path(sys.executable).parent / "honcho"), "start"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            ready = wait_until_ready(f"http://127.0.0.1:{port}/readyz")
            time.sleep(SETTLE_SECONDS)
            processes = sorted((memory_mb(pid) for pid in family(stack.pid)), key=lambda each: -each[1])
        finally:
            stack.send_signal(signal.SIGTERM)
            asked = time.perf_counter()
            stack.wait(timeout=30)
            stopped = time.perf_counter() - asked
    print(
        json.dumps(
            {
                "console_ready_s": round(ready, 2),
                "limit_ready_s": 15,
                "memory_mb": round(sum(megabytes for _, megabytes in processes)),
                "limit_memory_mb": 2500,
                "by_process_mb": {command: round(megabytes) for command, megabytes in processes if megabytes > 1},
                "measured_after_s": round(time.perf_counter() - began),
                "clean_stop_s": round(stopped, 2),
            },
            indent=1,
        )
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
