"""Send an alert: Slack by incoming webhook, or its harmless twin that prints.

A send either returns, and then the alert is in, or raises an `EdgeError`. A lost answer leaves it open whether the
message is in; it is sent again, because an alert that comes twice costs less than one that never comes. Nothing is
retried here: retries are kept in the database, so that they survive a restart.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

import logging
import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import IO, Final, TextIO
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from slack_sdk.webhook import WebhookClient, WebhookResponse

from monitor.alerts import Card, Notice
from monitor.config import AlertSettings, NetworkSettings, SettingsError
from monitor.errors import AuthFailed, BadPayload, EdgeError, RateLimited, SourceDown

SLACK_ORIGIN: Final = "https://hooks.slack.com"
ANSWER_BYTES: Final = 4096  # Slack answers `ok` or one word of error
HEADER_LIMIT: Final = 150
LONGEST_ANSWER: Final = 30.0  # seconds; an alert is taken for 60, after which another process may send it
LONGEST_WAIT: Final = timedelta(hours=1)
USUAL_WAIT: Final = timedelta(seconds=60)
WEBHOOK_VARIABLE: Final = "TACTFUL__ALERTS__SLACK_WEBHOOK"

Block = Mapping[str, object]


class ConsoleNotifier:
    """Prints alerts where the monitor runs: the twin that needs no network."""

    channel = "console"

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def send(self, card: Card | Notice, *, now: datetime) -> None:  # noqa: ARG002 - every channel is called alike
        """Print an alert or a notice; raises SourceDown when the output is closed or full."""
        if isinstance(card, Notice):
            lines = [f"NOTICE {card.title}", f"  {card.text}", f"  {card.link}"]
        else:
            lines = [f"ALERT {card.title}", f"  “{card.quote}”", f"  why: {card.why}", f"  severity {card.severity:g}"]
            lines += [f"    {term}" for term in card.terms]
            lines += [f"  {line}" for line in (card.due_words, card.console_link, card.post_link) if line]
        try:
            self._out.write("\n".join(lines) + "\n")
            self._out.flush()
        except (OSError, ValueError) as error:
            raise SourceDown("the alert could not be printed", remedy="see where the monitor's output goes") from error


class SlackNotifier:
    """Posts alerts to a Slack channel by an incoming webhook, whose address is its password."""

    channel = "slack"

    def __init__(self, url: str, *, timeout: float) -> None:
        """`url` from `webhook_url`; `timeout` in seconds, for one answer."""
        # At DEBUG the client would log the address; it gets a logger that says nothing.
        quiet = logging.getLogger("monitor.notify.slack_sdk")
        quiet.setLevel(logging.CRITICAL + 1)
        self._client = _Webhook(url, timeout=max(1, math.ceil(timeout)), retry_handlers=[], logger=quiet)

    def send(self, card: Card | Notice, *, now: datetime) -> None:
        """Post an alert or a notice; raises RateLimited, AuthFailed, BadPayload or SourceDown."""
        try:
            answer = self._client.send(
                text=fallback(card), blocks=[dict(block) for block in blocks(card)], unfurl_links=False
            )
        except (OSError, HTTPException, ValueError) as error:
            # Never the error's own words: some of them quote the address.
            words = _words(error)
            raise SourceDown(f"Slack {words}", remedy="see that this machine reaches Slack") from error
        problem = refusal(answer.status_code, answer.body, answer.headers, now=now)
        if problem is not None:
            raise problem


class BrokenNotifier:
    """Stands where the channel that is set cannot be used: alerts stay due, each saying why."""

    def __init__(self, channel: str, why: str) -> None:
        self.channel = channel
        self._why = why

    def send(self, card: Card | Notice, *, now: datetime) -> None:  # noqa: ARG002 - every channel is called alike
        """Raise AuthFailed."""
        raise AuthFailed(self._why, remedy="correct the settings and restart the monitor")


def notifier(alerts: AlertSettings, network: NetworkSettings, out: TextIO) -> ConsoleNotifier | SlackNotifier:
    """The channel that is set; raises SettingsError when Slack is chosen and its webhook cannot be used."""
    if alerts.channel == "console":
        return ConsoleNotifier(out)
    webhook = "" if alerts.slack_webhook is None else alerts.slack_webhook.get_secret_value()
    return SlackNotifier(
        webhook_url(webhook, alerts.slack_base_url), timeout=min(network.timeout_seconds, LONGEST_ANSWER)
    )


def webhook_url(webhook: str, base_url: str) -> str:
    """The address to post to: the webhook's path on the one host that is allowed, `base_url`.

    The webhook is a path, an address on `base_url`, or one on Slack's own host (a proxy then stands in for it).
    Raises SettingsError; its message never holds the webhook.
    """
    if not webhook:
        raise SettingsError(
            f'alerts go to Slack, but no webhook is set; set {WEBHOOK_VARIABLE}, or channel = "console"'
        )
    base = base_url.rstrip("/")
    if not base.lower().startswith(("http://", "https://")) or not _host(base):
        raise SettingsError(f'the setting "alerts.slack_base_url" is not a web address; use {SLACK_ORIGIN}')
    for origin in (base, SLACK_ORIGIN):
        if webhook.lower().startswith(origin.lower() + "/"):
            webhook = webhook[len(origin) :]
            break
    if not webhook.startswith("/"):
        raise SettingsError(
            f"{WEBHOOK_VARIABLE} is not an address below alerts.slack_base_url ({base}); copy it from Slack"
        )
    if not (webhook.isascii() and webhook.isprintable()) or " " in webhook:
        raise SettingsError(f"{WEBHOOK_VARIABLE} holds characters that no address has; copy it from Slack again")
    return base + webhook


def refusal(status: int, body: str, headers: Mapping[str, str], *, now: datetime) -> EdgeError | None:
    """What an answer of Slack means for the alert; None when it is in."""
    word = " ".join(body.split())[:60]
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP: success
        page = SourceDown("a web page answered instead of Slack", remedy="check alerts.slack_base_url")
        return page if word.startswith("<") else None
    if status == 429:  # noqa: PLR2004 - HTTP: too many requests
        return RateLimited("Slack asks us to wait", until=now + wait_of(headers))
    if status >= 500 or status == 408:  # noqa: PLR2004 - HTTP: the server's fault, or it gave up waiting
        return SourceDown(f"Slack answered {status}", remedy="nothing to do: it is tried again")
    if status == 400:  # noqa: PLR2004 - HTTP: the message itself
        return BadPayload(f"Slack cannot use this message ({word or status})", remedy="please report this")
    if 300 <= status < 400:  # noqa: PLR2004 - HTTP: elsewhere; an alert is not sent to a host that nobody named
        return AuthFailed(f"the webhook points elsewhere ({status})", remedy="check alerts.slack_base_url")
    return AuthFailed(
        f"Slack refuses the webhook ({word or status})", remedy=f"make a new one in Slack and set {WEBHOOK_VARIABLE}"
    )


def wait_of(headers: Mapping[str, str]) -> timedelta:
    """How long Slack asks to wait, in seconds; a minute when it does not say, never above an hour."""
    value = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    if not (value.strip().isdecimal() and value.isascii()) or len(value) > 9:  # noqa: PLR2004 - 30 years is no wait
        return USUAL_WAIT
    return min(max(timedelta(seconds=int(value)), timedelta(seconds=1)), LONGEST_WAIT)


def blocks(card: Card | Notice) -> list[Block]:
    """The card in Block Kit. What comes from outside stands in `plain_text` only, where no markup is read."""
    if isinstance(card, Notice):
        return [
            {"type": "section", "text": _plain_text(f"{card.title}\n{card.text}")},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": f"<{card.link}|Open in Tactful>"}]},
        ]
    links = [f"<{card.console_link}|Open in Tactful>"]
    if card.post_link is not None:
        links.append(f"<{escape(card.post_link)}|See the post>")
    when = [f"*{due_in_slack(card)}*"] if card.due_at is not None else []
    reasons = "\n".join([f"Why: {card.why}", f"Severity {card.severity:g} of 100", *(f"• {t}" for t in card.terms)])
    return [
        {"type": "header", "text": _header(card.title)},
        {"type": "section", "text": _plain_text(f"“{card.quote}”" if card.quote else "(a post without words)")},
        {"type": "section", "text": _plain_text(reasons)},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": " · ".join([*when, *links])}]},
    ]


def fallback(card: Card | Notice) -> str:
    """What a notification on a phone shows."""
    if isinstance(card, Notice):
        return escape(card.title)
    return escape(f"{card.title} ({card.due_words})" if card.due_words else card.title)


def due_in_slack(card: Card) -> str:
    """The due time in each reader's own time zone, by Slack's date markup."""
    if card.due_at is None:
        return ""
    shown = f"{card.due_at:%Y-%m-%d %H:%M} UTC"
    return f"{card.due_words} (<!date^{int(card.due_at.timestamp())}^{{date_short_pretty}} {{time}}|{shown}>)"


def escape(text: str) -> str:
    """Slack's three control characters as entities, so that no text can call a channel or make a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain_text(text: str) -> Block:
    return {"type": "plain_text", "text": escape(text), "emoji": False}


