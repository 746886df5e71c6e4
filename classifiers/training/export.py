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
from classifiers.training.one_window import OneWindow

OUTPUTS: Final = ["mention", "draft", "tokens", "vector"]
OPSET: Final = 20
_LEAST: Final = 128
"""Matrices smaller than this on a side stay as they are: 8 bits would save nothing there."""


def export(network: Network, path: Path) -> None:
    """Write the network to `path`, quantised."""
    model = graph(network)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        onnx.save(model, plain)
        quantize_dynamic(
            plain,
            path,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            nodes_to_quantize=_large(model.graph),
            # The quantiser cannot infer types behind operations of ONNX Runtime's own.
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )
    _bare(path)


def graph(network: Network) -> onnx.ModelProto:
    """The network as a graph of 32-bit floats for one window of any length."""
    ids = torch.tensor([[0, *range(10, 40), 2]])
    types = torch.zeros_like(ids)
    length = torch.export.Dim("length", min=2, max=512)
    program = torch.onnx.export(
        OneWindow(network).eval(),
        (ids, types),
        input_names=["input_ids", "token_type_ids"],
        output_names=OUTPUTS,
        dynamic_shapes=({1: length}, {1: length}),
        opset_version=OPSET,
        dynamo=True,
        verbose=False,
    )
    model: onnx.ModelProto = program.model_proto
    # The exporter's optimiser transposes weights and keeps the old shapes on record, which the quantiser refuses.
    del model.graph.value_info[:]
    return model


def _large(graph: onnx.GraphProto) -> list[str]:
    """Names of the lookups and products with a matrix that is worth 8 bits."""
    matrices = {tensor.name for tensor in graph.initializer if len(tensor.dims) > 1 and min(tensor.dims) >= _LEAST}
    return [
        node.name
        for node in graph.node
        if node.op_type in {"MatMul", "Gemm", "Gather"} and matrices.intersection(node.input)
    ]


def _bare(path: Path) -> None:
    """Take out what the exporter notes beside the graph: names of files where it was trained, lists of parameters."""
    model = onnx.load(path)
    for part in (model, model.graph, *model.graph.node, *model.graph.input, *model.graph.output):
        del part.metadata_props[:]
        part.doc_string = ""
    onnx.save(model, path)
