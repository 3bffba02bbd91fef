"""Tells how far a step of the recipe is and how long it will still take."""

from __future__ import annotations

import time


class Progress:
    def __init__(self, step_name: str, total: int) -> None:
        self._name = step_name
        self._total = total
        self._done = 0
        self._started = time.monotonic()
        if total == 0:
            print(f"{step_name}: nothing left to do", flush=True)

    def step(self, detail: str) -> None:
        self._done += 1
        elapsed = time.monotonic() - self._started
        left = elapsed / self._done * (self._total - self._done)
        print(
            f"{self._name}: {self._done} of {self._total}, {format_duration(left)} left; {detail}",
            flush=True,
        )


def format_duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"
