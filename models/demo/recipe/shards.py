"""The synthesised speech of a split, mapped from its shards."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from synthesis import SAMPLE_RATE_HZ, Utterance, read_index


class SpeechPool:
    """All utterances of the shards that are complete; `refresh` takes in those that came later."""

    def __init__(self, folder: Path, split: str) -> None:
        self._folder = folder
        self._split = split
        self._sounds: dict[Path, np.ndarray] = {}
        self._utterances: list[tuple[Utterance, np.ndarray]] = []
        self.refresh()

    def refresh(self) -> None:
        for path in sorted(self._folder.glob(f"{self._split}-*.json")):
            if path not in self._sounds:
                self._sounds[path] = np.load(path.with_suffix(".npy"), mmap_mode="r")
                self._utterances += [(entry, self._sounds[path]) for entry in read_index(path)]

    def __len__(self) -> int:
        return len(self._utterances)

    def at(self, number: int) -> Utterance:
        return self._utterances[number][0]

    def speech(self, number: int) -> np.ndarray:
        """Samples of -1..1."""
        entry, sound = self._utterances[number]
        return sound[entry.start : entry.start + entry.samples].astype(np.float32) / 32_768

    def draw(self, rng: np.random.Generator, longest_s: float) -> int:
        """A random utterance, no longer than that."""
        while True:
            number = int(rng.integers(len(self)))
            if self.at(number).samples <= longest_s * SAMPLE_RATE_HZ:
                return number
