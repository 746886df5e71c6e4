"""The trained network as one ONNX file of 8-bit weights.

The graph takes one window without padding: no mask, no batch. `reduce_range` keeps processors without VNNI from
saturating.
"""

import tempfile
from pathlib import Path
from typing import Final

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from classifiers.training.network import Network

OUTPUTS: Final = ["mention", "draft", "tokens", "vector"]
OPSET: Final = 18


def export(network: Network, path: Path) -> None:
    """Write the network to `path`, quantised."""
    network.eval()
    ids = torch.tensor([[0, *range(10, 40), 2]])
    types = torch.zeros_like(ids)
    length = torch.export.Dim("length", min=2, max=512)
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        program = torch.onnx.export(
            network,
            (ids, types),
            input_names=["input_ids", "token_type_ids"],
            output_names=OUTPUTS,
            dynamic_shapes=({1: length}, {1: length}),
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
        model = program.model_proto
        # The exporter's optimiser transposes weights and keeps the old shapes on record, which the quantiser refuses.
        del model.graph.value_info[:]
        onnx.save(model, plain)
        path.parent.mkdir(parents=True, exist_ok=True)
        quantize_dynamic(plain, path, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    _bare(path)


def _bare(path: Path) -> None:
    """Take out what the exporter notes beside the graph: names of files where it was trained, lists of parameters."""
    model = onnx.load(path)
    for part in (model, model.graph, *model.graph.node, *model.graph.input, *model.graph.output):
        del part.metadata_props[:]
        part.doc_string = ""
    onnx.save(model, path)
