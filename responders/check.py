"""The reply check as others call it: `responders check` on the command line, `ReplyChecker` for everyone in the house.

Rules and model come from `classifiers`, the decision from `compliance`; here they are put together and nothing is sent.
"""

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from classifiers.command_line import CommandError, Row, RowError, answer, batched, json_name, opened, rows
from classifiers.encoder import Encoder
from classifiers.reply_risk import Reply, ReplyJudge, default_rules
from classifiers.rule_files import RuleFileBroken
from classifiers.types import Finding, ModelUnavailable, RiskReport
from monitor.mention import Lane
from monitor.settings_option import Commands
from responders.compliance import Policy, PolicyBroken, decide, parse_policy
from responders.promise_rules import shipped_rules
from responders.reply import Verdict
from responders.report import as_row
from responders.timely import CHECK_SECONDS, Bounded, TooSlow

if TYPE_CHECKING:
    from classifiers.model_evidence import DraftEncoder

SHIPPED_POLICY: Final = Path(__file__).with_name("policy.toml")
_BATCH: Final = 16
_SHARE_FOR_RULES: Final = 0.25
"""How much longer the rules are waited for, as a share of the time, when the model was late; they take milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedDraft:
    """What the check says of one draft; `policy`, `model` and `revision` name who said it.

    `findings` count code points of the draft as given. `hold_seconds` and `approvals_needed` are what the policy asks
    for; `notes` are reasons that stand in no finding, one sentence each.
    """

    verdict: Verdict
    risk: float
    findings: tuple[Finding, ...]
    policy: str
    model: str
    revision: str
    hold_seconds: int
    approvals_needed: int
    notes: tuple[str, ...]


def load_policy(path: Path | None = None) -> Policy:
    """The policy of a file (default: the shipped one); raises PolicyBroken when it cannot be read or used."""
    chosen = path or SHIPPED_POLICY
    try:
        text = chosen.read_text(encoding="utf-8")
    except OSError as error:
        msg = f"the reply policy {chosen} cannot be read ({error.strerror or error}); nothing is sent until it can"
        raise PolicyBroken(msg) from error
    except UnicodeDecodeError as error:
        raise PolicyBroken(f"the reply policy {chosen} is not UTF-8; nothing is sent until it is") from error
    try:
        return parse_policy(text)
    except PolicyBroken as error:
        raise PolicyBroken(f"{chosen}: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyChecker:
    """Checks drafts under one policy. Build it with `load` and keep it; safe to call from several threads.

    `check` waits no longer than `seconds` for the judge; `check_all` waits as long as it takes.
    """

    judge: ReplyJudge
    policy: Policy
    seconds: float = CHECK_SECONDS
    whole: Bounded = field(default_factory=Bounded)
    rules_only: Bounded = field(default_factory=Bounded)

    @staticmethod
    def load(
        *, policy: Path | None = None, allowed_domains: Sequence[str] = (), model: Path | None = None
    ) -> "ReplyChecker":
        """A checker with the shipped rules and the model of a weights folder (default: the shipped one).

        A missing model does not fail: every draft then needs a person and the notes say why. Raises PolicyBroken, and
        ModelUnavailable when the rules themselves cannot be read.
        """
        chosen = load_policy(policy)
        encoder: DraftEncoder | None = None
        missing = ""
        try:
            encoder = Encoder.load(model)
        except ModelUnavailable as error:
            missing = f"only the rules judged this draft: {error}"
        try:
            rules = default_rules()
            shipped_rules()  # what the decision reads promises by: broken or slow now, and not in the first check
        except RuleFileBroken as error:
            raise ModelUnavailable(str(error)) from error
        domains = frozenset(domain.strip().lower().strip(".") for domain in allowed_domains if domain.strip())
        return ReplyChecker(
            judge=ReplyJudge(rules=rules, encoder=encoder, allowed_domains=domains, missing=missing), policy=chosen
        )

    def check(
        self,
        draft: str,
        *,
        mention: str | None = None,
        lang: str | None = None,
        platform: str | None = None,
        lane: Lane = Lane.FLOW,
        followers: int | None = None,
        besides: Sequence[Finding] = (),
        say: str = "en",
    ) -> CheckedDraft:
        """Judge one draft as an answer to `mention`, whose author has so many followers (None: nobody knows).

        `besides` are findings of others that the policy weighs with those of the check; `say` is the language of
        reasons (ru, uk, ar, en).
        """
        reply = Reply(draft=draft, mention=mention, lang=lang, platform=platform)
        report = self._in_time(reply, say)
        return self._decided(
            reply, replace(report, findings=(*report.findings, *besides)) if besides else report, lane, followers, say
        )

    def _in_time(self, reply: Reply, say: str) -> RiskReport:
        """The judge's report when it comes in time; else what the rules say, or nothing, and either is incomplete."""
        try:
            return self.whole.run(lambda: self.judge.assess([reply], say=say)[0], seconds=self.seconds)
        except TooSlow:
            note = f"the check took longer than {self.seconds:g} seconds; a person must decide"
        encoder = self.judge.encoder
        if encoder is not None:
            rules = replace(self.judge, encoder=None, missing=note)
            with suppress(TooSlow):
                return self.rules_only.run(
                    lambda: rules.assess([reply], say=say)[0], seconds=self.seconds * _SHARE_FOR_RULES
                )
        revision = self.judge.rules.version if encoder is None else f"{encoder.revision}+{self.judge.rules.version}"
        model = "rules" if encoder is None else encoder.model
        return RiskReport(risk=1.0, findings=(), model=model, revision=revision, complete=False, notes=(note,))

    def check_all(
        self,
        replies: Sequence[Reply],
        *,
        followers: Sequence[int | None] | None = None,
        lane: Lane = Lane.FLOW,
        say: str = "en",
    ) -> list[CheckedDraft]:
        """Judge many drafts, in order; `followers` has the number of each one's author."""
        numbers = [None] * len(replies) if followers is None else followers
        reports = self.judge.assess(replies, say=say)
        return [
            self._decided(reply, report, lane, number, say)
            for reply, report, number in zip(replies, reports, numbers, strict=True)
        ]

    def _decided(self, reply: Reply, report: RiskReport, lane: Lane, followers: int | None, say: str) -> CheckedDraft:
        decision = decide(
            report,
            lane=lane,
            platform=reply.platform,
            followers=followers,
            policy=self.policy,
            text=reply.draft,
            say=say,
        )
        return CheckedDraft(
            verdict=decision.verdict,
            risk=report.risk,
            findings=decision.findings,
            policy=self.policy.version,
            model=report.model,
            revision=report.revision,
            hold_seconds=decision.hold_seconds,
            approvals_needed=decision.approvals_needed,
            notes=decision.notes,
        )


