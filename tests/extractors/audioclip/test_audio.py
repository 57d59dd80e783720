"""AudioCLIP's audio head: its front end against Fourier, its trunk's parts against the whole."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from scipy.signal.windows import blackmanharris
from torch import Tensor
from torchvision.models import resnet

from avel.extractors.audioclip.audio import (
    SILENCE_POWER,
    Attention2d,
    AudioHead,
    AudioHeadConfig,
    Bottleneck,
    FrequencyBSpline,
)
from avel.extractors.audioclip.extractor import TinyAudioCLIPExtractor
from avel.extractors.fold import fold_batch_norms
from tests.extractors.made import disturb

SMALL = AudioHeadConfig(
    planes=(2, 2, 2, 2), layers=(1, 1, 1, 1), groups=1, base_width=64, stem_width=4, embed_dim=8
)


def noise(count: int, samples: int = 44_100) -> Tensor:
    g = torch.Generator().manual_seed(samples)
    return torch.randint(-9000, 9000, (count, samples), generator=g).float()


@pytest.fixture(scope="module")
def small() -> AudioHead:
    torch.manual_seed(0)
    return AudioHead(SMALL).eval().requires_grad_(False)


def test_spectrogram_is_a_fourier_transform_at_the_start() -> None:
    """An independent oracle: numpy's sum over the centred grid, for one tone."""
    head = AudioHead(AudioHeadConfig())
    tone = 10_000 * torch.sin(2 * torch.pi * 1000 * torch.arange(44_100) / 44_100)
    spectrogram = head.spectrogram(tone[None])[0].reshape(1023, 77).detach().numpy()
    k = spectrogram[:, 30].argmax()
    assert k == pytest.approx(1000 * 2047 / 44_100, abs=1)  # the grid's step is 2 pi / 2047
    assert spectrogram.shape == (1023, 77)
    frame = (tone.numpy() + 32768) * 2 / 65535 - 1
    start = 30 * 561 - (76 * 561 + 1654 - 44_100) // 2
    windowed = frame[start : start + 1654] * head.window.numpy()
    t = np.pi * np.linspace(-1, 1, 2048)[197 : 197 + 1654]
    value = np.abs((windowed * np.exp(-1j * k * t)).sum()) ** 2 / 2048
    assert spectrogram[k, 30] == pytest.approx(10 * np.log10(value), abs=1e-2)


@pytest.mark.parametrize(
    ("length", "frames"), [(1000, 1), (1654, 1), (44_100, 77), (88_200, 156), (220_500, 392)]
)
def test_number_of_frames(length: int, frames: int) -> None:
    head = AudioHead(
        AudioHeadConfig(
            planes=(2, 2, 2, 2), layers=(1, 1, 1, 1), groups=1, base_width=64, stem_width=4
        )
    )
    assert head.spectrogram(torch.zeros(1, length)).shape[-1] == frames


def test_front_end_gradients_are_scaled_by_their_largest() -> None:
    head = AudioHead(AudioHeadConfig())
    torch.nn.init.constant_(head.fbsp.m, 0.1)
    real, imaginary = head.fbsp()
    (real.sum() * 7 + imaginary.square().sum()).backward()
    for parameter in (head.fbsp.m, head.fbsp.fb, head.fbsp.fc):
        assert parameter.grad is not None
        assert parameter.grad.abs().max() == pytest.approx(1, abs=1e-3)


def test_the_window_is_scipys() -> None:
    """Periodic, four terms."""
    window = AudioHead(SMALL).window
    np.testing.assert_allclose(window, blackmanharris(1654, sym=False), atol=1e-6)


