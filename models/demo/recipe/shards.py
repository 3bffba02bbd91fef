"""The synthesised speech of a split, mapped from its shards."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np

from synthesis import SAMPLE_RATE_HZ, Utterance, read_index


# Random words, which only the ear can tell, and digits are heard more often than they were spoken.
_SHARES = {"sentence": 0.5, "digits": 0.12, "random": 0.38}


class SpeechPool:
    """All utterances of the shards that are complete; `refresh` takes in those that came later."""

    def __init__(self, folder: Path, split: str) -> None:
        self._folder = folder
        self._split = split
        self._sounds: dict[Path, np.ndarray] = {}
        self._utterances: list[tuple[Utterance, np.ndarray]] = []
        self._by_kind: dict[str, list[int]] = defaultdict(list)
        self.refresh()

    def refresh(self) -> None:
        for path in sorted(self._folder.glob(f"{self._split}-*.json")):
            if path not in self._sounds:
                self._sounds[path] = np.load(path.with_suffix(".npy"), mmap_mode="r")
                for entry in read_index(path):
                    self._by_kind[entry.kind].append(len(self._utterances))
                    self._utterances.append((entry, self._sounds[path]))

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
            numbers = self._by_kind[rng.choice(list(_SHARES), p=list(_SHARES.values()))]
            number = numbers[rng.integers(len(numbers))] if numbers else int(rng.integers(len(self)))
            if self.at(number).samples <= longest_s * SAMPLE_RATE_HZ:
                return number
