"""Weights of another checkpoint as the beginning of a training, and what of them fitted."""

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from avel.models.card import checkpoint_of
from avel.models.checkpoint import load_checkpoint
from avel.pipeline.reasons import InputError

ENOUGH = 0.5
"""Share of the model's tensors below which a beginning is a mistake unless asked for."""
NAMED = 3


@dataclass(frozen=True)
class Begun:
    """Names of tensors, by what became of them.

    Attributes:
        path: Where they are from.
        copied: In both, of one shape.
        reshaped: In both, of other shapes: not copied.
        new: In the model alone.
        unused: In the checkpoint alone.
    """

    path: Path
    copied: tuple[str, ...]
    reshaped: tuple[str, ...]
    new: tuple[str, ...]
    unused: tuple[str, ...]

    @property
    def share(self) -> float:
        """Of the model's tensors that were copied, in [0, 1]."""
        return len(self.copied) / max(1, len(self.copied) + len(self.reshaped) + len(self.new))

    def __str__(self) -> str:
        total = len(self.copied) + len(self.reshaped) + len(self.new)
        rest = {"of another shape": self.reshaped, "new": self.new, "not used": self.unused}
        listed = "".join(f"; {what}: {_few(names)}" for what, names in rest.items() if names)
        return f"began with {len(self.copied)} of {total} tensors of {self.path}{listed}"


def begin_with(model: nn.Module, path: Path, *, partial: bool = False) -> Begun:
    """Copy a checkpoint's weights of the same name and shape into a model.

    Args:
        model: Where they go.
        path: Run folder or checkpoint.
        partial: Whether fewer than half of the model's tensors are enough.

    Raises:
        InputError: too few fit; says how many, and which do not.
    """
    _, other, _ = load_checkpoint(checkpoint_of(path))
    mine, theirs = model.state_dict(), other.state_dict()
    both = [name for name in mine if name in theirs]
    fitting = [name for name in both if mine[name].shape == theirs[name].shape]
    begun = Begun(
        path,
        tuple(fitting),
        tuple(name for name in both if name not in fitting),
        tuple(name for name in mine if name not in theirs),
        tuple(name for name in theirs if name not in mine),
    )
    if not fitting:
        raise InputError(f"start: not one tensor of {path} has a name and shape of this model")
    if begun.share < ENOUGH and not partial:
        raise InputError(
            f"start: {path} fits this model poorly: it {begun}; give the checkpoint of a model of "
            "this kind and size, or set start_partial=true"
        )
    model.load_state_dict({name: theirs[name] for name in fitting}, strict=False)
    return begun


def _few(names: tuple[str, ...]) -> str:
    rest = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + rest