def test_filters_are_the_published_formula() -> None:
    """Complex, in double precision: sqrt(fb) s^m exp(-i fc t) / sqrt(n), s = sinc(fb t / m)."""
    config = AudioHeadConfig(fft_samples=64)
    bank = FrequencyBSpline(config)
    g = torch.Generator().manual_seed(2)
    m = torch.rand(config.num_filters, generator=g) * 3
    fb = 0.5 + torch.rand(config.num_filters, generator=g)
    bank.m.data, bank.fb.data = m, fb
    real, imaginary = bank()
    t = np.pi * np.linspace(-1, 1, 64)[None].repeat(config.num_filters, 0) + 1e-8
    m, fb, fc = (p.detach().double().numpy()[:, None] for p in (bank.m, bank.fb, bank.fc))
    s = np.sinc(fb * t / (m + 1e-8) / np.pi).astype(complex)
    expected = np.sqrt(fb) * s**m * np.exp(-1j * fc * t) / 8
    np.testing.assert_allclose(real.detach(), expected.real, atol=2e-4)
    np.testing.assert_allclose(imaginary.detach(), expected.imag, atol=2e-4)


def test_silence_has_a_power() -> None:
    """Exact zeros do not become minus infinity."""
    head = AudioHead(SMALL)
    head.fbsp.fb.data.zero_()  # filters that let nothing through
    with torch.no_grad():
        found = head.spectrogram(torch.zeros(1, 5000))
    assert (found == 10 * np.log10(SILENCE_POWER)).all()


def test_the_scale_is_that_of_16_bits() -> None:
    """-32768 to 32767 are -1 to 1 before the window: AudioCLIP's own convention."""
    head = AudioHead(SMALL)
    frames = head._frames(torch.tensor([[-32768.0, 32767.0, -0.5]]))
    middle = (1654 - 3) // 2
    assert frames[0, 0, middle : middle + 3].tolist() == [-1.0, 1.0, 0.0]


def test_frames_overlap_in_order(small: AudioHead) -> None:
    frames = small._frames(noise(1))
    assert frames.shape == (1, 77, 1654)
    assert torch.equal(frames[0, 3, 561:], frames[0, 4, :-561])


def test_channels_are_summed_before_the_last_layer(small: AudioHead) -> None:
    stereo = noise(2, 5000)[None]
    left, right = (small.describe(stereo[:, i]) for i in (0, 1))
    torch.testing.assert_close(small.describe(stereo), left + right)
    torch.testing.assert_close(small(stereo), small.fc(left + right))


def test_stages_and_the_rest_are_the_trunk(small: AudioHead) -> None:
    """Wherever training cuts it."""
    spectrogram = small.spectrogram(noise(1))
    whole, stem = small.trunk(spectrogram), small.stem(spectrogram)
    for done in range(5):
        assert torch.equal(small.rest(small.stages(stem, done), done), whole)


def test_each_stage_is_gated() -> None:
    """The gate is in (0, 1), of the stage's own input, at its output's size."""
    gate = Attention2d(4, 6, (3, 1)).eval()
    x = torch.randn(2, 4, 9, 11)
    found = gate(x, (5, 6))
    assert found.shape == (2, 6, 5, 6)
    assert found.min() > 0
    assert found.max() < 1
    assert not torch.equal(found, gate(x.flip(0), (5, 6)))


