"""Pronunciations of the words as espeak-ng says them: what the encoder learns to hear."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

_STRESS = re.compile("[ˈˌ]")
_SEPARATOR = re.compile(r"[_\s]+")
_MARKS = ".?,"


class Pronunciation:
    def __init__(self, phonemes_by_word: dict[str, list[str]]) -> None:
        names = sorted({name for phonemes in phonemes_by_word.values() for name in phonemes})
        number = {name: i for i, name in enumerate(names)}
        self._words = {word: [number[name] for name in ps] for word, ps in phonemes_by_word.items()}
        self.count = len(names)

    def of(self, text: str) -> list[int]:
        words = (word.strip(_MARKS).lower() for word in text.split())
        return [phoneme for word in words for phoneme in self._words[word]]


def load_pronunciation(words: list[str], path: Path) -> Pronunciation:
    """Asks espeak-ng once and keeps the answer in the file."""
    wanted = sorted({word.lower() for word in words})
    known: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if sorted(known) != wanted:
        known = {word: _ask(word) for word in wanted}
        path.write_text(json.dumps(known, ensure_ascii=False), encoding="utf-8")
    return Pronunciation(known)


def _ask(word: str) -> list[str]:
    command = ["espeak-ng", "-v", "en-us", "-q", "--ipa", "--sep=_", word]
    spoken = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    names = (_STRESS.sub("", name) for name in _SEPARATOR.split(spoken))
    return [name for name in names if name]
