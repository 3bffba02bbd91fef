"""Texts to speak: sentences of the grammar, digit strings and random words, split by the hold-out rule."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jsgf import Grammar

Kind = Literal["sentence", "digits", "random"]
Split = Literal["training", "development", "test"]

MAX_WORDS = 14
DIGITS = "zero one two three four five six seven eight nine".split()
# Without these, strings of random words can be told apart by sound alone.
_HOMOPHONES = set("to too for a an A I the of its it is in and or oh by bye hi mail".split())
_QUESTION_SHARE = 0.25
_OH_SHARE = 0.03


@dataclass(frozen=True)
class Text:
    """A sentence with capital and final mark, as it is to be transcribed."""

    kind: Kind
    text: str


def split_of(text: str) -> Split | None:
    """Where a sentence may be used; None says anywhere, as for all of one or two words."""
    if len(text.split()) < 3:
        return None
    remainder = int(hashlib.md5(text.lower().encode()).hexdigest(), 16) % 12
    if remainder == 0:
        return "test"
    return "development" if remainder == 1 else "training"


def write_out(words: list[str], mark: str = ".") -> str:
    text = " ".join(words)
    return text[0].upper() + text[1:] + mark


class TextSource:
    """Draws texts of each kind for one split."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._random_words = [w for w in grammar.words() if w not in _HOMOPHONES and len(w) > 1]

    @staticmethod
    def read() -> "TextSource":
        return TextSource(Grammar.read(Path(__file__).with_name("telephone.gram")))

    def words(self) -> list[str]:
        return sorted({*self._grammar.words(), *DIGITS, "oh"})

    def draw(self, rng: random.Random, kind: Kind, split: Split) -> Text:
        while True:
            text = self._draw_any(rng, kind, split)
            wanted = split_of(text)
            if wanted == split or (wanted is None and split == "training"):
                return Text(kind, text)

    def _draw_any(self, rng: random.Random, kind: Kind, split: Split) -> str:
        if kind == "digits":
            return write_out(_digit_string(rng, rng.choice([5, 6, 6, 7, 7, 8])))
        if kind == "random":
            return self._random_string(rng, split)
        return self._sentence(rng)

    def _sentence(self, rng: random.Random) -> str:
        is_question = rng.random() < _QUESTION_SHARE
        rule, mark = ("question", "?") if is_question else ("statement", ".")
        words: list[str] = []
        while not 1 <= len(words) <= MAX_WORDS:
            words = self._grammar.sample(rng, rule)
        return write_out(words, mark)

    def _random_string(self, rng: random.Random, split: Split) -> str:
        if split != "training":
            return write_out(rng.choices(self._random_words, k=rng.choice([3, 3, 4, 5])))
        if rng.random() < 0.3:
            return self._disturbed_sentence(rng)
        return write_out(rng.choices(self._random_words, k=rng.choice([1, 2, 3, 3, 4, 4, 5, 6])))

    def _disturbed_sentence(self, rng: random.Random) -> str:
        """A sentence with a word exchanged, which only the sound can tell."""
        text = self._sentence(rng)
        words = text[:-1].split()
        words[rng.randrange(len(words))] = rng.choice(self._random_words)
        return write_out(words, text[-1])


def _digit_string(rng: random.Random, length: int) -> list[str]:
    digits = rng.choices(DIGITS, k=length)
    return [d if i == 0 or rng.random() > _OH_SHARE else "oh" for i, d in enumerate(digits)]
