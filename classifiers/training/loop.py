"""The optimisation: two kinds of batch a step, one loss, a checkpoint to resume from."""

import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from classifiers.heads import CATEGORIES
from classifiers.tokens import Tokens
from classifiers.training.batches import (
    IGNORE,
    Drafts,
    Mentions,
    collate_drafts,
    collate_mentions,
    stream,
    tokenised_draft,
    tokenised_mention,
)
from classifiers.training.corpora import DraftExample, MentionExample
from classifiers.training.network import MENTION_HEADS, Encoder, Network

RATE: Final = 1e-4
HEAD_RATE: Final = 5e-4
WARM_UP: Final = 0.06
SETTLED: Final = 5
TRIAL: Final = 25
"""Steps to warm up, and steps after which the number of steps that fit into the given minutes is fixed."""
SAVE_EVERY: Final = 100
TEACH_EVERY: Final = 4
SMOOTHING: Final = 0.05
_PREFIX: Final = (41, 1115, 12)
"""Tokens of "query: ", which the base encoder expects before a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What is learnt from."""

    public: Sequence[MentionExample]
    written: Sequence[MentionExample]
    drafts: Sequence[DraftExample]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many texts of each kind make a step."""

    public: int
    written: int
    drafts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long and from which seed; `steps` None means as many as fit into `minutes`."""

    seed: int
    minutes: float
    steps: int | None
    sizes: Sizes
    checkpoint: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """How many steps were made, and how many were first planned: a resumed run may be brought to an earlier end."""

    steps: int
    planned: int


def start_from(network: Network, *checkpoints: Path) -> None:
    """Take over the network of another run's checkpoint, or the mean of several; raises OSError for an unreadable one.

    The mean of runs that share their start is at least as good as one of them, at no cost afterwards (Wortsman et al.,
    Model soups, ICML 2022).
    """
    runs = [torch.load(checkpoint, weights_only=True)["network"] for checkpoint in checkpoints]
    mean = {name: torch.stack([run[name] for run in runs]).mean(dim=0) for name in runs[0]}
    network.load_state_dict(mean, strict=False)


def train(network: Network, teacher: Encoder, tokens: Tokens, material: Material, plan: Plan) -> Trained:
    """Train in place, going on from the checkpoint where there is one.

    `teacher` is the base encoder as it came: what it finds alike must stay alike.
    """
    torch.manual_seed(plan.seed)
    network.encoder.word.weight.requires_grad_(False)
    teacher.eval()
    optimiser = _optimiser(network)
    done, steps, planned = _resume(network, optimiser, plan)
    public = [tokenised_mention(example, tokens) for example in material.public]
    written = [tokenised_mention(example, tokens) for example in material.written]
    drafts = [tokenised_draft(example, tokens) for example in material.drafts]
    feeds = zip(
        stream(public, plan.sizes.public, seed=f"{plan.seed}-public", length=lambda m: len(m.ids), skip=done),
        stream(written, plan.sizes.written, seed=f"{plan.seed}-written", length=lambda m: len(m.ids), skip=done),
        stream(drafts, plan.sizes.drafts, seed=f"{plan.seed}-drafts", length=lambda d: len(d.window.ids), skip=done),
        strict=False,
    )
    started = time.monotonic()
    network.train()
    for step, (public_batch, written_batch, draft_batch) in enumerate(feeds, start=done):
        if step == done + SETTLED:
            started = time.monotonic()
        if steps is None and step == done + SETTLED + TRIAL:
            steps = max(2 * TRIAL, int(plan.minutes * 60 / ((time.monotonic() - started) / TRIAL)))
            _say(f"{steps} steps fit into {plan.minutes:g} minutes; --steps {steps} repeats this run")
        if steps is not None and step >= steps:
            break
        # One seed a step: a resumed run draws the same dropout as one that never stopped.
        torch.manual_seed(plan.seed * 1_000_003 + step)
        rng = random.Random(f"{plan.seed}-{step}")  # noqa: S311 - augmentation, not secrecy
        share = _rate(step, steps or 100 * TRIAL)
        for group in optimiser.param_groups:
            group["lr"] = group["full"] * share
        optimiser.zero_grad(set_to_none=True)
        losses = _mentions(network, collate_mentions(public_batch, rng=rng), None)
        taught = teacher if step % TEACH_EVERY == 0 else None
        losses |= _mentions(network, collate_mentions(written_batch, rng=rng), taught)
        losses |= _drafts(network, collate_drafts(draft_batch))
        torch.nn.utils.clip_grad_norm_([p for p in network.parameters() if p.requires_grad], 1.0)
        optimiser.step()
        if step % 50 == 0:
            pace = (time.monotonic() - started) / (step - done - SETTLED if step > done + SETTLED else 1)
            _say(
                f"step {step}/{steps or '?'}, {pace:.2f} s a step, "
                + ", ".join(f"{k} {v:.3f}" for k, v in losses.items())
            )
        if steps is not None and ((step + 1) % SAVE_EVERY == 0 or step + 1 == steps):
            _save(network, optimiser, plan, step + 1, Trained(steps=steps, planned=planned or steps))
    network.eval()
    return Trained(steps=steps or 0, planned=planned or steps or 0)


