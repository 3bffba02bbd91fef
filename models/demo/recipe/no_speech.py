"""Sounds in which nobody speaks: silence, noise, signalling tones and synthesised music."""

from __future__ import annotations

import numpy as np

from channel import RATE_HZ, TelephoneChannel, coloured_noise, rms, white_noise

KINDS = ("silence", "noise", "tones", "music")

# Dial, ringing, busy, DTMF and special information tones of several countries, in Hz.
_TONE_PAIRS = (
    (350, 440), (440, 480), (480, 620), (425, 425), (400, 450), (1000, 1000), (950, 1400),
    (697, 1209), (697, 1336), (770, 1209), (770, 1336), (770, 1477), (852, 1336), (852, 1477),
    (941, 1336), (941, 1477), (1100, 1100), (2100, 2100),
)  # fmt: skip
_SCALE = (0, 2, 4, 5, 7, 9, 11, 12, 3, 8, 10)


def draw_no_speech(rng: np.random.Generator, kind: str, duration_s: float) -> np.ndarray:
    count = round(duration_s * RATE_HZ)
    if kind == "silence":
        return np.zeros(count, np.float32)
    if kind == "noise":
        return _noise(rng, count)
    sound = _tones(rng, count) if kind == "tones" else _music(rng, count)
    sound = sound / max(1e-6, float(np.abs(sound).max())) * rng.uniform(0.02, 0.5)
    if rng.random() < 0.5:
        sound = sound + white_noise(rng, count) * 10 ** (rng.uniform(-65.0, -30.0) / 20)
    return sound.astype(np.float32)


def draw_any(rng: np.random.Generator, channel: TelephoneChannel) -> np.ndarray:
    """A clip of a random kind, mostly as it sounds through a telephone."""
    kind = rng.choice(KINDS, p=(0.15, 0.35, 0.2, 0.3))
    sound = draw_no_speech(rng, kind, rng.uniform(0.3, 6.0))
    return channel.line(sound) if rng.random() < 0.7 else sound


def _noise(rng: np.random.Generator, count: int) -> np.ndarray:
    pole = rng.choice((0.0, 0.5, 0.8, 0.9, 0.95, 0.98))
    noise = coloured_noise(rng, count, pole)
    if rng.random() < 0.3:
        steps = np.repeat(rng.standard_normal(count // 1600 + 1), 1600)[:count]
        noise = noise * np.exp(0.7 * steps)
    return (noise / rms(noise) * 10 ** (rng.uniform(-70.0, -15.0) / 20)).astype(np.float32)


def _tones(rng: np.random.Generator, count: int) -> np.ndarray:
    """One pair with a cadence, or a run of different pairs as when somebody dials."""
    time_s = np.arange(count) / RATE_HZ
    if rng.random() < 0.3:
        key_s = rng.uniform(0.1, 0.4)
        pairs = np.array([_TONE_PAIRS[i] for i in rng.integers(len(_TONE_PAIRS), size=64)])
        keys = np.minimum((time_s / key_s).astype(np.int64), 63)
        low, high = pairs[keys, 0], pairs[keys, 1]
        sounding = (time_s % key_s) < key_s * rng.uniform(0.4, 0.9)
    else:
        low, high = _TONE_PAIRS[rng.integers(len(_TONE_PAIRS))]
        period_s = rng.uniform(0.2, 4.0)
        sounding = (time_s % period_s) < period_s * rng.uniform(0.3, 1.0)
    return (np.sin(2 * np.pi * low * time_s) + np.sin(2 * np.pi * high * time_s)) * sounding


def _music(rng: np.random.Generator, count: int) -> np.ndarray:
    """Chords and a melody of decaying or held notes with overtones, with a beat now and then."""
    sound = np.zeros(count)
    note_samples = round(RATE_HZ * rng.uniform(0.12, 0.7))
    root_hz = rng.uniform(110.0, 330.0)
    decay = rng.uniform(0.2, 6.0)
    overtones = rng.integers(2, 7)
    beats = rng.random() < 0.3
    for start in range(0, count, note_samples):
        length = min(note_samples, count - start)
        time_s = np.arange(length) / RATE_HZ
        chord = np.zeros(length)
        for _ in range(rng.integers(1, 5)):
            pitch_hz = root_hz * 2 ** ((rng.choice(_SCALE) + 12 * rng.integers(0, 3)) / 12)
            vibrato = rng.uniform(0.0, 3.0) * np.sin(2 * np.pi * rng.uniform(4.0, 7.0) * time_s)
            phase = 2 * np.pi * pitch_hz * time_s + vibrato
            for overtone in range(1, overtones + 1):
                chord += np.sin(overtone * phase) / overtone
        if beats:
            chord += 4.0 * white_noise(rng, length) * np.exp(-40.0 * time_s)
        sound[start : start + length] = chord * np.exp(-decay * time_s)
    return sound
