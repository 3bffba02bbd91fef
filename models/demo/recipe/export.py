"""Turns a checkpoint into a ggml file for whisper.cpp, with the weights that were averaged over the last steps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ggml_file import Frontend, Header, read_frontend, write_model
from network import AUDIO_CONTEXT, TEXT_CONTEXT, Dimensions
from tokens import FULL_VOCABULARY

MODEL_NAME = "ggml-telephone-tiny.en"


@dataclass(frozen=True)
class Exported:
    """For looking at, for whisper.cpp, and for the executable."""

    f16: Path
    q8_0: Path
    compressed: Path
    step: int


def export_model(checkpoint_path: Path, frontend_path: Path, folder: Path) -> Exported:
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = torch.load(checkpoint_path, map_location="cpu")
    frontend = read_frontend(frontend_path)
    dimensions = Dimensions(**checkpoint["dimensions"])
    tensors = _tensors(checkpoint["average"], checkpoint["token_ids"])
    exported = Exported(
        f16=folder / f"{MODEL_NAME}-f16.bin",
        q8_0=folder / f"{MODEL_NAME}-q8_0.bin",
        compressed=folder / f"{MODEL_NAME}-q8_0.bin.gz",
        step=checkpoint["step"],
    )
    for path in (exported.f16, exported.q8_0, exported.compressed):
        write_model(path, _header(dimensions, frontend), frontend, tensors)
        print(f"export: {path} {path.stat().st_size / 1e6:.2f} MB", flush=True)
    return exported


def _header(dimensions: Dimensions, frontend: Frontend) -> Header:
    return Header(
        vocabulary=FULL_VOCABULARY,
        audio_context=AUDIO_CONTEXT,
        audio_width=dimensions.width,
        audio_heads=dimensions.heads,
        audio_layers=dimensions.encoder_layers,
        text_context=TEXT_CONTEXT,
        text_width=dimensions.width,
        text_heads=dimensions.heads,
        text_layers=dimensions.decoder_layers,
        mel_bands=frontend.mel_filters.shape[0],
        file_type=frontend.header.file_type,
    )


def _tensors(weights: dict[str, torch.Tensor], token_ids: tuple[int, ...]) -> dict[str, np.ndarray]:
    tensors = {
        name: weight.float().numpy() for name, weight in weights.items() if not name.startswith("phoneme_head.")
    }
    learnt = tensors["decoder.token_embedding.weight"]
    # One row for all others, which costs nothing once it is compressed.
    embedding = np.repeat(learnt[-1:], FULL_VOCABULARY, axis=0)
    embedding[list(token_ids)] = learnt[:-1]
    tensors["decoder.token_embedding.weight"] = embedding
    for name in ("encoder.conv1.bias", "encoder.conv2.bias"):
        tensors[name] = tensors[name].reshape(-1, 1)
    return tensors
