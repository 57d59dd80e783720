"""Train the tiny AudioCLIP on synthetic video with AudioCLIP's own three-way objective.

Every contrastive group holds each class once: the sight, the sound and the name of one event
cell. The filter bank of the audio front end stays the Fourier transform that it starts as, so
spectrograms are made once.
"""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from numpy.typing import NDArray
from open_clip import get_tokenizer
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, IterableDataset

from avel.cache.fingerprint import ContentKeys, file_sha256
from avel.cache.whole import replacing
from avel.extractors.audioclip.declarations import IMAGE_MEAN, IMAGE_STD
from avel.extractors.audioclip.joint import TINY, AudioCLIP
from avel.pipeline.datasets.ave import AveFolder, Row
from avel.pipeline.learning.run_folder import write_text
from avel.pipeline.learning.settings import PretrainConfig
from avel.pipeline.learning.trainer import placement, quiet_lightning
from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.media.decoder import decode_files
from avel.pipeline.media.limits import DecodeLimits
from avel.pipeline.method.stores import open_store, pack, segments_recipe, unpack
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig, resolve_device
from avel.pipeline.work.talk import is_quiet


@dataclass(frozen=True)
class EventCells:
    """Cells inside events: pictures (M, 3, H, W) uint8, spectrograms (M, 3, B, X) float16."""

    frames: Tensor
    spectrograms: Tensor
    labels: NDArray[np.int64]


def gather_segments(data: AveFolder, runtime: RuntimeConfig) -> Iterator[int]:
    """Make sure that every annotated video's cells are cached; yields the number done."""
    config = SegmentConfig()
    store = open_store(runtime.cache_dir, segments_recipe(config))
    keys = ContentKeys(runtime.cache_dir)
    paths = dict.fromkeys(p for row in data.rows if (p := data.video_path(row.video_id)))
    todo = [(path, key) for path in paths if (key := keys.key(path)) not in store]
    done = len(paths) - len(todo)
    limits = DecodeLimits(
        runtime.workers, runtime.window_cells, runtime.timeout_seconds, codecs=runtime.codecs
    )
    with store.writer() as writer:
        for number, result in decode_files([path for path, _ in todo], config, limits):
            if isinstance(result, Segments):
                writer.add(todo[number][1], pack(result))
            done += 1
            yield done


def event_cells(
    data: AveFolder, split: str, runtime: RuntimeConfig, model: AudioCLIP
) -> EventCells:
    """All cells of a split in which the annotated class is both seen and heard."""
    store = open_store(runtime.cache_dir, segments_recipe(SegmentConfig()))
    keys = ContentKeys(runtime.cache_dir)
    frames, spectrograms, labels = [], [], []
    for row in (data.rows[number] for number in data.splits[split]):
        path = data.video_path(row.video_id)
        arrays = store.get(keys.key(path)) if path else None
        segments = unpack(Segments, arrays) if arrays else None
        cells = _event(segments, row) if segments else []
        if not segments or not cells:
            continue
        frames.append(torch.from_numpy(segments.frames[cells, 0]))
        with torch.no_grad():
            samples = torch.from_numpy(segments.samples[cells]).float()
            spectrograms.append(model.audio.spectrogram(samples).half())
        labels += [row.label] * len(cells)
    if not labels:
        raise InputError(f"{data.root}: split '{split}' has no event cell with a readable video")
    return EventCells(torch.cat(frames), torch.cat(spectrograms), np.array(labels))


def _event(segments: Segments, row: Row) -> list[int]:
    """Cells of a row's event that have both picture and sound."""
    both = segments.visual_mask & segments.audio_mask
    return [t for t in range(row.start, min(row.end, len(both))) if both[t]]


