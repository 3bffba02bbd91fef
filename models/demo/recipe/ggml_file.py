"""whisper.cpp's ggml model files: reads header, mel filters, vocabulary and tensors; writes f16 and q8_0."""

from __future__ import annotations

import gzip
import struct
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

_MAGIC = 0x67676D6C
_F32, _F16, _Q8_0 = 0, 1, 8
_FILE_TYPE_F16 = 1
# GGML_FTYPE_MOSTLY_Q8_0 and 1000 for each version of ggml's quantisation
_FILE_TYPE_Q8_0 = 7 + 2 * 1000
_BLOCK = 32
# whisper.cpp's quantize leaves these as they are
_NEVER_QUANTISED = frozenset(
    ("encoder.conv1.bias", "encoder.conv2.bias", "encoder.positional_embedding", "decoder.positional_embedding")
)


@dataclass(frozen=True)
class Header:
    vocabulary: int
    audio_context: int
    audio_width: int
    audio_heads: int
    audio_layers: int
    text_context: int
    text_width: int
    text_heads: int
    text_layers: int
    mel_bands: int
    file_type: int


@dataclass(frozen=True)
class Frontend:
    """What every English Whisper model has in common: 80 mel filters and the byte-pair tokens."""

    header: Header
    mel_filters: np.ndarray
    tokens: tuple[bytes, ...]


def read_frontend(path: Path) -> Frontend:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as file:
        magic, *fields = _read_ints(file, 12)
        if magic != _MAGIC:
            raise ValueError(f"{path} is no ggml model of whisper.cpp")
        bands, bins = _read_ints(file, 2)
        filters = np.frombuffer(file.read(4 * bands * bins), "<f4").reshape(bands, bins)
        (count,) = _read_ints(file, 1)
        tokens = tuple(file.read(_read_ints(file, 1)[0]) for _ in range(count))
    return Frontend(Header(*fields), filters, tokens)


def write_model(path: Path, header: Header, frontend: Frontend, tensors: dict[str, np.ndarray]) -> None:
    """`header.file_type` is replaced; names ending in .gz are compressed, with nothing in them that varies."""
    quantised = "q8_0" in path.name
    file_type = _FILE_TYPE_Q8_0 if quantised else _FILE_TYPE_F16
    with open(path, "wb") as raw:
        if path.suffix != ".gz":
            _write(raw, header, file_type, frontend, tensors)
            return
        with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=raw, mtime=0) as packed:
            _write(packed, header, file_type, frontend, tensors)


def _write(
    file: BinaryIO | gzip.GzipFile, header: Header, file_type: int, frontend: Frontend, tensors: dict[str, np.ndarray]
) -> None:
    _write_ints(file, _MAGIC, *astuple(header)[:-1], file_type)
    _write_ints(file, *frontend.mel_filters.shape)
    file.write(frontend.mel_filters.astype("<f4").tobytes())
    _write_ints(file, len(frontend.tokens))
    for token in frontend.tokens:
        _write_ints(file, len(token))
        file.write(token)
    for name, tensor in tensors.items():
        _write_tensor(file, name, tensor, file_type == _FILE_TYPE_Q8_0)


def _write_tensor(file: BinaryIO | gzip.GzipFile, name: str, tensor: np.ndarray, quantise: bool) -> None:
    kind = _F32 if tensor.ndim < 2 or name in _NEVER_QUANTISED else _F16
    if kind == _F16 and quantise and tensor.ndim == 2:
        kind = _Q8_0
    encoded = name.encode()
    _write_ints(file, tensor.ndim, len(encoded), kind, *tensor.shape[::-1])
    file.write(encoded)
    if kind == _Q8_0:
        file.write(quantise_q8_0(tensor))
    else:
        file.write(np.ascontiguousarray(tensor, "<f4" if kind == _F32 else "<f2").tobytes())


def quantise_q8_0(matrix: np.ndarray) -> bytes:
    """Blocks of 32 values: a half-precision step, then the multiples of it as signed bytes."""
    if matrix.shape[-1] % _BLOCK:
        raise ValueError(f"rows of {matrix.shape[-1]} values do not divide into blocks of {_BLOCK}")
    blocks = np.ascontiguousarray(matrix, np.float32).reshape(-1, _BLOCK)
    steps = np.abs(blocks).max(axis=1, keepdims=True) / np.float32(127)
    inverse = np.divide(np.float32(1), steps, out=np.zeros_like(steps), where=steps > 0)
    packed = np.empty(len(blocks), [("step", "<f2"), ("multiples", "i1", _BLOCK)])
    packed["step"] = steps[:, 0]
    packed["multiples"] = np.rint(blocks * inverse)
    return packed.tobytes()


def _read_ints(file: BinaryIO | gzip.GzipFile, count: int) -> tuple[int, ...]:
    return struct.unpack(f"<{count}i", file.read(4 * count))


def _write_ints(file: BinaryIO | gzip.GzipFile, *values: int) -> None:
    file.write(struct.pack(f"<{len(values)}i", *values))
