"""Boxes by kernels alone, against torchvision's own functions and a box that is known."""

import subprocess
import sys

import torch
from torchvision.ops import batched_nms, roi_align

from avel.extractors.vision.boxes import cut, suppress


def boxes(count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    corner = torch.rand(count, 2) * 80
    found = torch.cat([corner, corner + 5 + torch.rand(count, 2) * 40], 1)
    return found, torch.rand(count), torch.randint(0, 3, (count,))


def test_the_same_boxes_stay_as_by_torchvision() -> None:
    found, scores, owners = boxes(200)
    for overlap in (0.3, 0.7):
        ours = suppress(found, scores, owners, overlap)
        assert torch.equal(ours, batched_nms(found, scores, owners, overlap))
        assert 0 < len(ours) < 200


def test_boxes_of_two_pictures_do_not_meet() -> None:
    one = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 10], [1, 0, 11, 10]])
    scores = torch.tensor([0.5, 0.9, 0.8])
    assert suppress(one, scores, torch.tensor([0, 1, 1]), 0.5).tolist() == [1, 0]
    assert suppress(one, scores, torch.tensor([0, 0, 0]), 0.5).tolist() == [1]


def test_of_no_boxes() -> None:
    none = torch.zeros(0, 4)
    assert len(suppress(none, torch.zeros(0), torch.zeros(0, dtype=torch.long), 0.5)) == 0


def test_the_same_pictures_as_by_torchvision() -> None:
    images = torch.rand(3, 3, 120, 120)
    found, _, owners = boxes(20)
    numbered = torch.cat([owners[:, None].float(), found], 1)
    theirs = roi_align(images, numbered, 24, sampling_ratio=2, aligned=True)
    torch.testing.assert_close(cut(images, owners, found, 24), theirs)


def test_torchvision_itself_is_not_imported() -> None:
    code = (
        "import sys, torch; from avel.extractors.vision.boxes import suppress;"
        "suppress(torch.eye(4), torch.ones(4), torch.zeros(4), .5);"
        "print([m for m in ('torchvision', 'torch._dynamo') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
