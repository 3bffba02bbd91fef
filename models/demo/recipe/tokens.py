"""Whisper's English tokens, and the few of them that the demo model learns."""

from __future__ import annotations

import re

FULL_VOCABULARY = 51_864
# Positions of the special tokens in an English-only model of whisper.cpp.
END_OF_TEXT = 50_256
START = 50_257
PREVIOUS = 50_360
NO_SPEECH = 50_361
NO_TIME_STAMPS = 50_362
FIRST_TIME_STAMP = 50_363
_FIRST_SPECIAL = END_OF_TEXT

TIME_STAMPS_PER_SECOND = 50
_LEARNT_STEP = 5
_LEARNT_TIME_STAMPS = 121

# GPT-2's split into pieces that never share a token; the letter class is enough for English.
_PIECES = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+")


class BytePairEncoder:
    """The rank of a merge is the number of the token that it makes."""

    def __init__(self, tokens: tuple[bytes, ...]) -> None:
        self._ranks = {token: rank for rank, token in enumerate(tokens[:_FIRST_SPECIAL])}

    def encode(self, text: str) -> list[int]:
        return [token for piece in _PIECES.findall(text) for token in self._encode_piece(piece)]

    def _encode_piece(self, piece: str) -> list[int]:
        parts = [bytes([value]) for value in piece.encode()]
        while len(parts) > 1:
            merges = [self._ranks.get(a + b, FULL_VOCABULARY) for a, b in zip(parts, parts[1:])]
            best = min(range(len(merges)), key=merges.__getitem__)
            if merges[best] == FULL_VOCABULARY:
                break
            parts[best : best + 2] = [parts[best] + parts[best + 1]]
        return [self._ranks[part] for part in parts]


class LearntVocabulary:
    """Rows of the model's embedding: learnt tokens by ascending number; one more stands for all others."""

    def __init__(self, encoder: BytePairEncoder, words: list[str]) -> None:
        self._encoder = encoder
        forms = {form for word in words for form in (word, word[0].upper() + word[1:])}
        text_tokens = {token for form in forms for token in encoder.encode(" " + form)}
        text_tokens |= {token for mark in ".?" for token in encoder.encode(mark)}
        time_stamps = [FIRST_TIME_STAMP + _LEARNT_STEP * i for i in range(_LEARNT_TIME_STAMPS)]
        special = [END_OF_TEXT, START, PREVIOUS, NO_SPEECH, NO_TIME_STAMPS, *time_stamps]
        self.token_ids: tuple[int, ...] = tuple(sorted(text_tokens) + special)
        self._rows = {token: row for row, token in enumerate(self.token_ids)}

    def __len__(self) -> int:
        return len(self.token_ids)

    def row(self, token: int) -> int:
        return self._rows[token]

    def encode(self, text: str) -> list[int]:
        return [self._rows[token] for token in self._encoder.encode(" " + text)]

    def time_stamp(self, seconds: float) -> int:
        """Row of the nearest learnt time stamp."""
        steps_per_second = TIME_STAMPS_PER_SECOND // _LEARNT_STEP
        step = min(_LEARNT_TIME_STAMPS - 1, max(0, round(seconds * steps_per_second)))
        return self._rows[FIRST_TIME_STAMP + _LEARNT_STEP * step]
