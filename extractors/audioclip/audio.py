"""AudioCLIP's audio head: ESResNeXt-fbsp under the published tensor names.

Sources: Guzhov et al., "ESResNe(X)t-fbsp" (IJCNN 2021) and "AudioCLIP" (ICASSP 2022); reference
section 3.2. Ours differs: the filter bank is two real matrices instead of a complex one, made
once while it is frozen, and of nearly half the length where filters are alike on both sides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from avel.extractors.adapters.adapters import Adapters
from avel.extractors.convolve import convolve, in_parts

NUM_BANDS = 3
SILENCE_POWER = 1e-18
"""Zero power is set to this before the logarithm: -180 dB."""
EXPANSION = 4
"""Channels after a block for each of its planes."""
MOST_UNLIKE = 0.2
"""Share of the filters' length, from the middle on, up to which it pays to fold them."""


@dataclass(frozen=True)
class AudioHeadConfig:
    """Shape of the head; the defaults are AudioCLIP's."""

    window_samples: int = 1654
    hop_samples: int = 561
    fft_samples: int = 2048
    stem_width: int = 64
    planes: Sequence[int] = (64, 128, 256, 512)
    layers: Sequence[int] = (3, 4, 6, 3)
    groups: int = 32
    base_width: int = 4
    embed_dim: int = 1024

    @property
    def num_filters(self) -> int:
        """One-sided number of filters, from 0 Hz to half the sample rate."""
        return self.fft_samples // 2 + 1


class _ScaleGradient(torch.autograd.Function):
    """Identity whose gradient is divided by its infinity norm, as AudioCLIP's front end does."""

    @staticmethod
    def forward(ctx: Any, parameter: Tensor) -> Tensor:
        return parameter.view_as(parameter)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient / (gradient.abs().max() + 1e-8)


def _scaled(parameter: Tensor) -> Tensor:
    scaled: Tensor = _ScaleGradient.apply(parameter)  # type: ignore[no-untyped-call]
    return scaled


class FrequencyBSpline(nn.Module):
    """Learnable frequency B-spline filters; at m=0, fb=1, fc=k a centred Fourier transform.

    Filter k on the grid t in [-pi, pi]: `sqrt(fb) |s|^m exp(i m arg s) exp(-i fc t) / sqrt(n)` with
    `s = sinc(fb t / m)`. Reference section 3.2, item 3.
    """

    def __init__(self, config: AudioHeadConfig) -> None:
        super().__init__()
        self._size = config.fft_samples
        self.m = nn.Parameter(torch.zeros(config.num_filters))
        self.fb = nn.Parameter(torch.ones(config.num_filters))
        self.fc = nn.Parameter(torch.arange(config.num_filters, dtype=torch.float32))
        self.bias = nn.Parameter(torch.zeros(0))  # empty, but in every published checkpoint

    def forward(self) -> tuple[Tensor, Tensor]:
        """Real and imaginary part of the filters, each (num_filters, fft_samples)."""
        m, fb, fc = (_scaled(p)[:, None] for p in (self.m, self.fb, self.fc))
        grid = torch.linspace(-1, 1, self._size, device=m.device, dtype=m.dtype)
        t = pi * grid[None] + 1e-8
        argument = fb * t / (m + 1e-8)
        zero = argument == 0
        safe = torch.where(zero, torch.ones_like(argument), argument)
        sinc = torch.where(zero, torch.ones_like(argument), torch.sin(safe) / safe)
        # log(0) times m = 0 is left out: |s| is kept from zero
        magnitude = torch.exp(m * torch.log(sinc.abs().clamp_min(1e-30)))
        scale = torch.sqrt(fb) * magnitude / self._size**0.5
        phase = (
            m * torch.where(sinc < 0, torch.full_like(sinc, pi), torch.zeros_like(sinc)) - fc * t
        )
        return scale * torch.cos(phase), scale * torch.sin(phase)