def add_parser(subparsers: Commands) -> None:
    """Add `check` to the commands of `responders`; its `func` is `run`."""
    parser = subparsers.add_parser("check", help="judge reply drafts before anybody sends them (NDJSON in, NDJSON out)")
    parser.add_argument(
        "file", nargs="?", default="-", metavar="FILE", help="rows with id, draft and mention; - is stdin"
    )
    parser.add_argument(
        "--allow-domain",
        action="append",
        default=[],
        metavar="D",
        help="a domain that links may point at; give it once for each; without any, no link is foreign",
    )
    parser.add_argument(
        "--followers",
        type=int,
        default=None,
        metavar="N",
        help='how many follow the author of each mention, where its row does not say ("followers")',
    )
    parser.add_argument("--policy", type=Path, default=None, metavar="FILE", help="another policy than the shipped one")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Check the rows of a file and print one answer for each; returns the exit status."""
    if args.followers is not None and args.followers < 0:
        raise CommandError(f"--followers must be 0 or more, not {args.followers}")
    try:
        checker = ReplyChecker.load(policy=args.policy, allowed_domains=args.allow_domain)
    except (PolicyBroken, ModelUnavailable) as error:
        raise CommandError(str(error)) from error

    def judge(batch: Sequence[Row]) -> list[dict[str, object]]:
        replies = [
            Reply(
                draft=row.text("draft"),
                mention=row.optional_text("mention"),
                lang=row.optional_text("lang"),
                platform=row.optional_text("platform"),
            )
            for row in batch
        ]
        followers = [_followers(row, args.followers) for row in batch]
        return [
            as_row(row.fields.get("id"), checked)
            for row, checked in zip(batch, checker.check_all(replies, followers=followers), strict=True)
        ]

    with opened(args.file) as stream:
        return answer(batched(rows(stream), _BATCH), judge, sys.stdout)


def _followers(row: Row, otherwise: int | None) -> int | None:
    value = row.fields.get("followers")
    if value is None:
        return otherwise
    if isinstance(value, bool) or not isinstance(value, int):
        raise RowError(f'"followers" must be a whole number, not {json_name(value)}')
    if value < 0:
        raise RowError(f'"followers" must be 0 or more, not {value}')
    return value
