"""Where the cache is, what a runtime may be, and devices that exist or do not."""

from dataclasses import fields
from pathlib import Path

import pytest

from avel.pipeline.reasons import EnvironmentProblem, InputError
from avel.pipeline.work.runtime import RuntimeConfig, cache_root, default_workers, resolve_device


@pytest.fixture
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("AVEL_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


def test_the_cache_is_where_the_nearest_word_says(
    nothing_said: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The flag, then avel's variable, then the desktop's, then the home folder."""
    patch = nothing_said
    patch.setattr(Path, "home", lambda: tmp_path)
    assert cache_root() == (tmp_path / ".cache" / "avel", "default")
    patch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_root() == (Path("/xdg/avel"), "XDG_CACHE_HOME")
    patch.setenv("AVEL_CACHE_DIR", "/mine")
    assert cache_root() == (Path("/mine"), "AVEL_CACHE_DIR")
    assert cache_root(Path("/flag")) == (Path("/flag"), "--cache-dir")


def test_a_user_without_a_home(nothing_said: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    nothing_said.setattr(Path, "home", nowhere)
    assert cache_root(tmp_path) == (tmp_path, "--cache-dir")
    with pytest.raises(EnvironmentProblem, match="no home folder to keep the cache in; give --cac"):
        cache_root()
    nothing_said.setenv("AVEL_CACHE_DIR", "/mine")
    assert cache_root() == (Path("/mine"), "AVEL_CACHE_DIR")


@pytest.mark.parametrize("name", ["AVEL_CACHE_DIR", "XDG_CACHE_HOME"])
def test_an_empty_variable_says_nothing(
    nothing_said: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    nothing_said.setattr(Path, "home", lambda: tmp_path)
    nothing_said.setenv(name, "")
    assert cache_root()[1] == "default"


def test_defaults_are_this_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVEL_CACHE_DIR", "/mine")
    runtime = RuntimeConfig()
    assert runtime.cache_dir == Path("/mine")
    assert runtime.workers == default_workers() >= 1
    assert (runtime.device, runtime.devices, runtime.loaders) == ("auto", 1, 0)


@pytest.mark.parametrize("name", ["devices", "workers", "batch_cells", "window_cells"])
@pytest.mark.parametrize("value", [0, -3])
def test_counts_are_above_zero(name: str, value: int) -> None:
    assert getattr(RuntimeConfig(**{name: 1}), name) == 1  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=rf"{name} \({value}\) must be greater than 0"):
        RuntimeConfig(**{name: value})  # type: ignore[arg-type]


def test_time_out_is_above_zero_and_loaders_not_below() -> None:
    assert RuntimeConfig(timeout_seconds=0.5, loaders=0).timeout_seconds == 0.5
    with pytest.raises(ValueError, match=r"timeout_seconds \(0.0\) must be greater than 0"):
        RuntimeConfig(timeout_seconds=0.0)

    with pytest.raises(ValueError, match=r"loaders \(-1\) must not be negative"):
        RuntimeConfig(loaders=-1)


def test_a_runtime_is_fixed_and_has_no_setting_of_any_stage() -> None:
    """What changes numbers belongs to a stage's config, and so to its fingerprint."""
    from avel.pipeline.media.cells import SegmentConfig
    from avel.pipeline.method.decoders import EventConfig

    with pytest.raises(AttributeError, match="cannot assign to field"):
        RuntimeConfig().workers = 3  # type: ignore[misc]
    names = {field.name for field in fields(RuntimeConfig)}
    assert names.isdisjoint(
        f.name for config in (SegmentConfig, EventConfig) for f in fields(config)
    )


def test_auto_is_a_device_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    for there, name in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert resolve_device("auto") == name
    assert resolve_device("cpu") == "cpu"


def test_float32_is_float32_from_then_on() -> None:
    """Convolutions and LSTMs of a model on a GPU would else be rounded to TF32's 10 bits."""
    import torch

    products, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = products.allow_tf32, cudnn.allow_tf32
    try:
        products.allow_tf32 = cudnn.allow_tf32 = True
        resolve_device("cpu")
        assert (products.allow_tf32, cudnn.allow_tf32) == (False, False)
    finally:
        products.allow_tf32, cudnn.allow_tf32 = before


@pytest.mark.parametrize("device", ["cuda:99", "gpu", "cpux", "meta"])
def test_a_device_that_is_not_there(device: str) -> None:
    rule = rf"device '{device}' cannot be used \(.+\); use --device cpu, or see `avel doctor`"
    with pytest.raises(EnvironmentProblem, match=rule) as caught:
        resolve_device(device)
    assert "\n" not in str(caught.value)


def test_codecs_are_names_of_decoders() -> None:
    assert RuntimeConfig(codecs=("hap", "libvpx-vp9", "acelp.kelvin")).codecs[0] == "hap"
    for name in ("", "hap,bfi", "a b"):
        with pytest.raises(InputError, match=r"codecs \('.*'\) must be names of decoders"):
            RuntimeConfig(codecs=(name,))
