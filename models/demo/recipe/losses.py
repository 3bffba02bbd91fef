"""What the training makes small: errors of the next token, and of the phonemes on the way to it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from examples import IGNORED


def token_loss(logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    return F.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, label_smoothing=smoothing
    )


def phoneme_loss(logits: Tensor, phonemes: list[list[int]]) -> Tensor:
    """Connectionist temporal classification, for each phoneme of the batch."""
    blank = logits.shape[-1] - 1
    lengths = torch.tensor([len(row) for row in phonemes])
    total = F.ctc_loss(
        F.log_softmax(logits, -1).transpose(0, 1),
        torch.tensor([phoneme for row in phonemes for phoneme in row], dtype=torch.long, device=logits.device),
        torch.full((len(phonemes),), logits.shape[1], dtype=torch.long),
        lengths,
        blank=blank,
        reduction="sum",
        zero_infinity=True,
    )
    return total / max(1, int(lengths.sum()))


def count_correct(logits: Tensor, targets: Tensor) -> tuple[int, int]:
    counted = targets != IGNORED
    return int(((logits.argmax(-1) == targets) & counted).sum()), int(counted.sum())
