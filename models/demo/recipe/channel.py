"""What happens to speech on its way through a telephone: room, noise, level, band limits, G.711, lost packets."""

from __future__ import annotations

import math
from typing import Callable

import numpy as np
from scipy.signal import butter, fftconvolve, lfilter, resample_poly, sosfilt

from g711 import Law, through_g711

RATE_HZ = 16_000
_NARROW_RATE_HZ = 8_000
_PACKET_SAMPLES = 160

TELEPHONE_BAND = butter(4, (300, 3400), "bandpass", fs=_NARROW_RATE_HZ, output="sos")
_BANDS = (
    TELEPHONE_BAND,
    TELEPHONE_BAND,
    butter(6, 3400, "lowpass", fs=_NARROW_RATE_HZ, output="sos"),
    butter(2, 250, "highpass", fs=_NARROW_RATE_HZ, output="sos"),
    None,
)
# Ratios of playing speed, near 1 so that the resampling filter stays short.
_SPEEDS = ((7, 8), (9, 10), (12, 13), (15, 16), (16, 15), (13, 12), (10, 9), (8, 7))

SpeechSource = Callable[[], np.ndarray]


def rms(samples: np.ndarray) -> float:
    return math.sqrt(float(np.mean(np.square(samples, dtype=np.float64))) + 1e-12)


def pad(samples: np.ndarray, lead_s: float, trail_s: float) -> np.ndarray:
    return np.pad(samples, (round(lead_s * RATE_HZ), round(trail_s * RATE_HZ)))


def white_noise(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.standard_normal(count, dtype=np.float32)


def coloured_noise(rng: np.random.Generator, count: int, pole: float) -> np.ndarray:
    """White noise through a one-pole low pass."""
    return lfilter([1.0], [1.0, -pole], white_noise(rng, count)).astype(np.float32)


def narrow_band(samples: np.ndarray, band: np.ndarray | None, law: Law | None) -> np.ndarray:
    """16 kHz to 8 kHz, through band limit and codec; the result is at 8 kHz."""
    narrow = resample_poly(samples, 1, 2)
    if band is not None:
        narrow = sosfilt(band, narrow)
    narrow = np.clip(narrow, -1.0, 1.0).astype(np.float32)
    return narrow if law is None else through_g711(narrow, law)


def wide_band(narrow: np.ndarray) -> np.ndarray:
    return resample_poly(narrow, 2, 1).astype(np.float32)


class TelephoneChannel:
    """Draws a different line for each utterance; `hardness` of 0..1 makes the lines worse."""

    def __init__(self, rng: np.random.Generator, babble: SpeechSource) -> None:
        self._rng = rng
        self._babble = babble

    def transmit(self, speech: np.ndarray, hardness: float) -> tuple[np.ndarray, float]:
        """What arrives, and the second at which the speech ends in it."""
        rng = self._rng
        speech = self._reverberate(speech, hardness)
        speech_level = rms(speech)
        lead_s = min(2.5, rng.exponential(0.25)) if rng.random() < 0.95 else rng.uniform(1.0, 4.0)
        trail_s = rng.uniform(0.0, 0.6)
        samples = pad(speech, lead_s, trail_s)
        end_s = len(samples) / RATE_HZ - trail_s
        if rng.random() < 0.65 * hardness:
            ratio_db = rng.uniform(8.0, 35.0)
            samples = samples + self._noise(len(samples)) * (speech_level * 10 ** (-ratio_db / 20))
        samples = samples * (10 ** (rng.uniform(-36.0, -12.0) / 20) / speech_level)
        return self.line(samples), end_s

    def line(self, samples: np.ndarray) -> np.ndarray:
        rng = self._rng
        if rng.random() < 0.25:
            return np.round(np.clip(samples, -1.0, 1.0) * 32_768).astype(np.float32) / 32_768
        band = _BANDS[rng.integers(len(_BANDS))]
        law: Law | None = (None, "mu-law", "mu-law", "a-law", "a-law")[rng.integers(5)]
        narrow = narrow_band(samples, band, law)
        if rng.random() < 0.15:
            narrow = self._lose_packets(narrow)
        return wide_band(narrow)

    def change_speed(self, speech: np.ndarray) -> np.ndarray:
        up, down = _SPEEDS[self._rng.integers(len(_SPEEDS))]
        return resample_poly(speech, up, down).astype(np.float32)

    def _reverberate(self, speech: np.ndarray, hardness: float) -> np.ndarray:
        rng = self._rng
        if rng.random() >= 0.15 * hardness:
            return speech
        length = round(RATE_HZ * rng.uniform(0.04, 0.18))
        response = white_noise(rng, length) * np.exp(-5.0 * np.arange(length) / length)
        response *= rng.uniform(0.1, 0.45) / np.sqrt(np.sum(response**2))
        response[0] = 1.0
        return fftconvolve(speech, response)[: len(speech) + length // 3].astype(np.float32)

    def _noise(self, count: int) -> np.ndarray:
        """Of level 1."""
        rng = self._rng
        draw = rng.random()
        if draw < 0.35:
            noise = white_noise(rng, count)
        elif draw < 0.65:
            noise = coloured_noise(rng, count, rng.uniform(0.7, 0.97))
        elif draw < 0.72:
            noise = self._hum(count)
        elif draw < 0.9:
            noise = self._voices(count)
        else:
            strength = np.repeat(rng.standard_normal(count // 1600 + 1), 1600)[:count]
            noise = white_noise(rng, count) * np.exp(0.8 * strength)
        return (noise / (rms(noise) + 1e-9)).astype(np.float32)

    def _hum(self, count: int) -> np.ndarray:
        mains = 2 * np.pi * self._rng.choice((50, 60)) * np.arange(count) / RATE_HZ
        tones = np.sin(mains) + 0.3 * np.sin(2 * mains) + 0.5 * np.sin(3 * mains)
        return tones + 0.1 * white_noise(self._rng, count)

    def _voices(self, count: int) -> np.ndarray:
        mixed = np.zeros(count, np.float32)
        for _ in range(self._rng.integers(3, 7)):
            voice = np.roll(self._babble(), self._rng.integers(RATE_HZ))
            mixed += np.resize(voice, count)
        return mixed

    def _lose_packets(self, narrow: np.ndarray) -> np.ndarray:
        """Frames of 20 ms are replaced by silence or by the frame before."""
        rng = self._rng
        rate = rng.uniform(0.005, 0.04)
        repeats = rng.random() < 0.5
        received = narrow.copy()
        for start in range(_PACKET_SAMPLES, len(narrow) - _PACKET_SAMPLES, _PACKET_SAMPLES):
            if rng.random() < rate:
                before = received[start - _PACKET_SAMPLES : start]
                received[start : start + _PACKET_SAMPLES] = before if repeats else 0.0
        return received
