"""The model card: every figure in it is read from what a command measured, the words are in `card_template.md`."""

from collections.abc import Iterable, Mapping, Sequence
from importlib import resources

from classifiers.training.public_sets import CORPORA

_UNMEASURED = "Not measured.\n"
Table = Mapping[str, object]


def card(found: Table) -> str:
    """The card as Markdown. `found` holds parsed JSON under report, settings, and where measured evaluation, baselines,
    bench, mentions, drafts, curve, seeds and failures; what is missing is said to be not measured.
    """
    report, settings = _table(found.get("report")), _table(found.get("settings"))
    agreement = _table(report.get("agreement"))
    brand_drafts = {k: v for k, v in _table(found.get("drafts")).items() if k != "stopped_by_category"}
    template = resources.files("classifiers.training").joinpath("card_template.md").read_text(encoding="utf-8")
    return template.format(
        model=settings.get("model"),
        revision=settings.get("revision"),
        runs=_runs(report.get("runs")),
        agreement_mentions=_by_name(agreement.get("mentions")),
        agreement_drafts=_by_name(agreement.get("drafts")),
        curve=_by_name(found.get("curve"), "step"),
        seeds=_by_name(found.get("seeds"), "seed"),
        brand_mentions=_by_name(found.get("mentions")),
        brand_drafts=_by_name(brand_drafts),
        sets=_sets(found.get("evaluation"), _table(found.get("baselines"))),
        means=_means(found.get("evaluation"), _table(found.get("baselines"))),
        disguises=_disguises(found.get("evaluation")),
        bench=_facts(_table(found.get("bench"))),
        failures=_failures(found.get("failures")),
        corpora=_corpora(),
        **{
            name: _by_name(report.get(name))
            for name in ("mentions", "politeness", "hostility", "explanation", "drafts", "categories")
        },
    )


def _runs(runs: object) -> str:
    lines = []
    for run in map(_table, runs if isinstance(runs, list) else []):
        step, examples, steps = _table(run.get("step")), _table(run.get("examples")), _count(run.get("steps"))
        met = []
        for kind, corpus in (("public", "public"), ("written", "mentions"), ("drafts", "drafts")):
            size = _count(examples.get(corpus))
            met.append(f"{_count(step.get(kind)) * steps / max(1, size):.1f} x {size}")
        lines.append([*(str(run.get(k)) for k in ("seed", "start", "steps", "planned_steps")), *met])
    if not lines:
        return _UNMEASURED
    shipped = (
        "A run that started from several went on from the mean of their networks, and the shipped weights are the mean"
        " of the last ones (Wortsman et al., Model soups, ICML 2022).\n\n"
        if len(lines) > 1
        else ""
    )
    columns = ["seed", "started from", "steps", "planned", "public texts met", "written mentions met", "drafts met"]
    return shipped + _markdown(columns, lines)


def _by_name(figures: object, name: str = "") -> str:
    rows = {str(key): _table(values) for key, values in _table(figures).items()}
    if not rows:
        return _UNMEASURED
    columns = list(dict.fromkeys(column for values in rows.values() for column in values))
    lines = [[key, *(str(values.get(column, "")) for column in columns)] for key, values in rows.items()]
    return _markdown([name, *columns], lines)


def _measured(evaluation: object) -> list[Table]:
    return [_table(row) for row in evaluation] if isinstance(evaluation, list) else []


def _sets(evaluation: object, baselines: Table) -> str:
    lines = []
    for row in _measured(evaluation):
        simple = _table(baselines.get(str(row.get("name"))))
        per_class = ", ".join(f"{label} {_percent(value)}" for label, value in _table(row.get("per_class")).items())
        interval = f"{_percent(row.get('low'))}-{_percent(row.get('high'))}"
        lines.append(
            [
                str(row.get("name")),
                str(row.get("n")),
                _percent(row.get("macro_f1")),
                interval,
                _percent(simple.get("ngrams")),
                _percent(simple.get("frozen")),
                per_class,
            ]
        )
    columns = ["set", "n", "macro-F1", "95 % interval", "n-grams", "frozen encoder", "F1 per class"]
    return _markdown(columns, lines) if lines else _UNMEASURED


def _means(evaluation: object, baselines: Table) -> str:
    lines = []
    rows = [row for row in _measured(evaluation) if str(row.get("name")) in baselines]
    for task in sorted({str(row.get("task")) for row in rows}):
        chosen = [row for row in rows if row.get("task") == task]
        simple = [_table(baselines[str(row.get("name"))]) for row in chosen]
        figures = [
            _mean(row.get("macro_f1") for row in chosen),
            _mean(row.get("ngrams") for row in simple),
            _mean(row.get("frozen") for row in simple),
        ]
        lines.append([task, str(len(chosen)), *map(_percent, figures)])
    return _markdown(["task", "sets", "judge", "n-grams", "frozen encoder"], lines) if lines else _UNMEASURED


def _disguises(evaluation: object) -> str:
    found: dict[str, dict[str, str]] = {}
    for row in _measured(evaluation):
        for disguise in map(_table, _list(row.get("disguises"))):
            caught, flagged = _percent(disguise.get("caught")), _percent(disguise.get("flagged"))
            said = f"{caught or '-'} of {disguise.get('insults')}, {flagged or '-'} of {disguise.get('clean')}"
            found.setdefault(str(disguise.get("disguise")), {})[str(disguise.get("lang"))] = said
    return _by_name(found, "disguise (caught, clean flagged)")


def _failures(failures: object) -> str:
    lines = [
        [str(_table(row).get(key, "")).replace("|", "/") for key in ("text", "right", "said", "cause")]
        for row in _list(failures)
    ]
    return _markdown(["text", "right", "said", "cause"], lines) if lines else _UNMEASURED


def _facts(facts: Table) -> str:
    lines = []
    for name, value in facts.items():
        inner = value.items() if isinstance(value, Mapping) else [("", value)]
        lines += [[f"{name} {key}".strip(), str(item)] for key, item in inner]
    return _markdown(["figure", "value"], lines) if lines else _UNMEASURED


def _corpora() -> str:
    written = ["written mentions, hostility and drafts", "the part for training", "Apache-2.0", "this project"]
    return _markdown(
        ["set", "rows at most", "licence", "source and citation"],
        [*([c.path, str(c.cap), c.licence, f"{c.source}; {c.citation}"] for c in CORPORA), written],
    )


def _markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _mean(values: Iterable[object]) -> float:
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    return sum(numbers) / len(numbers) if numbers else 0.0


def _table(value: object) -> Table:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else []


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def _percent(value: object) -> str:
    return f"{100 * value:.1f}" if isinstance(value, int | float) else ""
