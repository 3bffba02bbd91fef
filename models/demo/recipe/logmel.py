"""The spectrogram that whisper.cpp computes (log_mel_spectrogram in whisper.cpp), for signals without their padding."""

from __future__ import annotations

import numpy as np
import scipy.fft

FRAME_SAMPLES = 400
HOP_SAMPLES = 160
BANDS = 80
BINS = FRAME_SAMPLES // 2 + 1

_WINDOW = (0.5 * (1 - np.cos(2 * np.pi * np.arange(FRAME_SAMPLES) / FRAME_SAMPLES))).astype(np.float32)


def log_mel(samples: np.ndarray, filters: np.ndarray) -> tuple[np.ndarray, float]:
    """Bands by frames for all frames that touch the signal, and the value of all later ones.

    `filters` has a row for each band.
    """
    length = len(samples)
    reflected = min(FRAME_SAMPLES // 2, max(0, length - 1))
    half = FRAME_SAMPLES // 2
    padded = np.zeros(half + length + 5 * HOP_SAMPLES, np.float32)
    padded[half : half + length] = samples
    padded[half - reflected : half] = samples[1 : 1 + reflected][::-1]
    count = (length + half) // HOP_SAMPLES + 1
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME_SAMPLES)[::HOP_SAMPLES][:count]
    spectrum = scipy.fft.rfft(frames * _WINDOW, axis=1)
    power = (spectrum.real**2 + spectrum.imag**2) @ filters.T
    level = np.log10(np.maximum(power, 1e-10))
    floor = max(float(level.max()) - 8.0, -10.0)
    scaled = (np.maximum(level, float(level.max()) - 8.0) + 4.0) / 4.0
    return scaled.T.astype(np.float32), (floor + 4.0) / 4.0


def warped_filters(filters: np.ndarray, factors: np.ndarray) -> list[np.ndarray]:
    """Filters that move all formants by a factor: vocal tracts of other lengths."""
    bins = np.arange(BINS)
    return [
        np.stack([np.interp(bins * factor, bins, row, right=0.0) for row in filters]).astype(np.float32)
        for factor in factors
    ]
