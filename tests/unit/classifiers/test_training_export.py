import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is installed only to train")

import onnxruntime  # noqa: E402 - after the check for torch

from classifiers.training.export import graph  # noqa: E402
from classifiers.training.network import Network  # noqa: E402

VOCABULARY = 300
# The exporter warns of its own calls, and that two inputs are equally long, which they are meant to be.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*axis name:UserWarning"),
]


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    fresh: Network = Network(VOCABULARY).eval()
    with torch.no_grad():
        for parameter in fresh.parameters():  # biases and scales too: none may get lost on the way
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return fresh


@pytest.fixture(scope="module")
def session(network: Network) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(graph(network).SerializeToString(), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize(("length", "draft"), [(2, 0), (9, 0), (40, 12), (200, 199)])
def test_the_exported_graph_says_what_the_network_says(
    network: Network, session: onnxruntime.InferenceSession, length: int, draft: int
) -> None:
    ids = torch.randint(3, VOCABULARY, (1, length))
    types = torch.zeros_like(ids)
    types[0, length - draft :] = 1
    with torch.no_grad():
        expected = network(ids, types)
    found = session.run(None, {"input_ids": ids.numpy(), "token_type_ids": types.numpy()})
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-3, atol=1e-3)
