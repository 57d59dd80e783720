"""Open vocabulary with encoders whose weights are made on the spot, and features that they read."""

from pathlib import Path

import numpy as np
import torch

from avel.extractors import PairChoice, choose
from avel.extractors.weights.files import find_file
from avel.pipeline.method.extract import Features
from tests.extractors.made import mn_file
from tests.extractors.towers import tower

TINY = "audioclip-tiny.safetensors"
DIM, WINDOWS, KINDS_OF_SOUND = 128, 2, 527
"""Widths of the made tower's vectors, and of AudioSet's classes."""


def pair(folder: Path, kind: str = "clip", sound: str = "mn04") -> PairChoice:
    """A made tower beside a made sound network, or beside the tiny AudioCLIP."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    hears = mn_file(folder) if sound == "mn04" else find_file(TINY).path
    given = [tower(folder / kind, kind), hears]
    found = choose(f"openclip+{sound}", given)
    assert isinstance(found, PairChoice)
    return found


def features(
    T: int,
    seed: int = 0,
    *,
    seen: np.ndarray | None = None,
    sounds: np.ndarray | None = None,
    audio: np.ndarray | None = None,
) -> Features:
    """Noise in a made pair's shapes, or what is given; the third segment has no sound."""
    rng = np.random.default_rng(seed)
    there, heard = np.ones(T, bool), np.arange(T) != 2
    logits = rng.standard_normal((T, WINDOWS, KINDS_OF_SOUND)) if sounds is None else sounds
    vectors = rng.standard_normal((T, WINDOWS * 512)) if audio is None else audio
    return Features(
        (rng.standard_normal((T, DIM)) if seen is None else seen).astype(np.float32),
        rng.standard_normal((T, 4, 16)).astype(np.float16),
        vectors.astype(np.float32) * heard[:, None],
        there,
        heard,
        T - 0.4,
        ("TRUNCATED",),
        audio_scores=logits.astype(np.float32) * heard[:, None, None],
    )
