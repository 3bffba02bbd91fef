"""The held-out recordings as files: each utterance clean, through G.711, and so with noise; and no speech."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.io import wavfile

from channel import (
    RATE_HZ, TELEPHONE_BAND, TelephoneChannel, coloured_noise, narrow_band, pad, rms, white_noise, wide_band,
)  # fmt: skip
from no_speech import KINDS, draw_no_speech
from shards import SpeechPool

CONDITIONS = ("clean", "g711", "g711-noise")
_SEED = 2026
_NOISE_RATIO_DB = 15.0


@dataclass(frozen=True)
class Clip:
    file: str
    condition: str
    # "none" for sounds without speech
    kind: str
    held_out: bool
    speaker: str
    text: str


def make_clips(speech: Path, split: str, folder: Path, no_speech_clips: int) -> list[Clip]:
    """Writes the files unless they are there."""
    index = folder / "clips.json"
    if index.exists():
        return [Clip(**entry) for entry in json.loads(index.read_text(encoding="utf-8"))]
    folder.mkdir(parents=True, exist_ok=True)
    clips = _speech_clips(SpeechPool(speech, split), folder)
    clips += _no_speech_clips(folder, no_speech_clips)
    index.write_text(json.dumps([asdict(clip) for clip in clips], indent=1), encoding="utf-8")
    return clips


def _speech_clips(pool: SpeechPool, folder: Path) -> list[Clip]:
    clips: list[Clip] = []
    for number in range(len(pool)):
        rng = np.random.default_rng((_SEED, number))
        entry = pool.at(number)
        law = "mu-law" if number % 2 else "a-law"
        clean = pad(pool.speech(number), rng.uniform(0.1, 0.5), rng.uniform(0.1, 0.5))
        clean *= 10 ** (rng.uniform(-26.0, -16.0) / 20) / rms(clean)
        noise = white_noise(rng, len(clean)) if number % 4 < 2 else coloured_noise(rng, len(clean), 0.9)
        noisy = clean + noise / rms(noise) * rms(clean) * 10 ** (-_NOISE_RATIO_DB / 20)
        heard = {
            "clean": clean,
            "g711": wide_band(narrow_band(clean, TELEPHONE_BAND, law)),
            "g711-noise": wide_band(narrow_band(noisy, TELEPHONE_BAND, law)),
        }
        for condition in CONDITIONS:
            name = f"{condition}-{number:04d}.wav"
            _write(folder / name, heard[condition])
            clips.append(Clip(name, condition, entry.kind, entry.held_out, entry.speaker, entry.text))
    return clips


def _no_speech_clips(folder: Path, count: int) -> list[Clip]:
    clips: list[Clip] = []
    for number in range(count):
        rng = np.random.default_rng((_SEED, 1, number))
        kind = KINDS[number % len(KINDS)]
        sound = draw_no_speech(rng, kind, rng.uniform(0.5, 8.0))
        if number // len(KINDS) % 2:
            sound = TelephoneChannel(rng, lambda: np.zeros(1, np.float32)).line(sound)
        name = f"{kind}-{number:04d}.wav"
        _write(folder / name, sound)
        clips.append(Clip(name, kind, "none", False, "", ""))
    return clips


def _write(path: Path, samples: np.ndarray) -> None:
    integers = np.clip(np.round(samples * 32_768), -32_768, 32_767).astype(np.int16)
    wavfile.write(path, RATE_HZ, integers)
