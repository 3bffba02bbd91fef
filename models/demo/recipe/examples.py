"""Training examples, made anew each time: speech through a random telephone line, with its tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator

import numpy as np

from channel import RATE_HZ, TelephoneChannel
from logmel import log_mel, warped_filters
from no_speech import draw_any
from phonemes import Pronunciation
from shards import SpeechPool
from tokens import END_OF_TEXT, NO_SPEECH, NO_TIME_STAMPS, PREVIOUS, START, LearntVocabulary

IGNORED = -100
_LONGEST_S = 8.5
_LONGEST_PROMPT = 40
_TAIL_FRAMES = 10
_NO_SPEECH_SHARE = 0.06
_PROMPT_SHARE = 0.04


@dataclass(frozen=True)
class Difficulty:
    longest_s: float
    hardness: float
    joined_share: float


EASY = Difficulty(longest_s=2.0, hardness=0.4, joined_share=0.0)
FULL = Difficulty(longest_s=_LONGEST_S, hardness=1.0, joined_share=0.12)


@dataclass(frozen=True)
class Example:
    mel: np.ndarray
    floor: float
    # Empty for sounds without speech.
    text: str
    end_s: float


@dataclass(frozen=True)
class Batch:
    mel: np.ndarray
    inputs: np.ndarray
    targets: np.ndarray
    phonemes: list[list[int]]


class ExampleSource:
    def __init__(
        self, pool: SpeechPool, filters: np.ndarray, vocabulary: LearntVocabulary, pronunciation: Pronunciation
    ) -> None:
        self._pool = pool
        self._filters = filters
        self._warped = warped_filters(filters, np.linspace(0.84, 1.2, 19))
        self._vocabulary = vocabulary
        self._pronunciation = pronunciation

    def batches(self, rng: np.random.Generator, difficulty: Difficulty, size: int, count: int) -> list[Batch]:
        """Examples of like length share a batch; the shortest come first."""
        examples = [self._draw(rng, difficulty) for _ in range(size * count)]
        examples.sort(key=lambda example: example.mel.shape[1])
        return [self._collate(rng, examples[i : i + size]) for i in range(0, len(examples), size)]

    def clear_batches(self, limit: int, size: int) -> Iterator[Batch]:
        """The first utterances as they are, with time stamps: for watching the progress."""
        for first in range(0, min(limit, len(self._pool)), size):
            numbers = range(first, min(limit, len(self._pool), first + size))
            examples = [self._clear_example(number) for number in numbers]
            yield self._assemble(examples, [self._with_time_stamps(example) for example in examples])

    def _clear_example(self, number: int) -> Example:
        speech = self._pool.speech(number)
        mel, floor = log_mel(speech, self._filters)
        return Example(mel, floor, self._pool.at(number).text, len(speech) / RATE_HZ)

    def _draw(self, rng: np.random.Generator, difficulty: Difficulty) -> Example:
        channel = TelephoneChannel(rng, lambda: self._pool.speech(int(rng.integers(len(self._pool)))))
        if rng.random() < _NO_SPEECH_SHARE:
            mel, floor = log_mel(draw_any(rng, channel), self._filters)
            return Example(mel, floor, "", 0.0)
        numbers = [self._pool.draw(rng, difficulty.longest_s)]
        if rng.random() < difficulty.joined_share:
            left_s = _LONGEST_S - self._pool.at(numbers[0]).samples / RATE_HZ
            numbers.append(self._pool.draw(rng, max(left_s, 2.0)))
        sound, end_s = channel.transmit(self._speak(rng, channel, numbers), difficulty.hardness)
        filters = self._warped[rng.integers(len(self._warped))] if rng.random() < 0.5 else self._filters
        mel, floor = log_mel(sound, filters)
        if rng.random() < 0.3:
            _mask(rng, mel, floor)
        return Example(mel, floor, " ".join(self._pool.at(number).text for number in numbers), end_s)

    def _speak(self, rng: np.random.Generator, channel: TelephoneChannel, numbers: list[int]) -> np.ndarray:
        changes_speed = rng.random() < 0.4
        parts: list[np.ndarray] = []
        for number in numbers:
            speech = self._pool.speech(number)
            if parts:
                parts.append(np.zeros(round(RATE_HZ * rng.uniform(0.15, 0.7)), np.float32))
            parts.append(speech)
        speech = np.concatenate(parts)
        return channel.change_speed(speech) if changes_speed else speech

    def _collate(self, rng: np.random.Generator, examples: list[Example]) -> Batch:
        rows = [self._tokens(rng, example) for example in examples]
        if rng.random() < _PROMPT_SHARE:
            rows = [self._with_prompt(rng, row) for row in rows]
        return self._assemble(examples, rows)

    def _assemble(self, examples: list[Example], rows: list[tuple[list[int], list[int]]]) -> Batch:
        frames = max(example.mel.shape[1] for example in examples) + _TAIL_FRAMES
        frames += frames % 2
        mel = np.empty((len(examples), examples[0].mel.shape[0], frames), np.float32)
        length = max(len(inputs) for inputs, _ in rows)
        inputs = np.full((len(rows), length), self._vocabulary.row(END_OF_TEXT), np.int64)
        targets = np.full((len(rows), length), IGNORED, np.int64)
        for i, (example, row) in enumerate(zip(examples, rows)):
            mel[i] = example.floor
            mel[i, :, : example.mel.shape[1]] = example.mel
            inputs[i, : len(row[0])] = row[0]
            targets[i, : len(row[1])] = row[1]
        return Batch(mel, inputs, targets, [self._pronunciation.of(example.text) for example in examples])

    def _tokens(self, rng: np.random.Generator, example: Example) -> tuple[list[int], list[int]]:
        """Inputs and the targets that follow them; with time stamps half of the time."""
        row = self._vocabulary.row
        end = row(END_OF_TEXT)
        if rng.random() < 0.5:
            if example.text:
                return self._with_time_stamps(example)
            zero = self._vocabulary.time_stamp(0.0)
            first = row(NO_SPEECH) if rng.random() < 0.8 else zero
            return [row(START), zero], [first, end]
        inputs = [row(START), row(NO_TIME_STAMPS)]
        if not example.text:
            return inputs, [row(NO_SPEECH), end]
        text = self._vocabulary.encode(example.text)
        return inputs + text, [IGNORED, *text, end]

    def _with_time_stamps(self, example: Example) -> tuple[list[int], list[int]]:
        begin, end = self._vocabulary.time_stamp(0.0), self._vocabulary.time_stamp(example.end_s)
        spoken = [begin, *self._vocabulary.encode(example.text), end]
        return [self._vocabulary.row(START), *spoken], [*spoken, self._vocabulary.row(END_OF_TEXT)]

    def _with_prompt(
        self, rng: np.random.Generator, row: tuple[list[int], list[int]]
    ) -> tuple[list[int], list[int]]:
        """Text of another call in front, as an initial prompt brings it."""
        other = self._pool.at(int(rng.integers(len(self._pool)))).text
        prompt = [self._vocabulary.row(PREVIOUS), *self._vocabulary.encode(other)[:_LONGEST_PROMPT]]
        return prompt + row[0], [IGNORED] * len(prompt) + row[1]


def _mask(rng: np.random.Generator, mel: np.ndarray, floor: float) -> None:
    """Blanks a band or two, and now and then a moment."""
    bands, frames = mel.shape
    for _ in range(rng.integers(1, 3)):
        width = rng.integers(1, 11)
        start = rng.integers(bands - width)
        mel[start : start + width] = floor
    if rng.random() < 0.5:
        width = rng.integers(2, 13)
        start = rng.integers(max(1, frames - width))
        mel[:, start : start + width] = floor
