"""Trains the demo model, with checkpoints from which it goes on and a learning curve as CSV.

Each processor core trains a replica on a part of every batch, on one thread: on two cores that
takes half the processor time of two threads that share each product.
"""

from __future__ import annotations

import math
import os
import signal
import tempfile
import time
from dataclasses import asdict, dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Iterator

import numpy as np
import torch
import torch.distributed as distributed
import torch.multiprocessing
from torch import nn

from curriculum import PEAK_RATE, Curriculum
from examples import Batch
from initial import initialise
from learning_curve import COLUMNS, LearningCurve, Measured, Meter
from lessons import load_lessons
from losses import count_correct, phoneme_loss, token_loss
from network import AUDIO_CONTEXT, Dimensions, Silence, Whisper
from progress import format_duration
from shards import SpeechPool
from tokens import FULL_VOCABULARY

_SEED = 7
_AVERAGE_DECAY = 0.9985
_LABEL_SMOOTHING = 0.02
_SILENCE_POSITIONS = 16
_CONTEXTS = (256, 512, 768, 1024, 1280, AUDIO_CONTEXT)
_FLASH_PADDING = 256
_BATCHES_DRAWN_AT_ONCE = 12
_SAVE_EVERY_S = 240
_WATCHED = 160
_WATCHED_AT_ONCE = 16


@dataclass(frozen=True)
class TrainingOptions:
    folder: Path
    frontend: Path
    steps: int
    width: int
    encoder_layers: int
    decoder_layers: int
    replicas: int
    batch_per_replica: int
    log_every: int
    watch_every: int


def train(options: TrainingOptions) -> None:
    """Trains to the last step, or to SIGINT or SIGTERM, and saves."""
    options.folder.mkdir(parents=True, exist_ok=True)
    # Idle threads of the numeric libraries would spin on the cores that the replicas need.
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}
    os.environ |= wide_vectors(Path("/proc/cpuinfo"))
    load_lessons(options.folder, options.frontend)
    with tempfile.TemporaryDirectory(prefix="rendezvous-") as meeting:
        arguments = (options, f"file://{meeting}/store")
        replicas = torch.multiprocessing.spawn(_train_replica, arguments, options.replicas, join=False)
        _pass_signals_on(replicas.processes)
        while not replicas.join():
            pass


def wide_vectors(processor: Path) -> dict[str, str]:
    """Settings for 512-bit products where the processor has them: the libraries know few names of processors."""
    flags = processor.read_text().split() if processor.exists() else []
    if "avx512f" not in flags:
        return {}
    kernels = "Cooperlake" if "avx512_bf16" in flags else "SkylakeX"
    return {"OPENBLAS_CORETYPE": kernels, "ATEN_CPU_CAPABILITY": "avx512"}


def _pass_signals_on(processes: list[BaseProcess]) -> None:
    def stop(*_: object) -> None:
        for process in processes:
            process.terminate()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


def _train_replica(rank: int, options: TrainingOptions, meeting: str) -> None:
    distributed.init_process_group("gloo", init_method=meeting, rank=rank, world_size=options.replicas)
    Trainer(options, rank).run()
    distributed.destroy_process_group()


