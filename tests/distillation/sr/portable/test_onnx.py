"""ONNX files: the same images as torch's at any size, in 8 bits nearly so, and refused when changed."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest

from distillation.sr.networks import receptive_field_px
from distillation.sr.portable import cards, int8, onnx_files
from distillation.sr.portable.cards import ModelRefused
from distillation.sr.portable.loading import load_model, run_of
from tests.distillation.sr.conftest import smooth_photo
from tests.distillation.sr.portable.conftest import SRGAN


def patches(batch: int, height: int, width: int) -> np.ndarray:
    return np.random.default_rng(height).random((batch, 3, height, width), dtype=np.float32)


@pytest.fixture(scope="module")
def exported(srgan_network):
    """A generator as a graph. The lite form is exported by the tests of the command."""
    return onnx_files.export(srgan_network)


@pytest.fixture(scope="module")
def quantised(exported):
    return int8.quantise(exported, SRGAN, [smooth_photo(seed, 80, 64) for seed in range(3)])


def write(path, model, network, card=None):
    payload, _ = onnx_files.to_bytes(model, network, {"name": "Student"} | (card or {}))
    path.write_bytes(payload)
    return path


@pytest.mark.parametrize("size", [(1, 24, 20), (1, 17, 31), (3, 2, 5), (1, 2, 2)])
def test_images_of_any_size_are_those_of_torch(exported, srgan_network, size):
    run = onnx_files.run_of(exported.SerializeToString(), threads=1)
    x = patches(*size)
    # Float32 has 7 digits, and some hundred products are summed; the values are of the order of 1.
    np.testing.assert_allclose(run(x), run_of(srgan_network)(x), atol=2e-6)


def test_batch_normalisation_is_folded_and_the_operators_are_those_of_the_opset_stated(exported):
    onnx.checker.check_model(exported, full_check=True)
    assert [(entry.domain, entry.version) for entry in exported.opset_import] == [("", 18)]
    assert "BatchNormalization" not in {node.op_type for node in exported.graph.node}


def test_the_file_says_nothing_of_the_machine_that_made_it(exported):
    content = exported.SerializeToString()
    assert b".py" not in content
    assert b"site-packages" not in content


def test_a_model_comes_back_with_its_card_and_runs(exported, srgan_network, tmp_path):
    model = load_model(write(tmp_path / "x.onnx", exported, srgan_network), threads=1)
    x = patches(1, 9, 14)
    np.testing.assert_allclose(model.run(x), run_of(srgan_network)(x), atol=2e-6)
    assert (model.kind, model.shape, model.network, model.threads) == ("onnx", SRGAN, None, 1)
    assert model.reach_px == receptive_field_px(SRGAN)
    assert model.card["name"] == "Student"
    assert model.card["opset"] == 18
    # By hand: head 3*4*81+4 and a PReLU, three 4*4*9 with two of 4 each and a PReLU, twice 4*16*9+16 and a
    # PReLU, the tail 4*3*81+3.
    assert model.card["parameters"] == 977 + 457 + 2 * 593 + 975


def test_a_changed_weight_is_refused(exported, srgan_network, tmp_path):
    file = write(tmp_path / "x.onnx", exported, srgan_network)
    payload = bytearray(file.read_bytes())
    weight = next(entry for entry in onnx.load(file).graph.initializer if len(entry.raw_data) > 100)
    payload[payload.index(weight.raw_data) + 50] ^= 1
    file.write_bytes(payload)
    with pytest.raises(
        ModelRefused, match=r"x\.onnx was changed after it was written: the SHA-256 of its network"
    ):
        load_model(file)


@pytest.mark.parametrize("share", [0.3, 0.99])
def test_a_half_written_file_is_refused(exported, srgan_network, tmp_path, share):
    file = write(tmp_path / "x.onnx", exported, srgan_network)
    payload = file.read_bytes()
    file.write_bytes(payload[: int(len(payload) * share)])
    with pytest.raises(ModelRefused, match=r"x\.onnx is no whole ONNX file"):
        load_model(file)


@pytest.mark.parametrize("payload", [b"", b"no model"])
def test_another_file_is_refused(tmp_path, payload):
    (tmp_path / "x.onnx").write_bytes(payload)
    with pytest.raises(ModelRefused, match=r"x\.onnx is no whole ONNX file"):
        load_model(tmp_path / "x.onnx")


def unary(operator: str, input_name: str = "lr") -> onnx.ModelProto:
    """A graph of one operator."""
    ends = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in (input_name, "sr")
    ]
    node = onnx.helper.make_node(operator, [input_name], ["sr"])
    graph = onnx.helper.make_graph([node], "g", ends[:1], ends[1:])
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=8)


def test_a_graph_that_onnxruntime_cannot_build_is_refused(srgan_network, tmp_path):
    file = write(tmp_path / "x.onnx", unary("Nonsense"), srgan_network)
    with pytest.raises(ModelRefused, match=r"x\.onnx holds a network that onnxruntime cannot run; export it"):
        load_model(file)


def test_a_graph_that_onnxruntime_cannot_compute_is_refused_when_it_is_run(srgan_network, tmp_path):
    model = load_model(write(tmp_path / "x.onnx", unary("Relu", "other"), srgan_network))
    with pytest.raises(ModelRefused, match=r"x\.onnx holds a network that onnxruntime cannot run"):
        model.run(patches(1, 4, 4))


@pytest.mark.parametrize(
    "error",
    [MemoryError(), Exception("Failed to allocate memory for requested buffer"), Exception("std::bad_alloc")],
)
def test_memory_that_runs_out_in_onnxruntime_is_a_memory_error(exported, monkeypatch, error):
    run = onnx_files.run_of(exported.SerializeToString(), threads=1)

    def exhausted(*_):
        raise error

    monkeypatch.setattr(onnxruntime.InferenceSession, "run", exhausted)
    with pytest.raises(MemoryError):
        run(patches(1, 4, 4))


def test_a_changed_card_is_refused(exported, srgan_network, tmp_path):
    file = write(tmp_path / "x.onnx", exported, srgan_network)
    model = onnx.load(file)
    record = json.loads(model.metadata_props[0].value)
    record["card"]["shape"]["blocks"] = 7
    model.metadata_props[0].value = json.dumps(record)
    onnx.save(model, file)
    with pytest.raises(ModelRefused, match="SHA-256 of its card differs"):
        load_model(file)


def test_other_peoples_onnx_files_are_refused(exported, tmp_path):
    onnx.save(exported, tmp_path / "x.onnx")
    model = onnx.load(tmp_path / "x.onnx")
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "x.onnx")
    with pytest.raises(ModelRefused, match="has no model card: export_model did not write it"):
        load_model(tmp_path / "x.onnx")


def test_the_largest_difference_is_found_wherever_it_is():
    def identity(x):
        return x

    def one_pixel_off(x):
        y = x.copy()
        y[0, 1, -1, -1] += 0.25
        return y

    def wrong_where_odd(x):
        return x + (0.5 if x.shape[2] % 2 else 0)

    def no_number(x):
        return x * np.nan

    photo = smooth_photo(0, 16, 24)
    assert onnx_files.largest_difference(identity, identity, [photo]) == 0
    assert onnx_files.largest_difference(identity, one_pixel_off, [photo]) == pytest.approx(0.25)
    assert onnx_files.largest_difference(identity, wrong_where_odd, [photo]) == pytest.approx(0.5)
    assert onnx_files.largest_difference(identity, no_number, [photo]) == np.inf


@pytest.mark.parametrize("size", [(4, 4), (5, 7), (16, 13)])
def test_the_pieces_are_never_below_two_pixels_and_one_is_odd_each_way(size):
    seen = []

    def note(x):
        seen.append(x.shape[2:])
        return x

    onnx_files.largest_difference(note, lambda x: x, [smooth_photo(0, 16, 16)[: size[0], : size[1]]])
    assert min(min(sides) for sides in seen) == 2
    assert any(height % 2 and width % 2 for height, width in seen[1:])


def test_in_8_bits_the_inner_convolutions_alone_are_rounded(quantised):
    rounded = {
        entry.name for entry in quantised.graph.initializer if entry.data_type == onnx.TensorProto.INT8
    }
    # By the architecture: two convolutions in a block, the end's, two sub-pixel ones.
    assert {name.removesuffix("_quantized") for name in rounded if "zero_point" not in name} == {
        *(f"blocks.0.body.{layer}.weight" for layer in (0, 3)),
        *("end.0.weight", "tail.0.weight", "tail.3.weight"),
    }


def test_8_bits_give_nearly_the_same_image_at_any_size(quantised, srgan_network, tmp_path):
    model = load_model(
        write(tmp_path / "x.onnx", quantised, srgan_network, {"int8": {"loss_db": 0}}), threads=1
    )
    assert model.kind == "onnx-int8"
    for seed, (height, width) in enumerate([(40, 56), (24, 31)]):
        x = onnx_files.planes(smooth_photo(seed, 64, 64)[:height, :width])
        difference = np.abs(model.run(x) - run_of(srgan_network)(x)).max()
        assert 0 < difference < 0.02


def test_calibration_needs_a_photograph_of_some_size(exported):
    with pytest.raises(ValueError, match="48 px a side or more: there is none"):
        int8.quantise(exported, SRGAN, [smooth_photo(0, 40, 64)])


def test_mean_psnr_of_a_known_error_is_that_of_a_hand_calculation():
    # Ten grey levels too bright are 10 * 219 / 255 = 8.588 levels of luma: 20 lg(255 / 8.588) = 29.453 dB;
    # five are 20 lg 2 = 6.021 dB more.
    hr = np.full((64, 64, 3), 100, np.uint8)
    lr = [np.full((16, 16, 3), 110, np.uint8), np.full((16, 16, 3), 105, np.uint8)]

    def nearest(x):
        return x.repeat(4, axis=2).repeat(4, axis=3)

    assert int8.mean_psnr_y(nearest, lr, [hr, hr]) == pytest.approx(29.453 + 6.021 / 2, abs=1e-3)


def test_outputs_beyond_the_range_are_clipped_before_they_are_judged():
    white = np.full((64, 64, 3), 255, np.uint8)
    white[0, 0] = 254  # in the border, which is not judged
    value = int8.mean_psnr_y(lambda x: np.full((1, 3, 64, 64), 7, np.float32), [white[::4, ::4]], [white])
    assert value == np.inf


def test_planes_are_red_first_and_in_the_unit_range():
    pixels = np.zeros((2, 3, 3), np.uint8)
    pixels[1, 2] = (255, 51, 0)
    x = onnx_files.planes(pixels)
    assert x.shape == (1, 3, 2, 3)
    np.testing.assert_allclose(x[0, :, 1, 2], [1, 0.2, 0])


def test_the_seal_is_of_the_card_alone():
    assert cards.unseal(cards.seal({"format": 1, "b": 2}), name="x") == {"format": 1, "b": 2}
