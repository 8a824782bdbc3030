"""The model card for people: a Markdown page that lies beside a model's file."""

from collections.abc import Iterable
from typing import Any

from distillation.sr.portable.cards import Card

# A storage that rounds.
HALF = "float16"
_LOSSES = (
    "pix: pixels, vgg: VGG19 features, out: the teacher's image, feat: its trunk's features, adv: against a "
    "discriminator, dfeat and dcritic: the teacher's discriminator, frozen"
)


def was_rounded(card: Card) -> bool:
    """Whether a model's weights are in float16, or were in a file that it was converted from."""
    before = card.get("converted_from")
    return card.get("storage") == HALF or (isinstance(before, dict) and before.get("storage") == HALF)


def model_page(card: Card, *, file_name: str, size_bytes: int) -> str:
    """The page of a model: what it is, what made it, how good it is, how to use it, and its limits."""
    paragraphs = [
        f"# {file_name}",
        _summary(card, size_bytes),
        "## What made it",
        _table(("", ""), _origin(card)),
        *_recipe(card),
        *_quality(card),
        "## Use",
        _use(card, file_name),
        "## Limits",
        _limits(card),
        "## Rights",
        card.get(
            "licence", "The file does not say under which terms it may be used: ask where it came from."
        ),
        f"<!-- SHA-256 of the weights: {card.get('tensors_sha256') or card['onnx_sha256']} -->",
    ]
    return "\n\n".join(paragraphs) + "\n"


def _summary(card: Card, size_bytes: int) -> str:
    shape = card["shape"]
    form = "the lite form" if shape["lite"] else "SRGAN's form"
    added = ""
    if shape["global_skip"]:
        added = ", added to the bicubic image"
    elif shape["lite"]:
        added = ", added to the input enlarged by repeating its pixels (nearest neighbour)"
    numbers = "int8 and float32" if card.get("int8") else card.get("storage", "float32")
    return (
        f"{card['name']}: a network that enlarges photographs four times each way. A generator in {form}, "
        f"blocks × channels {shape['blocks']} × {shape['channels']}{added}; {card['parameters']:,} "
        f"parameters, {size_bytes:,} bytes, stored as {numbers}. Only what makes images is "
        "here: no discriminator, and nothing that served the training alone."
    )


def _origin(card: Card) -> Iterable[tuple[str, str]]:
    if "method" not in card:
        yield "source", str(card.get("origin", "unknown"))
    else:
        yield "method", f"{card['name']} (`{card['method']}`), profile {card['profile']}, seed {card['seed']}"
        yield "data", f"{card['data']['name']}, SHA-256 {card['data']['sha256']}"
        yield "content loss", "VGG19 features" if card["content_loss"] == "vgg" else "pixels, no VGG features"
        yield "options", f"SHA-256 {card['options_sha256']}"
        yield "checkpoint", f"SHA-256 {card['checkpoint_sha256']}"
        yield "trained", f"by srstudy {card['code_version']}, finished {card['finished']}"
    if "converted_from" in card:
        before = card["converted_from"]
        rounded = f", whose weights were rounded to {HALF}" if before.get("storage") == HALF else ""
        yield "converted from", f"`{before['file']}`{rounded}"
    if "opset" in card:
        yield "format", f"ONNX, opset {card['opset']}; batch normalisation folded into the convolutions"


def _recipe(card: Card) -> list[str]:
    if "stages" not in card:
        return []
    rows = [(stage["name"], str(stage["steps"]), ", ".join(stage["losses"])) for stage in card["stages"]]
    return [
        _table(("stage", "updates", "losses of the generator"), rows),
        f"Losses: {_LOSSES}. The weights are the average over the last stage's updates (EMA).",
    ]


def _quality(card: Card) -> list[str]:
    parts = []
    if card.get("metrics"):
        rows = [
            (row["dataset"], str(row["images"]), f"{row['psnr_y']:.3f}", f"{row['ssim_y']:.4f}")
            for row in card["metrics"]
        ]
        parts.append(_table(("data set", "images", "PSNR-Y in dB", "SSIM-Y"), rows))
        rounded = f" before its weights were rounded to {HALF}" if was_rounded(card) else ""
        parts.append(
            f"Means over images of the float32 network{rounded}; luma, four pixels of border cropped."
        )
    if "int8" in card:
        parts.append(_int8_sentence(card["int8"]))
    return ["## Quality", *parts] if parts else []


def _int8_sentence(int8: dict[str, Any]) -> str:
    return (
        f"int8: {int8['psnr_y']:.3f} dB PSNR-Y on the {int8['images']} images of {int8['dataset']}, where "
        f"float32 has {int8['psnr_y_float32']:.3f}: {loss_in_words(int8['loss_db'])}. The convolutions of "
        "the trunk and the sub-pixel stages have int8 weights, a scale for each channel, and uint8 "
        f"activations; the first and the last convolution stay float32. Calibrated on {int8['patches']} "
        f"patches of {int8['calibrated_on']}."
    )


def loss_in_words(loss_db: float) -> str:
    """What 8 bits cost: `0.003 dB lost`, `0.002 dB gained`, or `nothing lost` where that is below 0.0005."""
    if round(loss_db, 3) == 0:
        return "nothing lost"
    return f"{abs(loss_db):.3f} dB {'lost' if loss_db > 0 else 'gained'}"


def _use(card: Card, file_name: str) -> str:
    from_shell = (
        f"`manage.py upscale small.png --model {file_name} --out DIR` enlarges pictures, and folders."
    )
    return f"{from_shell}\n\n{_use_of_onnx(file_name) if 'opset' in card else _use_of_weights(file_name)}"


def _use_of_onnx(file_name: str) -> str:
    return f"""With onnxruntime alone:

```python
import numpy as np, onnxruntime
from PIL import Image
x = np.asarray(Image.open("small.png").convert("RGB"), np.float32).transpose(2, 0, 1)[None] / 255
y = onnxruntime.InferenceSession("{file_name}").run(["sr"], {{"lr": x}})[0][0]
Image.fromarray((y.transpose(1, 2, 0).clip(0, 1) * 255).round().astype(np.uint8)).save("large.png")
```

`lr` is (N, 3, height, width) float32 in [0, 1], red first, two pixels a side or more; `sr` is
(N, 3, 4 height, 4 width), not clipped."""


def _use_of_weights(file_name: str) -> str:
    return f"""In Python, every tensor and both hashes are checked on the way:

```python
from pathlib import Path
from distillation.sr.portable.loading import load_model

model = load_model(Path("{file_name}"))
y = model.run(x)  # x (1, 3, H, W) float32 in [0, 1], red first; y (1, 3, 4H, 4W), not clipped
```

Without srstudy, `safetensors.torch.load_file` gives the tensors by name; `distillation/sr/networks.py` is
the network, in plain PyTorch."""


def _limits(card: Card) -> str:
    exact = (
        "onnxruntime's output is within 1e-4 of torch's for the float32 network. " if "opset" in card else ""
    )
    eight = (
        "How much int8 loses was measured where the file was made; a processor without VNNI or its like may "
        "lose more and gain no speed. "
        if card.get("int8")
        else ""
    )
    return (
        "It enlarges by four and by nothing else, and was trained on images reduced as MATLAB's bicubic "
        "does: noise, JPEG blocks and other blurs are not undone, and may be sharpened. Detail that "
        f"adversarial training adds is plausible and not evidence of what was there. {exact}{eight}"
        f"Compute large images in tiles with {card['reach_px']} pixels around each, the receptive field: "
        "fewer leave seams. `manage.py upscale` does."
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
