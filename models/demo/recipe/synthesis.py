"""Speaks texts with espeak-ng, flite and festival, into shards of 16 kHz sound that can be resumed."""

from __future__ import annotations

import json
import random
import subprocess
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from scipy.io import wavfile
from scipy.signal import resample_poly

from progress import Progress
from sentences import DIGITS, Split, Text, TextSource
from voices import Delivery, Speaker, draw_delivery, held_out_speaker, is_held_out, training_speaker

SAMPLE_RATE_HZ = 16_000
_PEAK = 20_000
_RATIO_TO_16K = {16_000: (1, 1), 22_050: (320, 441), 32_000: (1, 2), 48_000: (1, 3)}
_TIMEOUT_S = 300


@dataclass(frozen=True)
class Utterance:
    """One line of a shard's index."""

    speaker: str
    held_out: bool
    kind: str
    text: str
    start: int
    samples: int


@dataclass(frozen=True)
class _Job:
    speaker: Speaker
    delivery: Delivery
    text: Text
    spoken: str


@dataclass(frozen=True)
class ShardPlan:
    """What a shard holds: how many utterances of each kind, by which group of speakers."""

    split: Split
    index: int
    counts: tuple[tuple[str, bool, int], ...]

    def stem(self, folder: Path) -> Path:
        return folder / f"{self.split}-{self.index:03d}"


def training_plans(shards: int, utterances: int) -> list[ShardPlan]:
    """Four shards of five hold what callers say, the last ones what only the ear can tell."""
    usual = max(1, round(shards * 0.8))
    return [_training_plan(index, utterances, index >= usual) for index in range(shards)]


def _training_plan(index: int, utterances: int, for_the_ear: bool) -> ShardPlan:
    digits = round(utterances * (0.15 if for_the_ear else 0.09))
    random_words = round(utterances * (0.75 if for_the_ear else 0.15))
    sentences = utterances - digits - random_words
    counts = (("sentence", False, sentences), ("digits", False, digits), ("random", False, random_words))
    return ShardPlan("training", index, counts)


def held_out_plan(split: Split, scale: float) -> ShardPlan:
    """The test set, or for development the same with speakers of the training only."""
    counts = [("sentence", False, 240), ("digits", False, 80), ("random", False, 60)]
    if split == "test":
        counts += [("sentence", True, 240), ("digits", True, 40), ("random", True, 40)]
    return ShardPlan(split, 0, tuple((kind, held, max(2, round(n * scale))) for kind, held, n in counts))


def synthesise(plans: list[ShardPlan], folder: Path, workers: int) -> None:
    """Makes the shards that are not there yet; an interrupted shard is made again from its start."""
    folder.mkdir(parents=True, exist_ok=True)
    missing = [(plan, folder) for plan in plans if not plan.stem(folder).with_suffix(".json").exists()]
    progress = Progress("speech", len(missing))
    with get_context("spawn").Pool(workers) as pool:
        for name in pool.imap_unordered(_make_shard, missing):
            progress.step(name)


