"""YAMNet's published forms as one state: tflite, and Keras's arrays with BatchNorm beside."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from avel.extractors import choose
from avel.extractors.sound.yamnet import YAMNet
from avel.extractors.sound.yamnet_files import (
    CONVOLUTIONS,
    KERAS_EPS,
    exact_front,
    keras_tensors,
    yamnet_tensors,
)
from avel.extractors.weights.files import WeightsError, find_weights
from avel.extractors.weights.tensors import load_into
from tests.extractors.made import yamnet_file

Arrays = dict[str, NDArray[np.float32]]


def keras_arrays(prefix: str = "") -> Arrays:
    """As the published code names its layers and lays out its kernels."""
    g = np.random.default_rng(0)
    own, found = YAMNet().state_dict(), Arrays()
    for name in CONVOLUTIONS:
        layer = prefix + name.replace(".", "/")
        outputs, inputs, H, W = own[f"{name}.weight"].shape
        depthwise = "depthwise" in name
        shape = (H, W, outputs, 1) if depthwise else (H, W, inputs, outputs)
        part = "depthwise_kernel" if depthwise else "kernel"
        found[f"{layer}/{part}"] = (g.normal(size=shape) / (H * W * inputs) ** 0.5).astype(
            np.float32
        )
        for part in ("beta", "moving_mean", "moving_variance"):
            found[f"{layer}/bn/{part}"] = g.uniform(0.5, 1.5, outputs).astype(np.float32)
    found["dense/kernel"] = g.normal(size=(1024, 521)).astype(np.float32) / 32
    found["dense/bias"] = g.normal(size=521).astype(np.float32)
    return found


def test_the_published_tflite_fills_the_network(real_weights: Path) -> None:
    state = yamnet_tensors(find_weights((), [real_weights / "yamnet.tflite"]))
    assert state.keys() == YAMNet().state_dict().keys()
    load_into(YAMNet(), state, "yamnet.tflite")
    # its transform is a cosine in 8 bits, centred in 512 samples
    exact = exact_front()
    for name in ("transform", "mel"):
        off = (state[name] - exact[name]).abs().max()
        assert 1e-4 < off < 1.01 / 127


def test_the_exact_front_end_is_a_windowed_transform() -> None:
    transform = exact_front()["transform"].double()
    wave = torch.randn(400, dtype=torch.float64)
    window = torch.hann_window(400, dtype=torch.float64)
    theirs = torch.fft.rfft(functional.pad(wave * window, (56, 56)))
    found = wave @ transform
    torch.testing.assert_close(found[:257], theirs.real, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(found[257:], -theirs.imag, atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_a_convolution_and_its_norm_are_one() -> None:
    arrays = keras_arrays()
    state = keras_tensors(arrays, "yamnet.h5")
    x = torch.randn(1, 32, 5, 5)
    for name, groups in (("layer2.depthwise_conv", 32), ("layer2.pointwise_conv", 1)):
        layer = name.replace(".", "/")
        part = "depthwise_kernel" if groups > 1 else "kernel"
        kernel = torch.from_numpy(arrays[f"{layer}/{part}"])
        weight = kernel.permute(2, 3, 0, 1) if groups > 1 else kernel.permute(3, 2, 0, 1)
        plain = functional.conv2d(x, weight, None, 1, weight.shape[-1] // 2, 1, groups)
        norm = nn.BatchNorm2d(weight.shape[0], KERAS_EPS, affine=False).eval()
        norm.running_mean = torch.from_numpy(arrays[f"{layer}/bn/moving_mean"])
        norm.running_var = torch.from_numpy(arrays[f"{layer}/bn/moving_variance"])
        expected = norm(plain) + torch.from_numpy(arrays[f"{layer}/bn/beta"])[:, None, None]
        found = functional.conv2d(
            x, state[f"{name}.weight"], state[f"{name}.bias"], 1, weight.shape[-1] // 2, 1, groups
        )
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_keras_arrays_fill_the_network_whatever_their_layers_are_called() -> None:
    plain, nested = keras_tensors(keras_arrays(), "a"), keras_tensors(keras_arrays("net/"), "b")
    load_into(YAMNet(), plain, "a")
    assert all(torch.equal(plain[name], nested[name]) for name in plain)
    torch.testing.assert_close(
        plain["dense.weight"], torch.from_numpy(keras_arrays()["dense/kernel"].T)
    )


def test_a_norm_with_a_scale() -> None:
    arrays = keras_arrays()
    doubled = {
        key: value
        for name, item in arrays.items()
        for key, value in (
            {name.replace("beta", "gamma"): np.full_like(item, 2), name: item}
            if name == "layer1/conv/bn/beta"
            else {name: item}
        ).items()
    }
    plain, scaled = keras_tensors(arrays, "a"), keras_tensors(doubled, "a")
    torch.testing.assert_close(scaled["layer1.conv.weight"], 2 * plain["layer1.conv.weight"])
    assert torch.equal(scaled["layer2.pointwise_conv.bias"], plain["layer2.pointwise_conv.bias"])


@pytest.mark.parametrize(
    ("gone", "message"),
    [
        (("dense/kernel", "dense/bias"), r"y\.h5: has 54 layers, YAMNet has 55"),
        (("dense/bias",), r"y\.h5: has other layers than YAMNet \('bias'\)"),
        (("layer3/pointwise_conv/bn/beta",), r"y\.h5: has other layers than YAMNet \(.*beta"),
    ],
)
def test_other_layers_are_refused(gone: tuple[str, ...], message: str) -> None:
    arrays = {name: value for name, value in keras_arrays().items() if name not in gone}
    with pytest.raises(WeightsError, match=message):
        keras_tensors(arrays, "y.h5")


def test_a_keras_file_itself_names_the_command(tmp_path: Path) -> None:
    (tmp_path / "yamnet.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(
        WeightsError,
        match=r"yamnet\.h5: is in Keras's form; `avel weights add .*yamnet\.h5` makes yamnet\.safe",
    ):
        choose("yamnet", [tmp_path / "yamnet.h5"]).load()


def test_a_state_comes_back_as_it_is(tmp_path: Path) -> None:
    path = yamnet_file(tmp_path)
    state = yamnet_tensors(find_weights((), [path]))
    assert state.keys() == YAMNet().state_dict().keys()
    assert torch.equal(state["transform"], exact_front()["transform"])


def test_a_cut_tflite_is_refused(tmp_path: Path, real_weights: Path) -> None:
    content = (real_weights / "yamnet.tflite").read_bytes()
    (tmp_path / "yamnet.tflite").write_bytes(content[: len(content) // 2])
    with pytest.raises(
        WeightsError, match=r"cannot be read as TensorFlow Lite .*download it again"
    ):
        choose("yamnet", [tmp_path / "yamnet.tflite"]).load()