def _mentions(network: Network, batch: Mentions, teacher: Encoder | None) -> dict[str, float]:
    """Gradients of one batch of texts."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits, _, _, embedding = network(batch.ids, torch.zeros_like(batch.ids), batch.mask)
    losses = mention_losses(logits.float(), batch)
    if teacher is not None:
        losses["embedding"] = _likeness(embedding.float(), _taught(teacher, batch)) * TEACH_EVERY
    (batch.weight * sum(losses.values())).backward()
    return {name: float(loss.detach()) for name, loss in losses.items()}


def _drafts(network: Network, batch: Drafts) -> dict[str, float]:
    """Gradients of one batch of drafts."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        _, logits, risky, _ = network(batch.ids, batch.types, batch.mask)
    losses = draft_losses(logits.float(), risky.float(), batch)
    sum(losses.values()).backward()
    return {name: float(loss.detach()) for name, loss in losses.items()}


def mention_losses(logits: Tensor, batch: Mentions) -> dict[str, Tensor]:
    """One loss a head; texts that say nothing about a head cost nothing there."""
    sentiment, toxicity, intent, urgency, politeness = logits.split(list(MENTION_HEADS), dim=1)
    allowed = torch.logsumexp(intent.masked_fill(~batch.intents, -1e4), dim=1) - torch.logsumexp(intent, dim=1)
    known = batch.urgent != IGNORE
    urgent = functional.binary_cross_entropy_with_logits(
        urgency[:, 0], batch.urgent.clamp(min=0).float(), pos_weight=torch.tensor(1.5), reduction="none"
    )
    return {
        "sentiment": _mean(_choice(sentiment, batch.sentiment), batch.sentiment != IGNORE),
        "toxicity": _mean(_choice(toxicity, batch.toxicity), batch.toxicity != IGNORE),
        "intent": _mean(-allowed, ~batch.intents.all(dim=1)),
        "urgent": _mean(urgent, known),
        "reason": 0.5 * _mean(_choice(urgency[:, 1:], batch.reason), batch.reason != IGNORE),
        "politeness": 0.5 * _mean(_choice(politeness, batch.politeness), batch.politeness != IGNORE),
    }


def draft_losses(logits: Tensor, risky: Tensor, batch: Drafts) -> dict[str, Tensor]:
    """The whole draft, its categories, and its tokens; labelled words taught more than anything else in trials."""
    categories = functional.binary_cross_entropy_with_logits(
        logits[:, 1:], batch.categories, pos_weight=torch.full((len(CATEGORIES),), 4.0)
    )
    inside = batch.tokens != IGNORE
    tokens = functional.binary_cross_entropy_with_logits(
        risky[inside], batch.tokens[inside].float(), pos_weight=torch.tensor(2.0)
    )
    return {
        "risk": functional.binary_cross_entropy_with_logits(logits[:, 0], batch.risky),
        "categories": 4.0 * categories,
        "tokens": 1.5 * tokens,
    }