def test_frozen_filters_are_made_once(small: AudioHead, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    make = AudioHead._fold
    monkeypatch.setattr(AudioHead, "_fold", lambda self: made.append(1) or make(self))
    small._frozen = None
    first = small.spectrogram(noise(1, 5000))
    assert torch.equal(small.spectrogram(noise(1, 5000)), first)
    assert len(made) == 1
    small.fbsp.fb.data.mul_(1)  # as loading other weights does
    with torch.no_grad():
        small.fbsp.fb.mul_(1.5)
    assert not torch.equal(small.spectrogram(noise(1, 5000)), first)
    assert len(made) == 2
    with torch.no_grad():
        small.fbsp.fb.div_(1.5)


@pytest.fixture
def fresh() -> AudioHead:
    torch.manual_seed(0)
    return AudioHead(SMALL).eval().requires_grad_(False)


def loud_and_quiet() -> Tensor:
    """A loud tone under which rounding hides the bins, noise, and near silence."""
    t = torch.arange(44_100) / 44_100
    quiet = noise(1, 44_100) / 9000
    return torch.cat([12_000 * torch.sin(2 * torch.pi * 441 * t)[None], noise(1), quiet]).round()


def whole_product(head: AudioHead, samples: Tensor) -> Tensor:
    """The bank as it is published: every filter with every sample of a frame."""
    real, imaginary = (head._frames(samples) @ head._make_filters()).chunk(2, -1)
    return (real.square() + imaginary.square()).transpose(1, 2)


def test_folded_filters_give_the_whole_products_power(fresh: AudioHead) -> None:
    samples = loud_and_quiet()
    found = 10 ** (fresh.spectrogram(samples).flatten(1, 2) / 10)
    expected = whole_product(fresh, samples)
    assert fresh._frozen is not None
    assert isinstance(fresh._frozen[1], tuple)
    # beside the loudest of a second: what float32 sums differ by
    error = (found - expected).abs().amax((1, 2)) / expected.amax((1, 2))
    assert error.max() < 2e-6
    assert (found.sum((1, 2)) / expected.sum((1, 2)) - 1).abs().max() < 1e-5


def test_the_middle_of_a_filter_is_no_mirror(fresh: AudioHead) -> None:
    """The published grid is off by 1e-8, which float32 keeps only near the middle."""
    real, imaginary = fresh._fold() or (torch.empty(0), torch.empty(0))
    near = real.shape[1] - 827
    assert real.shape == imaginary.shape == (1023, 827 + near)
    assert 0 < near < 100
    first, second = fresh._meeting()[0].chunk(2)
    assert torch.equal(first.flip(0)[near:], second[near:])
    assert not torch.equal(first.flip(0)[:near], second[:near])
    torch.testing.assert_close(real[:, :near] + real[:, 827:], second[:near].T, atol=4e-9, rtol=0)


def test_filters_that_are_no_mirrors_are_not_folded(fresh: AudioHead) -> None:
    """With `m` of 0.5 a filter's sign turns, and by a complex number."""
    fresh.fbsp.m.data.fill_(0.5)
    samples = noise(2)
    power = whole_product(fresh, samples)
    expected = 10 * power.clamp_min(SILENCE_POWER).log10()
    found = fresh.spectrogram(samples).flatten(1, 2)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-2)
    assert fresh._fold() is None
    assert fresh._frozen is not None
    assert isinstance(fresh._frozen[1], Tensor)


def test_an_odd_window_is_not_folded() -> None:
    config = AudioHeadConfig(
        planes=(2, 2, 2, 2), layers=(1, 1, 1, 1), groups=1, base_width=64, window_samples=1653
    )
    assert AudioHead(config).requires_grad_(False)._fold() is None


def test_learning_filters_are_made_anew_each_time() -> None:
    head = AudioHead(SMALL)
    head.spectrogram(noise(1, 5000)).mean().backward()
    assert head.fbsp.fc.grad is not None
    assert head._frozen is None


def test_the_spectrogram_is_in_float32_whatever_surrounds_it(
    tiny: TinyAudioCLIPExtractor,
) -> None:
    head = tiny.model.audio
    with torch.no_grad():
        expected = head.stem(head.spectrogram(noise(1)))
        with torch.autocast("cpu", torch.bfloat16):
            found = head.stem(head.spectrogram(noise(1)))
    assert found.dtype == torch.float32
    assert torch.equal(found, expected)


@torch.no_grad()
@pytest.mark.parametrize(("channels", "stride"), [(16, 1), (16, 2), (32, 1)])
def test_a_block_is_torchvisions(channels: int, stride: int) -> None:
    """Wider, halved, and with nothing between its sides; then with norms folded."""
    torch.manual_seed(0)
    block = Bottleneck(channels, 8, stride, AudioHeadConfig(groups=8, base_width=16))
    disturb(block)
    down = getattr(block, "downsample", None)
    theirs = resnet.Bottleneck(channels, 8, stride, deepcopy(down), groups=8, base_width=16).eval()
    theirs.load_state_dict(block.eval().state_dict())
    x = torch.randn(2, channels, 9, 6)
    expected = theirs(x)
    torch.testing.assert_close(block(x), expected)
    fold_batch_norms(block)
    torch.testing.assert_close(block(x), expected, rtol=1e-4, atol=1e-5)
