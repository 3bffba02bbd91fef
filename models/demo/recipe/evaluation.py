"""Hears the held-out recordings through the project's own whisper.cpp and counts the wrong words."""

from __future__ import annotations

import json
import statistics
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from bars import Comparison, check_bars
from clips import Clip, make_clips
from progress import Progress
from scores import Score, normalise, score_groups, total

_BATCH = 60
_TWO_SECONDS = 2.0
_NEAR_S = 0.3


@dataclass(frozen=True)
class Setting:
    """One way to run whisper.cpp."""

    name: str
    audio_context: int = 512
    time_stamps: bool = True
    flash_attention: bool = True


USUAL = Setting("usual")
# Each is compared with the usual setting on the recordings through G.711.
VARIANTS = (
    Setting("context 256", audio_context=256),
    Setting("context 1500", audio_context=1500),
    Setting("no time stamps", time_stamps=False),
    Setting("no flash attention", flash_attention=False),
    Setting("context 1500, no flash attention", audio_context=1500, flash_attention=False),
)


@dataclass(frozen=True)
class Tools:
    bun: Path
    library: Path


@dataclass(frozen=True)
class Hearing:
    text: str
    no_speech_probability: float
    decode_ms: float
    duration_s: float


@dataclass(frozen=True)
class Scope:
    """How much is heard."""

    split: str
    variants: bool = True
    no_speech_clips: int = 200


def evaluate(model: Path, folder: Path, scope: Scope, tools: Tools) -> None:
    """Prints the tables and writes all, with the mistakes, as JSON beside the clips."""
    clip_folder = folder / f"clips-{scope.split}"
    clips = make_clips(folder / "speech", scope.split, clip_folder, scope.no_speech_clips)
    usual = _hear(USUAL, clips, clip_folder, model, tools)
    groups = _score(clips, usual)
    for group, score in groups.items():
        print(f"  {group:40s} {score.error_percent:6.2f} %   exact {score.exact} of {score.clips}")
    no_speech = _describe_no_speech(clips, usual)
    print(f"  {len(no_speech.texts)} of {no_speech.clips} clips without speech gave text: {no_speech.texts[:3]}")
    comparisons: list[Comparison] = []
    if scope.variants:
        telephone = [clip for clip in clips if clip.condition == "g711"]
        for setting in VARIANTS:
            fitting = [c for c in telephone if usual[c.file].duration_s <= setting.audio_context / 50]
            heard = _hear(setting, fitting, clip_folder, model, tools)
            comparisons.append(_compare(setting, fitting, heard, usual))
    bars = check_bars(groups, comparisons, len(no_speech.texts))
    for bar in bars:
        print(f"  {'met   ' if bar.met else 'missed'} {bar.name}: {bar.value:.2f}, at most {bar.limit:g}")
    report = {
        "model": model.name,
        "groups": {group: asdict(score) | {"errorPercent": score.error_percent} for group, score in groups.items()},
        "noSpeech": asdict(no_speech),
        "comparisons": [asdict(comparison) for comparison in comparisons],
        "bars": [asdict(bar) | {"met": bar.met} for bar in bars],
        "medianDecodeMsOfTwoSeconds": _median_decode_ms(usual),
        "mistakes": _mistakes(clips, usual),
    }
    path = folder / f"evaluation-{scope.split}.json"
    path.write_text(json.dumps(report, indent=1), encoding="utf-8")
    print(f"evaluation: {path}", flush=True)


def _hear(setting: Setting, clips: list[Clip], folder: Path, model: Path, tools: Tools) -> dict[str, Hearing]:
    heard: dict[str, Hearing] = {}
    progress = Progress(f"evaluation, {setting.name}", (len(clips) + _BATCH - 1) // _BATCH)
    for first in range(0, len(clips), _BATCH):
        files = [clip.file for clip in clips[first : first + _BATCH]]
        answer = subprocess.run(
            [*_command(setting, folder, model, tools), *files], capture_output=True, text=True, check=False
        )
        if answer.returncode != 0:
            raise RuntimeError(f"hear.ts failed: {answer.stderr.strip()}")
        for file, entry in zip(files, json.loads(answer.stdout)):
            heard[file] = Hearing(**entry)
        progress.step(f"{len(heard)} recordings heard")
    return heard


def _command(setting: Setting, folder: Path, model: Path, tools: Tools) -> list[str]:
    script = Path(__file__).with_name("hear.ts")
    return [
        str(tools.bun),
        str(script),
        f"--library={tools.library}",
        f"--model={model}",
        f"--folder={folder}",
        f"--audio-context={setting.audio_context}",
        *([] if setting.time_stamps else ["--no-timestamps"]),
        *([] if setting.flash_attention else ["--no-flash-attention"]),
    ]


def _score(clips: list[Clip], heard: dict[str, Hearing]) -> dict[str, Score]:
    return score_groups(clips, {file: hearing.text for file, hearing in heard.items()})


def _compare(
    setting: Setting, clips: list[Clip], heard: dict[str, Hearing], usual: dict[str, Hearing]
) -> Comparison:
    """Sentences and digit strings together, with the usual setting on the same clips."""
    judged = [clip for clip in clips if clip.kind != "random"]
    here, there = total(_score(judged, heard)), total(_score(judged, usual))
    print(
        f"  {setting.name}: {here.error_percent:.2f} %, usual {there.error_percent:.2f} %, {here.clips} clips",
        flush=True,
    )
    return Comparison(setting.name, here.error_percent, there.error_percent, here.clips)


@dataclass(frozen=True)
class NoSpeech:
    clips: int
    texts: list[tuple[str, str]]
    median_probability: float | None


def _describe_no_speech(clips: list[Clip], heard: dict[str, Hearing]) -> NoSpeech:
    silent = [clip.file for clip in clips if clip.kind == "none"]
    return NoSpeech(
        clips=len(silent),
        texts=[(file, heard[file].text) for file in silent if heard[file].text],
        median_probability=_median([heard[file].no_speech_probability for file in silent]),
    )


def _mistakes(clips: list[Clip], heard: dict[str, Hearing]) -> list[tuple[str, str, str]]:
    pairs = ((clip, heard[clip.file].text) for clip in clips if clip.kind != "none")
    return [(clip.file, clip.text, text) for clip, text in pairs if normalise(clip.text) != normalise(text)]


def _median_decode_ms(heard: dict[str, Hearing]) -> float | None:
    near = [h.decode_ms for h in heard.values() if abs(h.duration_s - _TWO_SECONDS) < _NEAR_S]
    return _median(near)


def _median(values: list[float]) -> float | None:
    return round(statistics.median(values), 3) if values else None