def _choice(logits: Tensor, labels: Tensor) -> Tensor:
    return functional.cross_entropy(logits, labels, ignore_index=IGNORE, reduction="none", label_smoothing=SMOOTHING)


def _mean(losses: Tensor, known: Tensor) -> Tensor:
    return (losses * known).sum() / known.sum().clamp(min=1)


@torch.no_grad()
def _taught(teacher: Encoder, batch: Mentions) -> Tensor:
    """The base encoder's own embeddings, which the trained one must keep: texts are found by meaning with them."""
    rows = len(batch.ids)
    prefix = torch.tensor(_PREFIX).expand(rows, -1)
    ids = torch.cat([batch.ids[:, :1], prefix, batch.ids[:, 1:]], dim=1)
    mask = torch.cat([torch.ones_like(prefix), batch.mask], dim=1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        x = teacher(ids, torch.zeros_like(ids), mask)
    within = mask.float()
    return functional.normalize((within.unsqueeze(1) @ x.float()).squeeze(1) / within.sum(1, keepdim=True), dim=-1)


def _likeness(student: Tensor, teacher: Tensor) -> Tensor:
    """How far embeddings and their likeness to each other are from the teacher's."""
    apart = 1.0 - (student * teacher).sum(dim=1).mean()
    pairs = functional.mse_loss(student @ student.T, teacher @ teacher.T)
    return 2.0 * apart + 20.0 * pairs


def _optimiser(network: Network) -> torch.optim.Optimizer:
    groups = []
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            full = RATE if name.startswith("encoder.") else HEAD_RATE
            decay = 0.01 if parameter.dim() > 1 else 0.0
            groups.append({"params": [parameter], "full": full, "lr": full, "weight_decay": decay})
    return torch.optim.AdamW(groups, betas=(0.9, 0.98), eps=1e-6, foreach=False, fused=True)


def _rate(step: int, steps: int) -> float:
    """Share of the full rate: up over the first steps, then down to nothing."""
    warm = max(1, int(WARM_UP * steps))
    return (step + 1) / warm if step < warm else max(0.0, (steps - step) / (steps - warm))


def _save(network: Network, optimiser: torch.optim.Optimizer, plan: Plan, step: int, run: Trained) -> None:
    state = {name: value for name, value in network.state_dict().items() if name != "encoder.word.weight"}
    plan.checkpoint.parent.mkdir(parents=True, exist_ok=True)
    fresh = plan.checkpoint.with_suffix(".new")
    torch.save(
        {
            "seed": plan.seed,
            "step": step,
            "steps": run.steps,
            "planned": run.planned,
            "network": state,
            "optimiser": optimiser.state_dict(),
        },
        fresh,
    )
    fresh.replace(plan.checkpoint)


def _resume(network: Network, optimiser: torch.optim.Optimizer, plan: Plan) -> tuple[int, int | None, int | None]:
    """Steps done, steps to make, steps first planned; `--steps` may bring the end of a resumed run nearer."""
    if not plan.checkpoint.exists():
        return 0, plan.steps, plan.steps
    saved = torch.load(plan.checkpoint, weights_only=True)
    steps = plan.steps or saved["steps"]
    if saved["seed"] != plan.seed or not saved["step"] <= steps <= saved["steps"]:
        _say(f"{plan.checkpoint} is of another run and is left aside")
        return 0, plan.steps, plan.steps
    network.load_state_dict(saved["network"], strict=False)
    optimiser.load_state_dict(saved["optimiser"])
    _say(f"going on from step {saved['step']} of {steps}")
    return saved["step"], steps, saved.get("planned", saved["steps"])


def _say(line: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stderr.flush()