def _header(title: str) -> Block:
    shown = title[:HEADER_LIMIT]
    while len(escape(shown)) > HEADER_LIMIT:
        shown = shown[:-1]
    return _plain_text(shown)


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _words(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    if isinstance(reason, TimeoutError):
        return "did not answer in time"
    if isinstance(reason, OSError) and reason.strerror:
        return f"cannot be reached ({reason.strerror})"
    return f"cannot be reached ({type(reason).__name__})"


class _NoRedirect(HTTPRedirectHandler):
    """An answer that points elsewhere is an answer, not an order."""

    def redirect_request(self, req: Request, fp: IO[bytes], code: int, msg: str, headers: object, newurl: str) -> None:
        """Follow nothing."""


class _Webhook(WebhookClient):
    """slack_sdk's client, except that it follows no redirect and reads no endless answer.

    Its own follows a redirect with an empty GET and takes that page's 200 for a delivery.
    """

    def _perform_http_request_internal(self, url: str, req: Request) -> WebhookResponse:
        opener = build_opener(_NoRedirect, HTTPSHandler(context=self.ssl))
        try:
            answer = opener.open(req, timeout=self.timeout)
        except HTTPError as error:
            answer = error
        with answer:
            try:
                body = answer.read1(ANSWER_BYTES)
            except (OSError, HTTPException):
                body = b""  # the status has come, and it alone decides
            return WebhookResponse(
                url=url,
                status_code=answer.status,
                body=body.decode("utf-8", errors="replace"),
                headers=dict(answer.headers.items()),
            )
