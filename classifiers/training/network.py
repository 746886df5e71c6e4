"""The network: a BERT-shaped encoder with every head on top, written plainly so that it exports to a plain graph.

Names of the encoder's parameters are those of a Hugging Face checkpoint, so that one can be read as it is.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from classifiers.heads import CATEGORIES, INTENTS, POLITENESS, REASONS, SENTIMENTS, TOXICITIES

WIDTH: Final = 384
LAYERS: Final = 12
HEADS: Final = 12
INNER: Final = 1536
POSITIONS: Final = 512
MENTION_HEADS: Final = (len(SENTIMENTS), len(TOXICITIES), len(INTENTS), 1 + len(REASONS), len(POLITENESS))
"""Sizes of the heads over a text, in the order in which `classifiers.encoder` reads them."""
DRAFT_SIZE: Final = 1 + len(CATEGORIES)


class Dropout(nn.Module):
    """Dropout that spares or drops a feature in a whole sequence: one random number for each, not one a token."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        """`x` (batch, …, width) with features dropped while training."""
        if not self.training:
            return x
        shape = (x.shape[0], *[1] * (x.dim() - 2), x.shape[-1])
        return x * (torch.rand(shape) >= self.share).to(x.dtype).div(1.0 - self.share)


class Layer(nn.Module):
    """One transformer layer, normalised after each half as in BERT."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.query = nn.Linear(WIDTH, WIDTH)
        self.key = nn.Linear(WIDTH, WIDTH)
        self.value = nn.Linear(WIDTH, WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.norm_attention = nn.LayerNorm(WIDTH, eps=1e-12)
        self.up = nn.Linear(WIDTH, INNER)
        self.down = nn.Linear(INNER, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Hidden states of the next layer; `mask` is added to the attention scores."""
        batch, length, _ = x.shape
        shape = (batch, length, HEADS, WIDTH // HEADS)
        query, key, value = (part(x).view(shape).transpose(1, 2) for part in (self.query, self.key, self.value))
        # Spelled out, not fused: it exports to a plain graph, and on processors the fused kernel is the slower one.
        scores = query @ key.transpose(2, 3) * (WIDTH // HEADS) ** -0.5
        mixed = functional.softmax(scores if mask is None else scores + mask, dim=-1).to(value.dtype) @ value
        mixed = mixed.transpose(1, 2).reshape(batch, length, WIDTH)
        x = self.norm_attention(x + self.dropout(self.out(mixed)))
        return self.norm(x + self.dropout(self.down(functional.gelu(self.up(x)))))


class Encoder(nn.Module):
    """Token ids and types to hidden states."""

    def __init__(self, vocabulary: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.word = nn.Embedding(vocabulary, WIDTH)
        self.position = nn.Embedding(POSITIONS, WIDTH)
        self.kind = nn.Embedding(2, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.layers = nn.ModuleList([Layer(dropout) for _ in range(LAYERS)])
        self.dropout = Dropout(dropout)

    def forward(self, ids: Tensor, types: Tensor, mask: Tensor | None = None) -> Tensor:
        """Hidden states (batch, length, width); `mask` is 1 on tokens and 0 on padding, None without padding."""
        place = torch.arange(ids.shape[1], device=ids.device)
        x = self.dropout(self.norm(self.word(ids) + self.position(place) + self.kind(types)))
        added = None if mask is None else (1.0 - mask[:, None, None, :].to(_score_type(x))) * -1e4
        for layer in self.layers:
            x = layer(x, added)
        return x

    def load_base(self, state: Mapping[str, Tensor]) -> None:
        """Take over a Hugging Face BERT checkpoint of the same shape; raises KeyError when a part is missing."""
        norm = "LayerNorm"
        names = {
            "word": "embeddings.word_embeddings",
            "position": "embeddings.position_embeddings",
            "kind": "embeddings.token_type_embeddings",
            "norm": f"embeddings.{norm}",
        }
        for i in range(LAYERS):
            ours, theirs = f"layers.{i}", f"encoder.layer.{i}"
            names |= {f"{ours}.{part}": f"{theirs}.attention.self.{part}" for part in ("query", "key", "value")}
            names[f"{ours}.out"] = f"{theirs}.attention.output.dense"
            names[f"{ours}.norm_attention"] = f"{theirs}.attention.output.{norm}"
            names[f"{ours}.up"] = f"{theirs}.intermediate.dense"
            names[f"{ours}.down"] = f"{theirs}.output.dense"
            names[f"{ours}.norm"] = f"{theirs}.output.{norm}"
        own = self.state_dict()
        for name in own:
            module, _, kind = name.rpartition(".")
            own[name] = state[f"{names[module]}.{kind}"].float()
        self.load_state_dict(own)


class Head(nn.Module):
    """Its own attention over the tokens beside their mean, then one hidden layer."""

    def __init__(self, outputs: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.attention = nn.Linear(WIDTH, 1)
        self.hidden = nn.Linear(2 * WIDTH, 192)
        self.out = nn.Linear(192, outputs)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, within: Tensor) -> Tensor:
        """Logits (batch, outputs) from the tokens where `within` (batch, length) is 1."""
        within = within.to(x.dtype)
        scores = self.attention(x).squeeze(-1) + (1.0 - within) * -1e4
        looked_at = (functional.softmax(scores, dim=-1).unsqueeze(1) @ x).squeeze(1)
        features = self.dropout(torch.cat([_mean(x, within), looked_at], dim=-1))
        return self.out(self.dropout(functional.gelu(self.hidden(features))))


class Network(nn.Module):
    """Everything that is asked of one window, in one pass."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.encoder = Encoder(vocabulary)
        self.mention = nn.ModuleList([Head(size) for size in MENTION_HEADS])
        self.draft = Head(DRAFT_SIZE)
        self.token = nn.Sequential(nn.Linear(WIDTH, 128), nn.GELU(), nn.Linear(128, 1))
        self.embedding = nn.Linear(WIDTH, WIDTH)
        with torch.no_grad():
            self.embedding.weight.copy_(torch.eye(WIDTH))
            self.embedding.bias.zero_()

    def forward(self, ids: Tensor, types: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """`mention` logits, `draft` logits (risk, then categories), one risk logit a token, unit-length embedding."""
        x = self.encoder(ids, types, mask)
        tokens = torch.ones_like(ids) if mask is None else mask
        mention = torch.cat([head(x, tokens) for head in self.mention], dim=-1)
        draft = self.draft(x, types)
        risky = self.token(x).squeeze(-1)
        embedding = functional.normalize(self.embedding(_mean(x, tokens.to(x.dtype))), dim=-1)
        return mention, draft, risky, embedding


def _score_type(x: Tensor) -> torch.dtype:
    return torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else x.dtype


def _mean(x: Tensor, within: Tensor) -> Tensor:
    return (within.unsqueeze(1) @ x).squeeze(1) / within.sum(dim=1, keepdim=True).clamp(min=1.0)


def read_checkpoint(base: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint folder; raises OSError when its `model.safetensors` cannot be read."""
    from safetensors.torch import load_file  # noqa: PLC0415 - only here, and only where training is installed

    return {name.removeprefix("bert."): tensor for name, tensor in load_file(base / "model.safetensors").items()}
