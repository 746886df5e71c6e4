"""Rows of `replies`, `mentions` and `publications` as values, and a check's report as columns. Knows no query."""

from dataclasses import asdict
from typing import Final

from sqlalchemy import RowMapping

from classifiers.types import Category, Finding, Severity
from monitor.mention import Handling, Lane, MentionId
from responders.reply import (
    CheckReport,
    Draft,
    Publication,
    PublicationState,
    ReplyId,
    ReplyState,
    ReplyTarget,
    Verdict,
)

_REPORT_COLUMNS: Final = (
    "risk",
    "verdict",
    "findings",
    "policy",
    "model",
    "revision",
    "checked_at",
    "hold_seconds",
    "approvals_needed",
    "check_notes",
)


def _finding_row(finding: Finding) -> dict[str, object]:
    """A finding as JSON keeps it and as `responders check` prints it."""
    row: dict[str, object] = asdict(finding)
    return row | {"category": finding.category.value, "severity": finding.severity.value}


def _finding(row: dict[str, object]) -> Finding:
    start, end, suggestion = row.get("start"), row.get("end"), row.get("suggestion")
    return Finding(
        category=Category(str(row["category"])),
        severity=Severity(str(row["severity"])),
        start=start if isinstance(start, int) else None,
        end=end if isinstance(end, int) else None,
        text=str(row["text"]),
        rule=str(row["rule"]),
        score=float(str(row["score"])),
        why=str(row["why"]),
        suggestion=None if suggestion is None else str(suggestion),
    )


def report_columns(report: CheckReport | None) -> dict[str, object]:
    """A report as the columns of `replies`; all empty without one."""
    if report is None:
        return dict.fromkeys(_REPORT_COLUMNS)
    return {
        "risk": report.risk,
        "verdict": report.verdict.value,
        "findings": [_finding_row(finding) for finding in report.findings],
        "policy": report.policy,
        "model": report.model,
        "revision": report.revision,
        "checked_at": report.checked_at,
        "hold_seconds": report.hold_seconds,
        "approvals_needed": report.approvals_needed,
        "check_notes": list(report.notes),
    }


def _report(row: RowMapping) -> CheckReport | None:
    if row["verdict"] is None:
        return None
    return CheckReport(
        verdict=Verdict(row["verdict"]),
        risk=row["risk"],
        findings=tuple(_finding(finding) for finding in row["findings"] or ()),
        policy=row["policy"],
        model=row["model"],
        revision=row["revision"],
        checked_at=row["checked_at"],
        hold_seconds=row["hold_seconds"] or 0,
        approvals_needed=row["approvals_needed"] or 1,
        notes=tuple(row["check_notes"] or ()),
    )


def draft_from(row: RowMapping) -> Draft:
    """A row of `replies`."""
    return Draft(
        id=ReplyId(row["id"]),
        mention_id=MentionId(row["mention_id"]),
        author=row["author"],
        state=ReplyState(row["state"]),
        lane=Lane(row["lane"]),
        door=row["door"],
        template=row["template"],
        text=row["text"],
        text_hash=row["text_hash"],
        version=row["version"],
        mention_hash=row["mention_hash"],
        report=_report(row),
        note=row["note"],
        hold_until=row["hold_until"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def target_from(row: RowMapping, prefix: str = "") -> ReplyTarget:
    """A row of `mentions`, whose columns are named with `prefix` where it was joined to another."""

    def at(name: str) -> object:
        return row[prefix + name]

    names = ("source", "platform", "external_id", "parent_id", "root_id", "url", "brand", "author", "author_name")
    more = (
        "title",
        "text",
        "text_hash",
        "lang",
        "intent",
        "severity",
        "created_at",
        "due_at",
        "edited_at",
        "gone_at",
        "followers",
        "sentiment",
    )
    values = {name: at(name) for name in (*names, *more)}
    lane = at("lane")
    return ReplyTarget(
        mention_id=MentionId(row[prefix + "id"]),
        lane=None if lane is None else Lane(str(lane)),
        handling=Handling(str(at("handling"))),
        **values,  # type: ignore[arg-type]  # columns of the same names and types, see schema.mentions
    )


def publication_from(row: RowMapping) -> Publication:
    """A row of `publications`."""
    return Publication(**{**row, "state": PublicationState(row["state"])})
