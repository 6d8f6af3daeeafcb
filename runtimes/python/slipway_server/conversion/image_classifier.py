"""A network over images as ONNX, proven on golden images as transformers' own processor prepares them."""

from __future__ import annotations

import warnings
from typing import Any, Iterator

import numpy as np

from ..proof.shares import measured
from ..proof.timing import median_micros

_TOLERANCE = 1e-4
_SEED = 20_261_128
# The sizes of the golden images: small and large, wide and high; one image is gray.
_SIZES = ((12, 8), (224, 224), (640, 427), (301, 500), (96, 160), (1024, 768))


def golden_images() -> Iterator[Any]:
    """Pillow images, the same each time: gradients of colour with noise on them."""
    from PIL import Image

    dice = np.random.RandomState(_SEED)
    for width, height in _SIZES:
        y, x = np.mgrid[0:height, 0:width]
        waves = 127 + 120 * np.sin(x / 7) * np.cos(y / 11)
        values = np.stack([x * 255 / width, y * 255 / height, waves], -1) + dice.normal(0, 12, (height, width, 3))
        yield Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
    yield Image.fromarray(np.clip(waves, 0, 255).astype(np.uint8)).convert("RGB")


def converted_image_classifier(classifier: Any, out: str) -> dict[str, Any]:
    """{converted, reason, rows, maxDifference, onnxMicros}, as `convert` reports it."""
    from onnxruntime import InferenceSession, disable_telemetry_events

    disable_telemetry_events()
    pixels = [classifier.pixels(image) for image in golden_images()]
    expected = [classifier.logits(each).numpy() for each in pixels]
    content = _exported(classifier, pixels[0])
    session = InferenceSession(content, providers=["CPUExecutionProvider"])
    largest, why = 0.0, None
    for each, logits in zip(pixels, expected):
        [found] = session.run(["logits"], {"pixel_values": each.numpy()})
        apart, reason = _apart(classifier, logits, found)
        largest, why = max(largest, apart), why or reason
    report: dict[str, Any] = {
        "converted": why is None,
        "reason": why or f"it answers {len(pixels)} golden images as transformers does",
        "rows": len(pixels),
        "maxDifference": largest if np.isfinite(largest) else None,
        "onnxMicros": median_micros(lambda: session.run(None, {"pixel_values": pixels[0].numpy()})),
    }
    if why is None:
        report["measured"] = measured(lambda: session.run(None, {"pixel_values": pixels[0].numpy()}))
        with open(out, "wb") as file:
            file.write(content)
    return report


def _exported(classifier: Any, pixels: Any) -> bytes:
    import torch

    class Named(torch.nn.Module):
        """Takes and returns tensors by position, which an exporter can follow."""

        def __init__(self) -> None:
            super().__init__()
            self.network = classifier.network

        def forward(self, pixels: Any) -> Any:
            return self.network(pixel_values=pixels).logits

    warnings.simplefilter("ignore")
    # For Swin's windows, torch's fused attention leaves strides that its exporter cannot follow.
    classifier.network.set_attn_implementation("eager")
    # The server runs one image at a time.
    made = torch.onnx.export(Named().eval(), (pixels,), dynamo=True, verbose=False, input_names=["pixel_values"], output_names=["logits"])
    content: bytes = made.model_proto.SerializeToString()
    return content


def _apart(classifier: Any, expected: np.ndarray, found: np.ndarray) -> tuple[float, str | None]:
    """The largest difference of the scores, and the reason why the answers do not agree."""
    if expected.shape != found.shape:
        return float("inf"), f"logits has the shape {list(found.shape)} instead of {list(expected.shape)}"
    one, other = classifier.scores(expected), classifier.scores(found)
    apart = float(np.abs(one - other).max())
    if not apart <= _TOLERANCE:
        return apart, f"a score differs by {apart:.2g}; the limit is {_TOLERANCE:g}"
    ordered = np.sort(one, -1)
    is_clear = one.shape[-1] > 1 and ordered[0, -1] - ordered[0, -2] > _TOLERANCE
    if is_clear and one.argmax() != other.argmax():
        return apart, "another label is the likeliest"
    return apart, None
