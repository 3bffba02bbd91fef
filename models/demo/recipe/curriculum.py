"""What is demanded at which step: short clear utterances first, then all, then the full context."""

from __future__ import annotations

import math

from examples import EASY, FULL, Difficulty

PEAK_RATE = 1.4e-3
_LAST_RATE_FACTOR = 0.01
_WARM_UP_STEPS = 400
# The rate stays at its peak until this part of the steps, then falls: a later stop only moves the fall.
_FALL_STARTS = 0.6
_LONGEST_RAMP_STEPS = 10_000


class Curriculum:
    def __init__(self, steps: int) -> None:
        self._ramp_steps = min(steps, _LONGEST_RAMP_STEPS)
        self._steps = steps

    def difficulty(self, step: int) -> Difficulty:
        return EASY if step < 0.1 * self._ramp_steps else FULL

    def silence_share(self, step: int) -> float:
        return 0.75 * min(1.0, max(0.0, (step / self._ramp_steps - 0.15) / 0.35))

    def phoneme_weight(self, step: int) -> float:
        return max(0.25, 1.0 - 1.5 * step / self._ramp_steps)

    def rate(self, step: int) -> float:
        fall = min(1.0, max(0.0, (step / self._steps - _FALL_STARTS) / (1 - _FALL_STARTS)))
        cosine = 0.5 * (1 + math.cos(math.pi * fall))
        warm_up = min(1.0, (step + 1) / min(_WARM_UP_STEPS, self._steps))
        return PEAK_RATE * warm_up * (_LAST_RATE_FACTOR + (1 - _LAST_RATE_FACTOR) * cosine)
