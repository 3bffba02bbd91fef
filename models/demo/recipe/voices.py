"""The synthetic speakers: which are for training, which are held out, and how each is varied."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

Program = Literal["espeak-ng", "flite", "festival"]

# Never in training or tuning, in any version of the recipe.
HELD_OUT_VARIANTS = ("Michael", "aunty", "victor", "f2")
HELD_OUT_FLITE = "slt"
HELD_OUT_FESTIVAL = "cmu_us_slt_arctic_hts"

_ACCENTS = (
    "en-us en-us en-us en-us en-us en-us en-us en-gb en-gb en-gb en-gb-x-rp en-gb-x-rp "
    "en-gb-scotland en-029 en-us-nyc en-gb-x-gbcwmd en-gb-x-gbclan"
).split()
_VARIANTS = (
    "none m1 m2 m3 m4 m6 m7 m8 f1 f3 f4 f5 f1 f3 f4 f5 adam Alex Alicia Andrea Andy Annie belinda "
    "benjamin boris caleb david Denis Diogo ed edward Gene Gene2 grandma grandpa Henrique Hugo "
    "iven Jacky john klatt klatt4 Lee linda marcelo Marco Mario max Mike miguel norbert pablo paul "
    "pedro quincy rob robert sandro shelby steph steph2 steph3 travis zac"
).split()
# Rates that raise or lower pitch and formants together, as another speaker's throat would.
_SCALES = ((6, 7), (7, 8), (8, 9), (10, 11), (1, 1), (11, 10), (10, 9), (8, 7), (7, 6), (6, 5), (5, 4), (9, 7))


@dataclass(frozen=True)
class Speaker:
    program: Program
    voice: str

    @property
    def name(self) -> str:
        return f"{self.program}:{self.voice}"


@dataclass(frozen=True)
class Delivery:
    """How a speaker says one utterance."""

    # espeak-ng: words per minute, pitch 0..99, pause between words in 10 ms
    words_per_minute: int
    pitch: int
    word_gap: int
    # flite and festival: factor on durations; mean pitch in Hz, 0 leaves the voice's own
    duration_stretch: float
    pitch_hz: int
    # Played faster by scale[0] / scale[1], which raises all frequencies
    scale: tuple[int, int]


def training_speaker(rng: random.Random) -> Speaker:
    draw = rng.random()
    if draw < 0.46:
        return Speaker("espeak-ng", f"{rng.choice(_ACCENTS)}+{rng.choice(_VARIANTS)}")
    if draw < 0.78:
        return Speaker("flite", rng.choices(("rms", "awb", "kal16"), (5, 5, 2))[0])
    return Speaker("festival", rng.choices(("kal_diphone", "ked_diphone"), (2, 3))[0])


def held_out_speaker(rng: random.Random) -> Speaker:
    draw = rng.random()
    if draw < 0.5:
        variant = rng.choice(HELD_OUT_VARIANTS)
        return Speaker("espeak-ng", f"{'en-gb' if variant == 'aunty' else 'en-us'}+{variant}")
    if draw < 0.8:
        return Speaker("flite", HELD_OUT_FLITE)
    return Speaker("festival", HELD_OUT_FESTIVAL)


def is_held_out(speaker: Speaker) -> bool:
    if speaker.program == "espeak-ng":
        return speaker.voice.split("+")[-1] in HELD_OUT_VARIANTS
    return speaker.voice in (HELD_OUT_FLITE, HELD_OUT_FESTIVAL)


def draw_delivery(rng: random.Random, varied: bool) -> Delivery:
    """Tests hear each voice as it is; training also hears people whom it could have been."""
    scale = rng.choice(_SCALES) if varied and rng.random() < 0.75 else (1, 1)
    tempo = rng.uniform(0.8, 1.2)
    return Delivery(
        words_per_minute=rng.randint(120, 195),
        pitch=rng.randint(20, 75),
        word_gap=rng.choice((0, 0, 0, 1, 3)),
        duration_stretch=tempo * scale[0] / scale[1],
        pitch_hz=rng.randint(85, 220) if varied and rng.random() < 0.5 else 0,
        scale=scale,
    )
