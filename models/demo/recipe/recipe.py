#!/usr/bin/env python3
"""Makes the demo model: each command is one step, can be stopped at any time, and goes on where it was."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from evaluation import Scope, Tools, evaluate
from export import MODEL_NAME, export_model
from synthesis import held_out_plan, synthesise, training_plans
from training import TrainingOptions, train

_REPOSITORY = Path(__file__).resolve().parents[3]
_FRONTEND = _REPOSITORY / "models/demo/ggml-telephone-tiny.en-q8_0.bin.gz"
_LIBRARY = _REPOSITORY / "build/native/linux-x64-avx2/libwildfire_native.so"


def main() -> None:
    arguments = _parser().parse_args()
    arguments.run(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="recipe.py", description=__doc__)
    work = os.environ.get("WILDFIRE_DEMO_WORK", str(_REPOSITORY / "build/demo-model"))
    parser.add_argument("--work", type=Path, default=Path(work), help="folder for speech, checkpoints and results")
    steps = parser.add_subparsers(required=True)
    _describe_speech(steps.add_parser("speech", help="speak all texts: three quarters of an hour of two cores, 6 GB"))
    _describe_training(steps.add_parser("train", help="train, or go on with training"))
    steps.add_parser("export", help="write the ggml files into the folder model").set_defaults(run=_export)
    _describe_evaluation(steps.add_parser("evaluate", help="hear the held-out recordings with whisper.cpp"))
    smoke = steps.add_parser("smoke", help="all steps at toy size in a temporary folder, under three minutes")
    smoke.set_defaults(run=_smoke)
    _describe_tools(smoke)
    return parser


def _describe_speech(step: argparse.ArgumentParser) -> None:
    step.set_defaults(run=_speech)
    step.add_argument("--shards", type=int, default=100)
    step.add_argument("--utterances", type=int, default=1000, help="in each shard")
    step.add_argument("--held-out-scale", type=float, default=1.0)
    step.add_argument("--workers", type=int, default=os.cpu_count() or 1)


def _describe_training(step: argparse.ArgumentParser) -> None:
    step.set_defaults(run=_train)
    step.add_argument("--steps", type=int, default=18_000, help="the rate of learning falls over the last 40 %%")
    step.add_argument("--width", type=int, default=160)
    step.add_argument("--encoder-layers", type=int, default=4)
    step.add_argument("--decoder-layers", type=int, default=3)
    step.add_argument("--replicas", type=int, default=2, help="processes, one core each")
    step.add_argument("--batch", type=int, default=24, help="examples in a step")
    step.add_argument("--log-every", type=int, default=50, help="steps")
    step.add_argument("--watch-every", type=int, default=500, help="steps")


def _describe_evaluation(step: argparse.ArgumentParser) -> None:
    step.set_defaults(run=_evaluate)
    step.add_argument("--model", type=Path, help="default: what export wrote")
    step.add_argument("--split", choices=("test", "development"), default="test")
    step.add_argument("--usual-only", action="store_true", help="leave out contexts and modes")
    step.add_argument("--no-speech-clips", type=int, default=200)
    _describe_tools(step)


def _describe_tools(step: argparse.ArgumentParser) -> None:
    step.add_argument("--bun", type=Path, default=_REPOSITORY / "node_modules/.bin/bun")
    step.add_argument("--library", type=Path, default=_LIBRARY, help="from npm run build")


def _speech(arguments: argparse.Namespace) -> None:
    plans = [held_out_plan(split, arguments.held_out_scale) for split in ("test", "development")]
    plans += training_plans(arguments.shards, arguments.utterances)
    synthesise(plans, arguments.work / "speech", arguments.workers)


def _train(arguments: argparse.Namespace) -> None:
    train(
        TrainingOptions(
            folder=arguments.work,
            frontend=_FRONTEND,
            steps=arguments.steps,
            width=arguments.width,
            encoder_layers=arguments.encoder_layers,
            decoder_layers=arguments.decoder_layers,
            replicas=arguments.replicas,
            batch_per_replica=arguments.batch // arguments.replicas,
            log_every=arguments.log_every,
            watch_every=arguments.watch_every,
        )
    )


def _export(arguments: argparse.Namespace) -> None:
    export_model(arguments.work / "checkpoint.pt", _FRONTEND, arguments.work / "model")


def _evaluate(arguments: argparse.Namespace) -> None:
    model = arguments.model or arguments.work / f"model/{MODEL_NAME}-q8_0.bin"
    tools = Tools(arguments.bun, arguments.library)
    scope = Scope(arguments.split, not arguments.usual_only, arguments.no_speech_clips)
    evaluate(model, arguments.work, scope, tools)


def _smoke(arguments: argparse.Namespace) -> None:
    """What a toy model hears is nonsense; what counts is that each step takes what the one before left."""
    common = ["--bun", str(arguments.bun), "--library", str(arguments.library)]
    commands = (
        "speech --shards 2 --utterances 60 --held-out-scale 0.05",
        "train --steps 20 --width 64 --encoder-layers 2 --batch 8 --log-every 10 --watch-every 10",
        "train --steps 30 --width 64 --encoder-layers 2 --batch 8 --log-every 10 --watch-every 10",
        "export",
        " ".join(["evaluate --no-speech-clips 8", *common]),
    )
    with tempfile.TemporaryDirectory(prefix="demo-model-") as folder:
        for command in commands:
            print(f"smoke: {command}", flush=True)
            step = _parser().parse_args(["--work", folder, *command.split()])
            step.run(step)


if __name__ == "__main__":
    main()
