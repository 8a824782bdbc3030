"""VGG19 from a file: what it computes, and every file that is not it."""

import io
import pickle
import re
import shutil
from pathlib import Path

import pytest
import safetensors.torch
import torch

from distillation.sr import vgg
from distillation.sr.vgg import Vgg, file_sha256, load_vgg


def load(file: Path) -> Vgg:
    return load_vgg(file, sha256=file_sha256(file))


@pytest.fixture
def weights(vgg_file) -> dict[str, torch.Tensor]:
    return safetensors.torch.load_file(vgg_file)


@pytest.fixture
def saved(tmp_path):
    """Saves tensors as a torch file; answers where."""

    def save(tensors: object, name: str = "vgg.pth", **how: object) -> Path:
        torch.save(tensors, tmp_path / name, **how)
        return tmp_path / name

    return save


def carrying(network: Vgg) -> Vgg:
    """Let every convolution carry the first channel on as it is, and nothing else."""
    for name, parameter in network.named_parameters():
        torch.nn.init.zeros_(parameter)
        if name.endswith("weight"):
            parameter[0, 0, 1, 1] = 1.0
    return network


def test_the_layers_are_vgg19s():
    # The published total of 143,667,240 less the classifier's 123,642,856.
    with torch.device("meta"):
        network = Vgg(vgg.WIDTH)
    assert sum(parameter.numel() for parameter in network.parameters()) == 20_024_384
    # torchvision's numbering: relu5_4 is layer 35, its convolution 34; four poolings come before.
    assert len(network.features) == 36
    assert network.features[34].weight.shape == (512, 512, 3, 3)


def test_images_are_normalised_as_for_imagenet():
    # Red at 0.9: (0.9 - 0.485) / 0.229 = 1.812227; four poolings make 1 pixel of 16.
    features = carrying(Vgg(1))(torch.full((1, 3, 16, 16), 0.9))
    assert features.shape == (1, 8, 1, 1)
    assert features[0, 0].item() == pytest.approx(1.812227, rel=1e-5)


def test_features_are_those_after_the_last_relu():
    network = carrying(Vgg(1))
    network.features[34].bias.fill_(-5.0)
    assert network(torch.full((1, 3, 16, 16), 0.9)).max() == 0


def test_the_network_is_frozen(vgg_file):
    network = load(vgg_file)
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_bare_and_torchvisions_names_are_the_same_weights(weights, saved, vgg_file):
    y = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    bare = {name.removeprefix("features."): tensor for name, tensor in weights.items()}
    whole = {**weights, "classifier.0.weight": torch.zeros(3), "classifier.0.bias": torch.zeros(3)}
    expected = load(vgg_file)(y)
    for number, tensors in enumerate((bare, whole)):
        assert torch.equal(load(saved(tensors, f"{number}.pth"))(y), expected)


def test_half_precision_and_torchs_old_format_are_read(weights, saved):
    halves = {name: tensor.half() for name, tensor in weights.items()}
    network = load(saved(halves, _use_new_zipfile_serialization=False))
    assert network.features[0].weight.dtype == torch.float32


def spoil(weights: dict[str, torch.Tensor], how: str) -> object:
    first = "features.0.weight"
    match how:
        case "missing":
            del weights["features.34.bias"]
        case "misshapen":
            weights[first] = weights[first][:, :1]
        case "unexpected":
            weights["features.36.weight"] = torch.zeros(1)
        case "not finite":
            weights[first][0, 0, 0, 0] = float("nan")
        case "whole numbers":
            weights[first] = weights[first].int()
        case "no tensor":
            weights["epoch"] = 7
        case "nested":
            return {"state_dict": weights}
        case "no names":
            return list(weights.values())
    return weights


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("missing", "lacks features.34.bias"),
        ("misshapen", "features.0.weight of 4 × 1 × 3 × 3, and VGG19's is of 4 × 3 × 3 × 3"),
        ("unexpected", "features.36.weight, which VGG19 does not have"),
        ("not finite", "features.0.weight with values that are not finite"),
        ("whole numbers", "features.0.weight as torch.int32"),
        ("no tensor", "'epoch', which is no tensor"),
        ("nested", "'state_dict', which is no tensor"),
        ("no names", "a list and no weights by name"),
    ],
)
def test_other_weights_are_refused_naming_the_first_that_is_wrong(weights, saved, how, words):
    file = saved(spoil(weights, how))
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        load(file)
    assert str(caught.value).startswith(str(file))


class Trap:
    """Unpickled, it would leave a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple:
        return (Path.touch, (self.mark,))


def test_a_file_that_needs_unpickling_is_refused_and_not_run(saved, tmp_path):
    file = saved({"features.0.weight": Trap(tmp_path / "mark")})
    with pytest.raises(ValueError, match="never unpickled"):
        load(file)
    assert not (tmp_path / "mark").exists()
    file.write_bytes(pickle.dumps(Trap(tmp_path / "mark")))
    with pytest.raises(ValueError, match="never unpickled"):
        load(file)
    assert not (tmp_path / "mark").exists()


def test_a_truncated_file_is_refused(weights, saved, vgg_file, tmp_path):
    buffer = io.BytesIO()
    torch.save(weights, buffer)
    pth, safe = tmp_path / "cut.pth", tmp_path / "cut.safetensors"
    pth.write_bytes(buffer.getvalue()[:5000])
    safe.write_bytes(vgg_file.read_bytes()[:5000])
    for file, words in ((pth, "damaged"), (safe, "no safetensors file")):
        with pytest.raises(ValueError, match=words):
            load(file)


def test_a_file_of_another_kind_is_refused(tmp_path):
    file = tmp_path / "vgg.onnx"
    file.write_bytes(b"onnx")
    with pytest.raises(ValueError, match=r"neither \.safetensors nor \.pth"):
        load(file)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"none\.pth cannot be read: No such file"):
        file_sha256(tmp_path / "none.pth")


def test_a_file_that_changed_is_refused(vgg_file, tmp_path, weights):
    file = tmp_path / "vgg.safetensors"
    shutil.copy(vgg_file, file)
    sha256 = file_sha256(file)
    weights["features.0.bias"] += 1
    safetensors.torch.save_file(weights, file)
    with pytest.raises(ValueError, match=f"not those of this run.*{sha256[:12]}… is expected"):
        load_vgg(file, sha256=sha256)