class Bottleneck(nn.Module):
    """ResNeXt's block: narrow, filtered in groups, wide again.

    Source: Xie et al., CVPR 2017, figure 3c.
    """

    def __init__(self, channels: int, planes: int, stride: int, config: AudioHeadConfig) -> None:
        super().__init__()
        groups = config.groups
        inner, self.wide = planes * config.base_width // 64 * groups, EXPANSION * planes
        self.conv1 = nn.Conv2d(channels, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = nn.Conv2d(inner, inner, 3, stride, 1, groups=groups, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = nn.Conv2d(inner, self.wide, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(self.wide)
        if stride > 1 or channels != self.wide:
            conv = nn.Conv2d(channels, self.wide, 1, stride, bias=False)
            self.downsample = nn.Sequential(conv, nn.BatchNorm2d(self.wide))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, wide, H / stride, W / stride)."""
        y = convolve(x, self.conv1, self.bn1, "relu")
        y = convolve(y, self.conv2, self.bn2, "relu")
        y = convolve(y, self.conv3, self.bn3, "")
        if hasattr(self, "downsample"):
            conv, norm = self.downsample
            x = convolve(x, conv, norm, "")  # type: ignore[arg-type]
        return functional.relu(y + x)


class Attention2d(nn.Module):
    """Gate from a stage's input: max-pool to its output's size, depthwise and pointwise conv."""

    def __init__(self, channels_in: int, channels_out: int, kernel: tuple[int, int]) -> None:
        super().__init__()
        self.conv_depth = nn.Conv2d(
            channels_in, channels_in, kernel, padding="same", groups=channels_in
        )
        self.conv_point = nn.Conv2d(channels_in, channels_out, 1)
        self.bn = nn.BatchNorm2d(channels_out)

    def forward(self, x: Tensor, size: Sequence[int]) -> Tensor:
        """Gate (B, channels_out, *size) in (0, 1)."""
        pooled = functional.adaptive_max_pool2d(x, list(size))
        return torch.sigmoid(self.bn(self.conv_point(self.conv_depth(pooled))))


class AudioHead(nn.Module):
    """Waveform to embedding (B, embed_dim)."""

    window: Tensor

    def __init__(self, config: AudioHeadConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or AudioHeadConfig()
        window = _blackman_harris(config.window_samples)
        self.register_buffer("window", window)
        self.fbsp = FrequencyBSpline(config)
        self.conv1 = nn.Conv2d(NUM_BANDS, config.stem_width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(config.stem_width)
        widths = [config.stem_width, *(EXPANSION * planes for planes in config.planes)]
        for i, (planes, depth) in enumerate(zip(config.planes, config.layers, strict=True), 1):
            self.add_module(f"layer{i}", _stage(widths[i - 1], planes, depth, i > 1, config))
            kernel = (3, 1) if i % 2 else (1, 5)
            self.add_module(f"att{i}", Attention2d(widths[i - 1], widths[i], kernel))
        self.att5 = Attention2d(widths[-1], widths[-1], (3, 5))
        self.fc = nn.Linear(widths[-1], config.embed_dim)
        self._initialise()
        self._frozen: tuple[tuple[int, ...], tuple[Tensor, Tensor] | Tensor] | None = None

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, samples: Tensor) -> Tensor:
        """Embed sound.

        Args:
            samples: Float on the int16 scale [-32768, 32767], (B, S) or (B, channels, S).
                Channels go through the trunk one by one and their pooled vectors are summed.

        Returns:
            Embeddings (B, embed_dim), not normalised.
        """
        return self.fc(self.describe(samples))  # type: ignore[no-any-return]

    def describe(self, samples: Tensor, adapters: Adapters | None = None) -> Tensor:
        """Pooled channels (B, C) before the last layer; for `samples` see `forward`."""
        if samples.ndim == 2:
            samples = samples[:, None]
        B, channels, S = samples.shape
        spectrogram = self.spectrogram(samples.reshape(B * channels, S))
        pooled = self.pool(self.trunk(spectrogram, adapters))
        return pooled.view(B, channels, pooled.shape[1]).sum(1)

    def spectrogram(self, samples: Tensor) -> Tensor:
        """Log power in three bands (N, 3, filters / 3, frames) in dB, in the weights' precision.

        Never in 16 bits: autocast is off here.
        """
        with torch.autocast(samples.device.type, enabled=False):
            filters = self._filters()
            parts = in_parts(samples.to(self.window.dtype), 1)  # frames are many times the sound
            return torch.cat([self._decibels(self._frames(part), filters) for part in parts])

    def _decibels(self, frames: Tensor, filters: "tuple[Tensor, Tensor] | Tensor") -> Tensor:
        """Frames (N, frames, window_samples) to log power (N, 3, filters / 3, frames) in dB."""
        if isinstance(filters, Tensor):
            real, imaginary = (frames @ filters.to(frames.device)).chunk(2, -1)
            power = (real.square() + imaginary.square()).transpose(1, 2)
        else:
            for_real, for_imaginary = (bank.to(frames.device) for bank in filters)
            first, second = (frames * self.window).chunk(2, -1)
            total, difference = second + first.flip(-1), second - first.flip(-1)
            near = for_real.shape[1] - total.shape[-1]
            real = for_real @ torch.cat([total, difference[..., :near]], -1).mT
            imaginary = for_imaginary @ torch.cat([difference, total[..., :near]], -1).mT
            power = real.square() + imaginary.square()
        power = torch.where(power == 0, SILENCE_POWER, power)
        N, bins, num_frames = power.shape
        return (10 * torch.log10(power)).view(N, NUM_BANDS, bins // NUM_BANDS, num_frames)

    def _frames(self, samples: Tensor) -> Tensor:
        """Overlapping frames (N, frames, window_samples), the signal in [-1, 1] padded evenly."""
        window, hop = self.config.window_samples, self.config.hop_samples
        wave = (samples + 32768) * 2 / 65535 - 1
        length = wave.shape[-1]
        count = 1 if length <= window else 1 + -(-(length - window) // hop)
        padding = (count - 1) * hop + window - length
        padded = functional.pad(wave, (padding // 2, padding - padding // 2))
        return padded.unfold(-1, window, hop)

    def _filters(self) -> "tuple[Tensor, Tensor] | Tensor":
        """What `_make_filters` makes, kept while it is frozen; folded where that is the same.

        Filters are alike on both sides of their middle while `m` is 0; see `_fold`.
        """
        parameters = (self.fbsp.m, self.fbsp.fb, self.fbsp.fc)
        if torch.is_grad_enabled() and any(p.requires_grad for p in parameters):
            return self._make_filters()
        version = tuple(id(p) ^ p._version for p in (*parameters, self.window))
        if self._frozen is None or self._frozen[0] != version:
            with torch.no_grad():
                self._frozen = (version, self._fold() or self._make_filters())
        return self._frozen[1]

    def _make_filters(self) -> Tensor:
        """Window times filters (window_samples, 2 * bins): real parts, then imaginary parts."""
        return torch.cat([part * self.window[:, None] for part in self._meeting()], dim=1)

    def _meeting(self) -> list[Tensor]:
        """Real and imaginary parts (window_samples, bins) of filters, where they meet samples.

        Frames are centred in the longer transform by zeros on both sides, so only the middle of
        each filter does. The bins above three equal bands are dropped.
        """
        config = self.config
        side = (config.fft_samples - config.window_samples) // 2
        bins = config.num_filters // NUM_BANDS * NUM_BANDS
        return [part[:bins, side : side + config.window_samples].T for part in self.fbsp()]

    def _fold(self) -> tuple[Tensor, Tensor] | None:
        """Filters for the sum and the difference of a frame's sides; None where they are no fewer.

        The real part is even and the imaginary part odd but for rounding near the middle, where the
        grid is off by 1e-8: what each has of the other kind there comes last. They know no window.

        Returns:
            Real and imaginary parts, (bins, window_samples / 2 + taps near the middle).
        """
        if self.config.window_samples % 2 or self.window.is_meta:
            return None
        alike, unlike = [], []
        for part, sign in zip(self._meeting(), (1, -1), strict=True):
            first, second = part.chunk(2)
            first = sign * first.flip(0)
            alike.append((second + first) / 2)
            unlike.append((second - first) / 2)
        taps = torch.stack(unlike).abs().amax((0, 2)).nonzero()
        near = int(taps.max()) + 1 if len(taps) else 0
        if near > MOST_UNLIKE * len(alike[0]):
            return None
        real, imaginary = (
            torch.cat([own, other[:near]]).T.contiguous()
            for own, other in zip(alike, unlike, strict=True)
        )
        return real, imaginary

    def trunk(self, spectrogram: Tensor, adapters: Adapters | None = None) -> Tensor:
        """Map (N, C, H, W) of frequency and time before pooling."""
        return self.rest(self.stem(spectrogram), 0, adapters)

    def stem(self, spectrogram: Tensor) -> Tensor:
        """Map before the first stage; in the weights' precision, never in 16 bits.

        Decibels far from zero lose whole units in 16 bits: the worst second of sound would keep a
        cosine of 0.966 instead of 0.982 with untrained weights.
        """
        with torch.autocast(spectrogram.device.type, enabled=False):
            exact = spectrogram.to(self.conv1.weight.dtype)
            stem = convolve(exact, self.conv1, self.bn1, "relu")
            return functional.max_pool2d(stem, 3, 2, 1)

    def stages(self, x: Tensor, until: int) -> Tensor:
        """The stem's map (N, C, H, W) after the first `until` stages."""
        for i in range(1, until + 1):
            x = self._stage(x, i)
        return x

    def rest(self, x: Tensor, done: int, adapters: Adapters | None = None) -> Tensor:
        """Last map (N, C, H, W) from that after `done` stages, each stage's adapter after it."""
        for i in range(done, 5):
            x = self._stage(x, i) if i > done else x
            x = adapters.after("audio", i, x) if adapters else x
        return x

    def _stage(self, x: Tensor, i: int) -> Tensor:
        y: Tensor = getattr(self, f"layer{i}")(x)
        gate: Tensor = getattr(self, f"att{i}")(x, y.shape[-2:])
        return y * gate

    def pool(self, x: Tensor) -> Tensor:
        """Attended average (N, C) of a map."""
        pooled = functional.adaptive_avg_pool2d(x, 1)
        attended: Tensor = pooled * self.att5(x, (1, 1))
        return attended.flatten(1)


def _stage(
    channels: int, planes: int, depth: int, halves: bool, config: AudioHeadConfig
) -> nn.Sequential:
    first = Bottleneck(channels, planes, 2 if halves else 1, config)
    rest = (Bottleneck(first.wide, planes, 1, config) for _ in range(depth - 1))
    return nn.Sequential(first, *rest)


def _blackman_harris(length: int) -> Tensor:
    """Periodic four-term Blackman-Harris window (Harris, 1978)."""
    t = 2 * pi * torch.arange(length, dtype=torch.float64) / length
    terms = (0.35875, -0.48829, 0.14128, -0.01168)
    window = sum(a * torch.cos(k * t) for k, a in enumerate(terms))
    return torch.as_tensor(window).float()
