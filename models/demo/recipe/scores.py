"""Word error rates by group, for people and for programs."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Iterable

from clips import Clip

_NOT_IN_WORDS = re.compile(r"[^a-z' ]")


def normalise(text: str) -> list[str]:
    """Lower case; all but letters and apostrophes parts words."""
    return _NOT_IN_WORDS.sub(" ", text.lower()).split()


def count_edits(reference: list[str], hypothesis: list[str]) -> int:
    """Substitutions, insertions and deletions of the shortest way from one to the other."""
    row = list(range(len(hypothesis) + 1))
    for i, wanted in enumerate(reference, 1):
        diagonal, row[0] = row[0], i
        for j, heard in enumerate(hypothesis, 1):
            cheapest = min(row[j] + 1, row[j - 1] + 1, diagonal + (wanted != heard))
            diagonal, row[j] = row[j], cheapest
    return row[-1]


@dataclass
class Score:
    edits: int = 0
    words: int = 0
    exact: int = 0
    clips: int = 0

    def add(self, reference: str, hypothesis: str) -> None:
        wanted, heard = normalise(reference), normalise(hypothesis)
        edits = count_edits(wanted, heard)
        self.edits += edits
        self.words += len(wanted)
        self.exact += edits == 0
        self.clips += 1

    @property
    def error_percent(self) -> float:
        return 100 * self.edits / max(1, self.words)


def score_groups(clips: Iterable[Clip], heard: dict[str, str]) -> dict[str, Score]:
    """By condition, kind of text and group of speakers."""
    scores: dict[str, Score] = defaultdict(Score)
    for clip in clips:
        if clip.kind == "none":
            continue
        speakers = "held-out voices" if clip.held_out else "known voices"
        scores[f"{clip.condition}, {clip.kind}, {speakers}"].add(clip.text, heard[clip.file])
    return dict(sorted(scores.items()))


def total(scores: dict[str, Score]) -> Score:
    whole = Score()
    for score in scores.values():
        whole.edits += score.edits
        whole.words += score.words
        whole.exact += score.exact
        whole.clips += score.clips
    return whole
