"""What Lightning runs: one model, its front of adapters, its loss, its schedule, its batches."""

from collections.abc import Callable
from typing import Any

import lightning
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from avel.extractors.adapters.fronts import Front
from avel.models.losses import IGNORED, Loss, Targets
from avel.models.output import LocalizationOutput, Visual
from avel.models.senses import SenseHeads
from avel.pipeline.datasets.features import Example
from avel.pipeline.learning.augment import augmented
from avel.pipeline.learning.batches import derived_seed
from avel.pipeline.learning.optimizer import groups_of, optimizer_of
from avel.pipeline.learning.settings import AugmentConfig, TrainConfig
from avel.pipeline.learning.splice import with_foreign_sound, with_spliced
from avel.pipeline.method.decide import EventConfig, decide
from avel.pipeline.method.scoring import probabilities
from avel.pipeline.reasons import InputError


class NotFinite(InputError):
    """The loss is NaN or infinite; says where, and what is kept."""


class OutOfMemory(RuntimeError):
    """The device's memory does not hold a batch; says which size it does hold."""


def batch_that_fits(loss_of: Callable[[Example], Tensor], batch: Example) -> int:
    """Largest half, quarter … of a batch (B, T, ...) that fits into memory; 0 where none does."""
    size = len(batch.row) // 2
    while size:
        try:
            loss_of(Example(*(part[:size] for part in batch))).backward()  # type: ignore[no-untyped-call]
            return size
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            size //= 2
    return 0


class LocalizerTraining(lightning.LightningModule):
    """One model, what is before it, its loss and its schedule.

    Every batch's randomness derives from the seed and the batch's place alone, so that a run that
    goes on after a stop draws what an undisturbed one would have drawn.
    """

    def __init__(
        self,
        model: nn.Module,
        front: Front | None,
        loss: Loss,
        num_classes: int,
        config: TrainConfig,
        *,
        weak: bool = False,
        augment: AugmentConfig | None = None,
        decoder: EventConfig | None = None,
    ) -> None:
        super().__init__()
        self._augment = augment if augment and augment.enabled else None
        self.model, self.front = model, front
        self._config, self._num_classes = config, num_classes
        self._loss, self._weak = loss, weak
        self._decoder = decoder or EventConfig()
        self._senses: SenseHeads | None = None
        if front is not None and front.adapters is not None and not weak and config.sense_weight:
            self._senses = SenseHeads(front.adapters.channels, num_classes)
        self._generator = torch.Generator()
        self._right: dict[int, list[Tensor]] = {}

    def forward(self, batch: Example) -> LocalizationOutput:
        return self._localize(*self._features(batch), batch.mask)

    def _features(self, batch: Example) -> tuple[Tensor, Tensor, Tensor]:
        """Sound, map and picture as the model reads them, through the adapters if there are any."""
        inputs = batch.audio, batch.visual_map, batch.visual
        if self.front is None:
            return inputs
        if self._config.recompute and self.training:
            return checkpoint(self.front, *inputs, use_reentrant=False)  # type: ignore[no-any-return]
        return self.front(*inputs)  # type: ignore[no-any-return]

    def _localize(
        self, audio: Tensor, visual_map: Tensor, visual: Tensor, mask: Tensor
    ) -> LocalizationOutput:
        return self.model(audio, Visual(visual_map, visual), mask)  # type: ignore[no-any-return]

    def training_step(self, batch: Example, number: int) -> Tensor:
        seed = derived_seed(self._config.seed, self.current_epoch, number, self.global_rank)
        torch.manual_seed(seed)
        self._generator.manual_seed(seed)
        rows = batch.row
        batch, known = self._varied(batch)
        ramp = min(1.0, self.current_epoch / max(1, self._config.mutual_ramp_epochs))
        loss = self._guarded(batch, known, ramp * self._config.mutual_weight)
        if not loss.isfinite():
            raise NotFinite(
                f"the loss is {float(loss.detach())} in epoch {self.current_epoch}, batch {number} "
                f"(rows {rows.tolist()[:8]} …); what was best until then is kept in the run "
                "folder. Lower train.learning_rate, or look for bad features with "
                "`avel cache verify`"
            )
        size = len(batch.video)
        when: dict[str, Any] = {"on_epoch": True, "on_step": False, "sync_dist": True}
        self.log("train_loss", loss, batch_size=size, prog_bar=True, **when)
        return loss

    def _varied(self, batch: Example) -> tuple[Example, Tensor]:
        """A batch as it is learned from, and which segments (B, T) are known background."""
        known = torch.zeros_like(batch.mask)
        if self._augment is not None:
            batch = augmented(batch, self._augment, self._num_classes, self._generator)
        if not self._weak and self._config.foreign_sound:
            share = self._config.foreign_sound
            batch = with_foreign_sound(batch, self._num_classes, share, self._generator)
        if self._weak and self._config.splice:
            batch, known = with_spliced(batch, self._num_classes, self._generator)
        return batch, known

    def _guarded(self, batch: Example, known: Tensor, mutual_weight: float) -> Tensor:
        """Loss of a batch; where memory runs out, an error that says which size would fit."""
        try:
            return self.loss_of(batch, known, mutual_weight)
        except torch.OutOfMemoryError as err:
            size = batch_that_fits(
                lambda part: self.loss_of(part, known[: len(part.row)], mutual_weight), batch
            )
            fits = f"use train.batch_size={size}" if size else "not even one video fits"
            raise OutOfMemory(
                f"out of memory with {len(batch.row)} videos at once: {fits}, with "
                "train.accumulate to keep the step's size, or train.precision=bfloat16"
            ) from err

    def loss_of(self, batch: Example, known: Tensor, mutual_weight: float) -> Tensor:
        """The loss of a batch as it is: its own, and that of the sense heads where there are any.

        Args:
            batch: B examples.
            known: Bool (B, T), segments known to be background, for weak supervision.
            mutual_weight: Of what the branches learn from each other.
        """
        targets = Targets(batch.segments, batch.video, batch.mask, known, batch.other)
        audio, visual_map, visual = self._features(batch)
        loss = self._loss(
            self._localize(audio, visual_map, visual, batch.mask), targets, mutual_weight
        )
        if self._senses is not None:
            event = (batch.segments != self._num_classes) & batch.mask
            event &= (batch.other == IGNORED)[:, None]  # a head's answer is one class
            senses = self._senses(audio, visual_map, visual, batch.segments, event)
            loss = loss + self._config.sense_weight * senses
        return loss

    def validation_step(self, batch: Example, _: int, dataloader_idx: int = 0) -> None:
        output = probabilities(self(batch), self._num_classes)
        decided = torch.from_numpy(decide(output, batch.present.cpu().numpy(), self._decoder))
        right = decided == batch.segments.cpu()
        self._right.setdefault(dataloader_idx, []).append(right.flatten().float())

    def on_validation_epoch_end(self) -> None:
        for index, name in enumerate(("val", "test")):
            if index in self._right:
                accuracy = torch.cat(self._right[index]).mean()
                self.log(f"{name}_accuracy", accuracy, prog_bar=True, sync_dist=True)
        self._right = {}

    def configure_optimizers(self) -> Any:
        config = self._config
        groups = groups_of(self.model, config.learning_rate, config.weight_decay)
        if self.front is not None:
            groups += groups_of(self.front, config.adapter_learning_rate, config.weight_decay)
        if self._senses is not None:
            groups += groups_of(self._senses, config.adapter_learning_rate, config.weight_decay)
        return optimizer_of(groups, config, int(self.trainer.estimated_stepping_batches))
