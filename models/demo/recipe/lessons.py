"""What is learnt from: filters, tokens and pronunciations, alike in all processes of the training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from examples import ExampleSource
from ggml_file import read_frontend
from phonemes import Pronunciation, load_pronunciation
from sentences import TextSource
from shards import SpeechPool
from tokens import BytePairEncoder, LearntVocabulary


@dataclass(frozen=True)
class Lessons:
    filters: np.ndarray
    vocabulary: LearntVocabulary
    pronunciation: Pronunciation

    def source(self, pool: SpeechPool) -> ExampleSource:
        return ExampleSource(pool, self.filters, self.vocabulary, self.pronunciation)


def load_lessons(folder: Path, frontend_path: Path) -> Lessons:
    frontend = read_frontend(frontend_path)
    words = TextSource.read().words()
    vocabulary = LearntVocabulary(BytePairEncoder(frontend.tokens), words)
    return Lessons(frontend.mel_filters, vocabulary, load_pronunciation(words, folder / "phonemes.json"))