class _Groups(IterableDataset[Tensor]):
    """Batches of cell numbers, each of `groups` groups with every class once."""

    def __init__(self, labels: NDArray[np.int64], groups: int, seed: int) -> None:
        self._cells = [np.flatnonzero(labels == label) for label in np.unique(labels)]
        self._groups = groups
        self._rng = np.random.default_rng(seed)
        self._batches = len(labels) // (len(self._cells) * groups)

    def __len__(self) -> int:
        return self._batches

    def __iter__(self) -> Iterator[Tensor]:
        for _ in range(self._batches):
            picks = [
                [self._rng.choice(cells) for cells in self._cells] for _ in range(self._groups)
            ]
            yield torch.tensor(picks)


class _Pretrainer(lightning.LightningModule):
    def __init__(
        self, model: AudioCLIP, cells: EventCells, names: list[str], config: PretrainConfig
    ) -> None:
        super().__init__()
        self.model, self._cells, self._config = model, cells, config
        self._tokens = get_tokenizer("RN50-quickgelu")(names)

    def training_step(self, numbers: Tensor, _: int) -> Tensor:
        numbers = numbers.cpu()  # the cells stay in the main memory
        flat = numbers.flatten()
        images = vary_images(self._cells.frames[flat].float()).to(self.device)
        spectrograms = vary_spectrograms(self._cells.spectrograms[flat].float()).to(self.device)
        image, audio = embed(self.model, images, spectrograms)
        labels = torch.from_numpy(self._cells.labels)[numbers]
        losses = [
            self.model.loss(a, i, self.model.encode_text(self._tokens[text].to(self.device)))
            for a, i, text in zip(
                audio.view(*numbers.shape, -1),
                image.view(*numbers.shape, -1),
                labels,
                strict=True,
            )
        ]
        loss = torch.stack(losses).mean()
        self.log("loss", loss, prog_bar=True)
        return loss

    def configure_optimizers(self) -> Any:
        config = self._config
        parameters = [p for p in self.model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(
            parameters, config.learning_rate, weight_decay=config.weight_decay
        )
        steps = int(self.trainer.estimated_stepping_batches)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.learning_rate, steps)
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]


def embed(model: AudioCLIP, images: Tensor, spectrograms: Tensor) -> tuple[Tensor, Tensor]:
    """Image and audio embeddings (N, D) of pictures in [0, 255] and spectrograms in dB."""
    statistics = (torch.tensor(v, device=images.device) for v in (IMAGE_MEAN, IMAGE_STD))
    mean, std = (v.view(3, 1, 1) * 255 for v in statistics)
    images = ((images - mean) / std).to(memory_format=torch.channels_last)
    image = model.pool_map(model.image_map(images))
    spectrograms = spectrograms.to(memory_format=torch.channels_last)
    pooled = model.audio.pool(model.audio.trunk(spectrograms))
    return image, model.audio.fc(pooled)


def vary_images(images: Tensor) -> Tensor:
    """Mirror, crop, turn and recolour pictures (N, 3, H, W), each differently."""
    N = len(images)
    angle = (torch.rand(N) - 0.5) * 0.6
    size = torch.empty(N).uniform_(0.75, 1.1)
    mirror = torch.randint(0, 2, (N,)) * 2 - 1.0
    cos, sin = size * torch.cos(angle), size * torch.sin(angle)
    shift = (torch.rand(N, 2) - 0.5) * 0.2
    rows = torch.stack([cos * mirror, -sin, shift[:, 0], sin * mirror, cos, shift[:, 1]], 1)
    grid = functional.affine_grid(rows.view(N, 2, 3), list(images.shape), align_corners=False)
    images = functional.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    gain, lift = torch.empty(N, 1, 1, 1).uniform_(0.85, 1.15), torch.randn(N, 1, 1, 1) * 10
    return (images * gain + lift).clamp(0, 255)


def vary_spectrograms(spectrograms: Tensor) -> Tensor:
    """Another level and another moment for each spectrogram (N, 3, B, X)."""
    level = torch.empty(len(spectrograms), 1, 1, 1).uniform_(-6, 6)
    shifts = torch.randint(0, spectrograms.shape[-1], (len(spectrograms),)).tolist()
    return (
        torch.stack([s.roll(shift, -1) for s, shift in zip(spectrograms, shifts, strict=True)])
        + level
    )