def read_index(path: Path) -> list[Utterance]:
    return [Utterance(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]


def _make_shard(work: tuple[ShardPlan, Path]) -> str:
    plan, folder = work
    with tempfile.TemporaryDirectory(prefix="speech-") as scratch:
        spoken = _speak_all(_draw_jobs(plan), Path(scratch))
    sounds: list[np.ndarray] = []
    index: list[dict[str, object]] = []
    start = 0
    for job, sound in spoken:
        speaker, text = job.speaker, job.text
        entry = Utterance(speaker.name, is_held_out(speaker), text.kind, text.text, start, len(sound))
        index.append(vars(entry))
        sounds.append(sound)
        start += len(sound)
    stem = plan.stem(folder)
    np.save(stem.with_suffix(".npy"), np.concatenate(sounds))
    # The index comes last and whole, so that it says that the shard is complete.
    unfinished = stem.with_suffix(".json.part")
    unfinished.write_text(json.dumps(index), encoding="utf-8")
    unfinished.rename(stem.with_suffix(".json"))
    return stem.name


def _draw_jobs(plan: ShardPlan) -> list[_Job]:
    rng = random.Random(f"wildfire-{plan.split}-{plan.index}")
    source = TextSource.read()
    jobs: list[_Job] = []
    for kind, held_out, count in plan.counts:
        for _ in range(count):
            text = source.draw(rng, kind, plan.split)
            speaker = held_out_speaker(rng) if held_out else training_speaker(rng)
            delivery = draw_delivery(rng, varied=plan.split == "training")
            jobs.append(_Job(speaker, delivery, text, _with_pauses(rng, text.text)))
    rng.shuffle(jobs)
    return jobs


def _with_pauses(rng: random.Random, text: str) -> str:
    """Commas between some digits: heard as pauses, not transcribed."""
    words = text.split()
    for i in range(len(words) - 1):
        pair = (words[i].lower(), words[i + 1].strip(".?").lower())
        if all(word in DIGITS for word in pair) and rng.random() < 0.15:
            words[i] += ","
    return " ".join(words)


def _speak_all(jobs: list[_Job], scratch: Path) -> list[tuple[_Job, np.ndarray]]:
    """Utterances that a synthesiser fails on are left out."""
    by_voice: dict[str, list[tuple[int, _Job]]] = defaultdict(list)
    for number, job in enumerate(jobs):
        path = scratch / f"{number}.wav"
        if job.speaker.program == "festival":
            by_voice[job.speaker.voice].append((number, job))
        else:
            command = _espeak(job, path) if job.speaker.program == "espeak-ng" else _flite(job, path)
            _run(command)
    for voice, numbered in by_voice.items():
        script = scratch / f"{voice}.scm"
        script.write_text(_festival(voice, numbered, scratch), encoding="utf-8")
        _run(["festival", "-b", str(script)])
    spoken = []
    for number, job in enumerate(jobs):
        sound = _read_sound(scratch / f"{number}.wav", job.delivery.scale)
        if sound is not None:
            spoken.append((job, sound))
    return spoken


def _run(command: list[str]) -> None:
    quiet = subprocess.DEVNULL
    subprocess.run(command, stdin=quiet, stdout=quiet, stderr=quiet, check=False, timeout=_TIMEOUT_S)


def _espeak(job: _Job, path: Path) -> list[str]:
    how = job.delivery
    voice = job.speaker.voice.removesuffix("+none")
    return [
        "espeak-ng", "-v", voice, "-s", str(how.words_per_minute), "-p", str(how.pitch),
        "-g", str(how.word_gap), "-w", str(path), job.spoken,
    ]  # fmt: skip


def _flite(job: _Job, path: Path) -> list[str]:
    how = job.delivery
    pitch = ["--setf", f"int_f0_target_mean={how.pitch_hz}"] if how.pitch_hz else []
    return [
        "flite", "-voice", job.speaker.voice, "--setf", f"duration_stretch={how.duration_stretch:.2f}",
        *pitch, "-t", job.spoken, "-o", str(path),
    ]  # fmt: skip


def _festival(voice: str, jobs: list[tuple[int, _Job]], scratch: Path) -> str:
    lines = [f"(voice_{voice})", "(set! own_pitch (if (boundp 'int_lr_params) int_lr_params nil))"]
    for number, job in jobs:
        how = job.delivery
        pitch = "own_pitch"
        if how.pitch_hz and voice.endswith("diphone"):
            spread = how.pitch_hz // 8
            pitch = (
                f"'((target_f0_mean {how.pitch_hz}) (target_f0_std {spread})"
                " (model_f0_mean 170) (model_f0_std 34))"
            )
        path = scratch / f"{number}.wav"
        lines.append(f"(set! int_lr_params {pitch})")
        lines.append(f"(Parameter.set 'Duration_Stretch {how.duration_stretch:.2f})")
        lines.append(f'(utt.save.wave (utt.synth (Utterance Text "{job.spoken}")) "{path}" \'riff)')
    return "\n".join(lines) + "\n"


def _read_sound(path: Path, scale: tuple[int, int]) -> np.ndarray | None:
    if not path.exists():
        return None
    rate, recorded = wavfile.read(path)
    up, down = _RATIO_TO_16K[rate]
    sound = resample_poly(recorded.astype(np.float32), up * scale[1], down * scale[0])
    if len(sound) < SAMPLE_RATE_HZ // 10 or np.abs(sound).max() < 1:
        return None
    trimmed = _trim(sound)
    return (trimmed / np.abs(trimmed).max() * _PEAK).astype(np.int16)


def _trim(sound: np.ndarray) -> np.ndarray:
    """Leaves 20 ms before and 30 ms after what is louder than 0.6 % of the loudest 10 ms."""
    frame = 160
    count = len(sound) // frame
    level = np.sqrt((sound[: count * frame].reshape(count, frame) ** 2).mean(axis=1))
    loud = np.flatnonzero(level > 0.006 * level.max())
    return sound[max(0, (loud[0] - 2) * frame) : (loud[-1] + 4) * frame]
