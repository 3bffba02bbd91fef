"""What the model has to reach, in percent of words or in points between two settings."""

from __future__ import annotations

from dataclasses import dataclass

from scores import Score, total

# Name of the bar, limit, conditions, kind of text, group of speakers
_WORD_ERRORS = (
    ("sentences, known voices, clean", 2.0, ("clean",), "sentence", "known voices"),
    ("sentences, known voices, G.711", 2.0, ("g711",), "sentence", "known voices"),
    ("sentences, known voices, G.711 and noise", 3.0, ("g711-noise",), "sentence", "known voices"),
    ("sentences, held-out voices, G.711", 5.0, ("g711",), "sentence", "held-out voices"),
    ("sentences, held-out voices, G.711 and noise", 9.0, ("g711-noise",), "sentence", "held-out voices"),
    ("digit strings, known voices", 2.0, ("clean", "g711"), "digits", "known voices"),
    ("random words, known voices", 25.0, ("clean", "g711"), "random", "known voices"),
)
_POINTS_BETWEEN_SETTINGS = 0.5


@dataclass(frozen=True)
class Comparison:
    """A setting and the usual one on the same clips."""

    setting: str
    error_percent: float
    usual_error_percent: float
    clips: int


@dataclass(frozen=True)
class Bar:
    name: str
    value: float
    limit: float

    @property
    def met(self) -> bool:
        return self.value <= self.limit


def check_bars(groups: dict[str, Score], comparisons: list[Comparison], no_speech_texts: int) -> list[Bar]:
    bars: list[Bar] = []
    for name, limit, conditions, kind, speakers in _WORD_ERRORS:
        names = [f"{condition}, {kind}, {speakers}" for condition in conditions]
        bars.append(Bar(name, total({n: groups[n] for n in names if n in groups}).error_percent, limit))
    for comparison in comparisons:
        # Better than usual is no fault.
        points = max(0.0, comparison.error_percent - comparison.usual_error_percent)
        bars.append(Bar(f"{comparison.setting} against usual, points", points, _POINTS_BETWEEN_SETTINGS))
    return [*bars, Bar("texts of clips without speech", no_speech_texts, 0)]