@torch.no_grad()
def text_accuracy(model: AudioCLIP, cells: EventCells, names: list[str]) -> dict[str, float]:
    """Share of cells whose nearest class name is right, by sight and by sound."""
    model.eval()
    text = functional.normalize(model.encode_text(get_tokenizer("RN50-quickgelu")(names)), dim=-1)
    labels = torch.from_numpy(cells.labels)
    right = {"image": 0, "audio": 0}
    for start in range(0, len(labels), 64):
        part = slice(start, start + 64)
        image, audio = embed(model, cells.frames[part].float(), cells.spectrograms[part].float())
        for key, vectors in (("image", image), ("audio", audio)):
            nearest = (functional.normalize(vectors, dim=-1) @ text.T).argmax(1)
            right[key] += int((nearest == labels[part]).sum())
    return {f"{key}_to_text_accuracy": count / len(labels) for key, count in right.items()}


def pretrain(
    data: AveFolder, config: PretrainConfig, runtime: RuntimeConfig, out: Path
) -> dict[str, Any]:
    """Train, write `audioclip-tiny.safetensors` and its record beside it.

    Returns:
        The record: accuracies on the test split as shares in [0, 1], and the seconds it took.
    """
    lightning.seed_everything(config.seed, verbose=False)
    started = time.monotonic()
    model = AudioCLIP(TINY)
    for name in ("logit_scale", "logit_scale_ai", "logit_scale_at"):
        getattr(model, name).data.fill_(2.3)  # exp = 10: a tenth of CLIP's, for small batches
    model.audio.fbsp.requires_grad_(False)
    names = list(data.classes)
    _learn(model, event_cells(data, "train", runtime, model), names, config, runtime.device)
    model.half().float()  # as it will be read back
    accuracy = text_accuracy(model, event_cells(data, "test", runtime, model), names)
    model.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    record = {
        "commands": _commands(data, config),
        "config": asdict(config),
        "classes": names,
        "test": accuracy,
        "seconds": round(time.monotonic() - started),
    }
    return _write(model, out, record)


def _learn(
    model: AudioCLIP, cells: EventCells, names: list[str], config: PretrainConfig, device: str
) -> None:
    """Train the model in place and leave it on the CPU."""
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    quiet_lightning()
    trainer = lightning.Trainer(
        max_epochs=config.epochs,
        **placement(resolve_device(device), 1),
        precision=config.precision,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=not is_quiet(),
        gradient_clip_val=1.0,
    )
    batches = DataLoader(_Groups(cells.labels, config.groups, config.seed), batch_size=None)
    trainer.fit(_Pretrainer(model, cells, names, config), batches)
    model.to("cpu")


def _commands(data: AveFolder, config: PretrainConfig) -> list[str]:
    """What to type to make these weights again."""
    made = data.root / "synth.json"
    commands = []
    if made.is_file():
        synth = json.loads(made.read_text())["config"]
        commands.append(
            f"avel synth data/pretrain --videos {synth['num_videos']} "
            f"--noisy {synth['noisy_share']:g} --seed {synth['seed']}"
        )
    commands.append(
        f"avel pretrain --data data/pretrain --out extractors/weights --epochs {config.epochs} "
        f"--seed {config.seed} --precision {config.precision}"
    )
    return commands


def _write(model: AudioCLIP, out: Path, record: dict[str, Any]) -> dict[str, Any]:
    path = out / "audioclip-tiny.safetensors"
    tensors = {
        key: value.half() if value.is_floating_point() else value
        for key, value in model.state_dict().items()
    }
    with replacing(path) as part:
        save_file({key: value.contiguous() for key, value in tensors.items()}, part)
    record = {**record, "sha256": file_sha256(path)}
    write_text(path.with_suffix(".json"), json.dumps(record, indent=2) + "\n")
    return record
