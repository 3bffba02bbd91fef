"""G.711 as a table from 16-bit samples to what arrives after A-law or mu-law and back."""

from __future__ import annotations

from typing import Literal

import numpy as np

Law = Literal["a-law", "mu-law"]

_SAMPLES = np.arange(-32_768, 32_768)


def _mu_law_table() -> np.ndarray:
    """ITU-T G.711 table 2: 14-bit magnitudes with bias 33, scaled to 16 bits by 4."""
    biased = np.minimum(np.abs(_SAMPLES >> 2), 8158) + 33
    segment = np.floor(np.log2(biased)).astype(np.int64) - 5
    step = (biased >> (segment + 1)) & 15
    magnitude = (((2 * step + 33) << segment) - 33) << 2
    return np.where(_SAMPLES < 0, -magnitude, magnitude)


def _a_law_table() -> np.ndarray:
    """ITU-T G.711 table 1: 12-bit magnitudes, scaled to 16 bits by 16; no step for zero."""
    magnitude = np.minimum(np.where(_SAMPLES < 0, -_SAMPLES - 1, _SAMPLES) >> 4, 2047)
    shift = np.maximum(np.floor(np.log2(np.maximum(magnitude, 1))).astype(np.int64) - 4, 0)
    rebuilt = ((magnitude >> shift) << shift << 4) + (1 << (shift + 3))
    return np.where(_SAMPLES < 0, -rebuilt, rebuilt)


_TABLES = {"a-law": _a_law_table(), "mu-law": _mu_law_table()}
_FLOAT_TABLES = {law: (table / 32_768).astype(np.float32) for law, table in _TABLES.items()}


def through_g711(samples: np.ndarray, law: Law) -> np.ndarray:
    """Codes and decodes samples of -1..1."""
    index = np.clip(np.round(samples * 32_768), -32_768, 32_767).astype(np.int64) + 32_768
    return _FLOAT_TABLES[law][index]
