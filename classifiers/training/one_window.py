"""The trained network as it runs: one window a call, without mask or batch, in few and wide operations.

On processors the small operations around the matrix products cost as much as the products themselves. So query, key
and value are one product, attention is one operation of ONNX Runtime, and all heads share theirs. Nothing is learnt
here and nothing is approximated: up to rounding the outputs are those of `Network`.
"""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from classifiers.training.network import HEADS, MENTION_HEADS, WIDTH, Head, Layer, Network

_MENTION_SIZE: Final = sum(MENTION_HEADS)
_FAR: Final = 1e4
"""Taken from the score of a token that a head must not look at."""


class OneWindow(nn.Module):
    """`Network` for one window; built from a trained one, of which it shares the parameters it leaves as they are."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        encoder = network.encoder
        self.word = encoder.word
        # Of two kinds of token the second is told by what it adds to the first: one lookup less.
        first, second = encoder.kind.weight.detach()
        self.place = nn.Parameter(encoder.position.weight.detach() + first)
        self.second = nn.Parameter((second - first)[None, None, :])
        self.norm = encoder.norm
        self.layers = nn.ModuleList([_OneLayer(layer) for layer in encoder.layers])
        self.heads = _Heads([*network.mention, network.draft])
        self.token = network.token
        self.embedding = network.embedding

    def forward(self, ids: Tensor, types: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """As `Network`: `ids` and `types` are (1, length), the outputs have a batch of one."""
        second = types.to(self.place.dtype)
        x = self.norm(self.word(ids) + self.place[: ids.shape[1]] + second[:, :, None] * self.second)
        for layer in self.layers:
            x = layer(x)
        logits, mean = self.heads(x[0], second[0])
        embedding = functional.normalize(self.embedding(mean), dim=-1)
        return logits[:, :_MENTION_SIZE], logits[:, _MENTION_SIZE:], self.token(x).squeeze(-1), embedding


class _OneLayer(nn.Module):
    """One transformer layer with query, key and value in one product."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.inputs = _joined([layer.query, layer.key, layer.value])
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        """Hidden states (1, length, width) of the next layer."""
        layer = self.layer
        query, key, value = self.inputs(x).split(WIDTH, dim=-1)
        mixed = torch.onnx.ops.symbolic(
            "com.microsoft::MultiHeadAttention",
            (query, key, value),
            {"num_heads": HEADS},
            dtype=query.dtype,
            shape=query.shape,
            version=1,
        )
        x = layer.norm_attention(x + layer.out(mixed))
        return layer.norm(x + layer.down(functional.gelu(layer.up(x))))


class _Heads(nn.Module):
    """All heads at once: what each looks at, its hidden layer, and its own outputs; the draft's head is the last."""

    def __init__(self, heads: Sequence[Head]) -> None:
        super().__init__()
        self.attention = nn.Parameter(torch.cat([head.attention.weight.detach() for head in heads]))
        # One product gives every hidden layer for every head's features; only the matching ones are kept. That is six
        # times the arithmetic and still far cheaper than six products.
        self.hidden = nn.Parameter(torch.cat([head.hidden.weight.detach() for head in heads]).T.contiguous())
        self.hidden_bias = nn.Parameter(torch.cat([head.hidden.bias.detach() for head in heads]))
        self.register_buffer("own", torch.eye(len(heads))[:, :, None])
        self.register_buffer("draft", torch.eye(len(heads))[-1:].T)
        self.out = nn.Parameter(torch.block_diag(*[head.out.weight.detach() for head in heads]).T.contiguous())
        self.out_bias = nn.Parameter(torch.cat([head.out.bias.detach() for head in heads]))

    def forward(self, x: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (1, all heads) and the mean token (1, width) of `x` (length, width); `second` is 1 on the draft."""
        heads = len(self.attention)
        scores = self.attention @ x.T - self.draft * (1.0 - second) * _FAR
        everywhere = torch.full_like(second, 1.0)[None] / second.shape[0]
        within = (second / second.sum().clamp(min=1.0))[None]
        seen = torch.cat([functional.softmax(scores, dim=-1), everywhere, within]) @ x
        mean, inside = seen[heads : heads + 1], seen[heads + 1 :]
        features = torch.cat([torch.cat([mean.expand(heads - 1, -1), inside]), seen[:heads]], dim=-1)
        hidden = (features @ self.hidden + self.hidden_bias).view(heads, heads, -1)
        own = functional.gelu((hidden * self.own).sum(dim=0))
        return own.reshape(1, -1) @ self.out + self.out_bias, mean


def _joined(parts: Sequence[nn.Linear]) -> nn.Linear:
    whole = nn.Linear(WIDTH, sum(part.out_features for part in parts))
    with torch.no_grad():
        whole.weight.copy_(torch.cat([part.weight for part in parts]))
        whole.bias.copy_(torch.cat([part.bias for part in parts]))
    return whole