class Trainer:
    def __init__(self, options: TrainingOptions, rank: int) -> None:
        torch.manual_seed(_SEED)
        torch.set_num_threads(1)
        self._rank = rank
        self._options = options
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._lessons = load_lessons(options.folder, options.frontend)
        self._curriculum = Curriculum(options.steps)
        self.step = 0
        self._hours_before = 0.0
        self._started = time.monotonic()
        dimensions = Dimensions(
            width=options.width,
            encoder_layers=options.encoder_layers,
            decoder_layers=options.decoder_layers,
            learnt_tokens=len(self._lessons.vocabulary),
            phonemes=self._lessons.pronunciation.count,
            full_vocabulary=FULL_VOCABULARY,
        )
        self._net = Whisper(dimensions)
        self._restore_or_initialise()
        self._net.to(self._device)
        self._average = {name: value.detach().clone() for name, value in self._net.state_dict().items()}
        self._optimiser = _optimiser(self._net)
        self._restore_optimiser()

    @property
    def checkpoint_path(self) -> Path:
        return self._options.folder / "checkpoint.pt"

    def run(self) -> None:
        stop = _StopRequest()
        curve = LearningCurve(self._options.folder / "learning-curve.csv")
        meter = Meter(self._options.replicas)
        saved = time.monotonic()
        for batch in self._batches():
            if self.step >= self._options.steps or stop.agreed:
                break
            meter.add(self._train_on(batch, stop))
            self.step += 1
            if self._rank > 0:
                continue
            if self.step % self._options.log_every == 0 or self.step == self._options.steps:
                self._report(curve, meter)
                meter = Meter(self._options.replicas)
            if time.monotonic() - saved > _SAVE_EVERY_S:
                self.save()
                saved = time.monotonic()
        if self._rank == 0:
            self.save()

    def save(self) -> None:
        unfinished = self.checkpoint_path.with_suffix(".part")
        torch.save(
            {
                "step": self.step,
                "hours": self._hours(),
                "dimensions": asdict(self._net.dimensions),
                "token_ids": self._lessons.vocabulary.token_ids,
                "weights": self._net.state_dict(),
                "average": self._average,
                "optimiser": self._optimiser.state_dict(),
            },
            unfinished,
        )
        os.replace(unfinished, self.checkpoint_path)

    def _batches(self) -> Iterator[Batch]:
        """Endless; replicas draw different examples but batches of like length at each step."""
        pool = SpeechPool(self._options.folder / "speech", "training")
        source = self._lessons.source(pool)
        rng = np.random.default_rng((_SEED, self.step, self._rank))
        order = np.random.default_rng((_SEED, self.step))
        while True:
            pool.refresh()
            difficulty = self._curriculum.difficulty(self.step)
            batches = source.batches(rng, difficulty, self._options.batch_per_replica, _BATCHES_DRAWN_AT_ONCE)
            for number in order.permutation(len(batches)):
                yield batches[number]

    def _restore_or_initialise(self) -> None:
        if not self.checkpoint_path.exists():
            sample = next(self._clear_speech())
            initialise(self._net, torch.from_numpy(sample.mel))
            self._checkpoint = None
            return
        self._checkpoint = torch.load(self.checkpoint_path, map_location="cpu")
        self._net.load_state_dict(self._checkpoint["weights"])
        self.step = self._checkpoint["step"]
        self._hours_before = self._checkpoint["hours"]
        print(f"goes on at step {self.step}", flush=True)

    def _restore_optimiser(self) -> None:
        if self._checkpoint is not None:
            self._optimiser.load_state_dict(self._checkpoint["optimiser"])
            self._average = {name: value.to(self._device) for name, value in self._checkpoint["average"].items()}
        self._checkpoint = None

    def _hours(self) -> float:
        return self._hours_before + (time.monotonic() - self._started) / 3600

    def _train_on(self, batch: Batch, stop: "_StopRequest") -> Measured:
        rate = self._curriculum.rate(self.step)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        mel = torch.from_numpy(batch.mel).to(self._device)
        inputs = torch.from_numpy(batch.inputs).to(self._device)
        targets = torch.from_numpy(batch.targets).to(self._device)
        silence, zero_keys = self._surroundings(mel.shape[2] // 2)
        logits, phonemes = self._net(mel, inputs, silence, zero_keys)
        attention_loss = token_loss(logits, targets, _LABEL_SMOOTHING)
        sound_loss = phoneme_loss(phonemes, batch.phonemes)
        loss = attention_loss + self._curriculum.phoneme_weight(self.step) * sound_loss
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        stop.agreed = self._share_gradients(stop.asked)
        nn.utils.clip_grad_norm_(self._net.parameters(), 1.0)
        self._optimiser.step()
        self._update_average()
        correct, counted = count_correct(logits, targets)
        return Measured(len(batch.phonemes), float(attention_loss), float(sound_loss), correct, counted)

    def _share_gradients(self, wants_to_stop: bool) -> bool:
        """Replaces gradients by their mean over the replicas; True when one of these wants to stop."""
        gradients = [p.grad for p in self._net.parameters() if p.grad is not None]
        mark = torch.tensor([float(wants_to_stop)])
        joined = torch.cat([gradient.flatten().cpu() for gradient in gradients] + [mark])
        distributed.all_reduce(joined)
        joined /= self._options.replicas
        parts = joined[:-1].split([gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts):
            gradient.copy_(part.view_as(gradient))
        return float(joined[-1]) > 0.0

    def _surroundings(self, frames: int) -> tuple[Silence | None, int]:
        """The context that follows the frames, and the zero keys of flash attention at its length."""
        rng = np.random.default_rng((_SEED, 1, self.step))
        silence = None
        length = frames
        if rng.random() < self._curriculum.silence_share(self.step):
            fitting = [context for context in _CONTEXTS if context >= frames + _SILENCE_POSITIONS + 8]
            length = AUDIO_CONTEXT if rng.random() < 0.3 else int(rng.choice(fitting or [AUDIO_CONTEXT]))
            last = length - 1
            drawn = rng.choice(np.arange(frames - 1, last), _SILENCE_POSITIONS, replace=False)
            log_weight = math.log((last - frames + 1) / _SILENCE_POSITIONS)
            silence = Silence(torch.from_numpy(np.sort(drawn)).to(self._device), log_weight, last)
        zero_keys = -length % _FLASH_PADDING if rng.random() < 0.75 else 0
        return silence, zero_keys

    @torch.no_grad()
    def _update_average(self) -> None:
        # The early weights are forgotten soon, the later ones are averaged for long.
        decay = min(_AVERAGE_DECAY, (self.step + 1) / (self.step + 10))
        for name, value in self._net.state_dict().items():
            if value.dtype.is_floating_point:
                self._average[name].lerp_(value, 1 - decay)

    def _report(self, curve: LearningCurve, meter: Meter) -> None:
        row: dict[str, object] = {"step": self.step, "hours": f"{self._hours():.3f}"}
        row |= {"rate": f"{self._curriculum.rate(self.step - 1):.2e}"} | meter.summary()
        if self.step % self._options.watch_every == 0 or self.step == self._options.steps:
            row |= self._watch()
        curve.add(row)
        left = meter.seconds_per_step() * (self._options.steps - self.step)
        print(
            f"training: step {self.step} of {self._options.steps}, {format_duration(left)} left; "
            + ", ".join(f"{name} {row[name]}" for name in COLUMNS[4:] if name in row),
            flush=True,
        )

    def _clear_speech(self) -> Iterator[Batch]:
        pool = SpeechPool(self._options.folder / "speech", "development")
        return self._lessons.source(pool).clear_batches(_WATCHED, _WATCHED_AT_ONCE)

    @torch.no_grad()
    def _watch(self) -> dict[str, object]:
        """Loss and accuracy of the averaged weights on clear speech of the development set."""
        own = {name: value.detach().clone() for name, value in self._net.state_dict().items()}
        self._net.load_state_dict(self._average)
        losses: list[float] = []
        correct = counted = 0
        for batch in self._clear_speech():
            mel = torch.from_numpy(batch.mel).to(self._device)
            targets = torch.from_numpy(batch.targets).to(self._device)
            logits, _ = self._net(mel, torch.from_numpy(batch.inputs).to(self._device))
            losses.append(float(token_loss(logits, targets, 0.0)))
            right, of_all = count_correct(logits, targets)
            correct, counted = correct + right, counted + of_all
        self._net.load_state_dict(own)
        return {
            "development_loss": f"{sum(losses) / len(losses):.4f}",
            "development_accuracy": f"{correct / counted:.4f}",
        }


def _optimiser(net: Whisper) -> torch.optim.AdamW:
    decayed: list[nn.Parameter] = []
    free: list[nn.Parameter] = []
    for name, parameter in net.named_parameters():
        (decayed if parameter.dim() >= 2 and "embedding" not in name else free).append(parameter)
    groups = [{"params": decayed, "weight_decay": 0.02}, {"params": free, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=PEAK_RATE, betas=(0.9, 0.98))


class _StopRequest:
    """SIGINT and SIGTERM end the training after the step, with everything saved."""

    def __init__(self) -> None:
        self.asked = False
        self.agreed = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        self.asked = True
