"""How the training goes: means over some steps, and a CSV file with a line for each."""

from __future__ import annotations

import csv
import time
from dataclasses import dataclass
from pathlib import Path

COLUMNS = (
    "step", "hours", "examples", "rate", "attention_loss", "phoneme_loss", "token_accuracy",
    "seconds_per_step", "development_loss", "development_accuracy",
)  # fmt: skip


@dataclass(frozen=True)
class Measured:
    examples: int
    attention_loss: float
    phoneme_loss: float
    correct: int
    counted: int


class Meter:
    """Means since the last report."""

    def __init__(self, replicas: int) -> None:
        self._replicas = replicas
        self._steps: list[Measured] = []
        self._started = time.monotonic()

    def add(self, measured: Measured) -> None:
        self._steps.append(measured)

    def seconds_per_step(self) -> float:
        return (time.monotonic() - self._started) / len(self._steps)

    def summary(self) -> dict[str, object]:
        count = len(self._steps)
        return {
            "examples": sum(s.examples for s in self._steps) * self._replicas,
            "attention_loss": f"{sum(s.attention_loss for s in self._steps) / count:.4f}",
            "phoneme_loss": f"{sum(s.phoneme_loss for s in self._steps) / count:.4f}",
            "token_accuracy": f"{sum(s.correct for s in self._steps) / sum(s.counted for s in self._steps):.4f}",
            "seconds_per_step": f"{self.seconds_per_step():.3f}",
        }


class LearningCurve:
    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.exists():
            self.add({name: name for name in COLUMNS})

    def add(self, row: dict[str, object]) -> None:
        with open(self._path, "a", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, COLUMNS, restval="").writerow(row)
