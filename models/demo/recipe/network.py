"""Whisper's encoder and decoder in PyTorch, with the tensor names and the arithmetic of whisper.cpp.

Two things differ from OpenAI's code. A batch may stand for the full 30 s although it holds only
the seconds with speech (`Silence`), and attention may have the zero keys that whisper.cpp's flash
attention adds when it pads to a multiple of 256 without a mask.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

AUDIO_CONTEXT = 1500
TEXT_CONTEXT = 128
HEAD_WIDTH = 32


@dataclass(frozen=True)
class Dimensions:
    width: int
    encoder_layers: int
    # whisper.cpp takes two layers for a distilled model and refuses time stamps
    decoder_layers: int
    learnt_tokens: int
    phonemes: int
    full_vocabulary: int

    @property
    def heads(self) -> int:
        return self.width // HEAD_WIDTH


@dataclass(frozen=True)
class Silence:
    """A few positions that stand for all that follow the batch's frames, up to position `last`."""

    positions: Tensor
    log_weight: float
    last: int


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, source: Tensor, bias: Tensor | None, zero_keys: int) -> Tensor:
        query, key, value = (self._split(part) for part in self._project(x, source))
        if zero_keys > 0:
            own = torch.zeros(key.shape[2], device=x.device) if bias is None else bias
            bias = F.pad(own, (0, 1), value=math.log(zero_keys))
            key = F.pad(key, (0, 0, 0, 1))
            value = F.pad(value, (0, 0, 0, 1))
        scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
        if bias is not None:
            scores = scores + bias
        mixed = torch.softmax(scores, -1) @ value
        return self.out(mixed.transpose(1, 2).flatten(2))

    def _project(self, x: Tensor, source: Tensor) -> tuple[Tensor, ...]:
        """One product for all that come from the same input, which is faster."""
        no_bias = torch.zeros_like(self.value.bias)
        if source is x:
            weight = torch.cat((self.query.weight, self.key.weight, self.value.weight))
            return F.linear(x, weight, torch.cat((self.query.bias, no_bias, self.value.bias))).chunk(3, -1)
        weight = torch.cat((self.key.weight, self.value.weight))
        pair = F.linear(source, weight, torch.cat((no_bias, self.value.bias))).chunk(2, -1)
        return (self.query(x), *pair)

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class EncoderLayer(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attn = Attention(width, heads)
        self.attn_ln = nn.LayerNorm(width)
        self.mlp = _feed_forward(width)
        self.mlp_ln = nn.LayerNorm(width)

    def forward(self, x: Tensor, bias: Tensor | None, zero_keys: int) -> Tensor:
        normed = self.attn_ln(x)
        x = x + self.attn(normed, normed, bias, zero_keys)
        return x + self.mlp(self.mlp_ln(x))


class DecoderLayer(EncoderLayer):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__(width, heads)
        self.cross_attn = Attention(width, heads)
        self.cross_attn_ln = nn.LayerNorm(width)

    def forward(  # type: ignore[override]
        self, x: Tensor, heard: "Heard", causal: Tensor, zero_keys: int
    ) -> Tensor:
        normed = self.attn_ln(x)
        x = x + self.attn(normed, normed, causal, 0)
        x = x + self.cross_attn(self.cross_attn_ln(x), heard.features, heard.bias, zero_keys)
        return x + self.mlp(self.mlp_ln(x))


def _feed_forward(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"), nn.Linear(4 * width, width))


@dataclass(frozen=True)
class Heard:
    """What the encoder made of the sound; `bias` weighs the positions, `frames` of them are real."""

    features: Tensor
    bias: Tensor | None
    frames: int


class Encoder(nn.Module):
    positional_embedding: Tensor

    def __init__(self, dimensions: Dimensions) -> None:
        super().__init__()
        width = dimensions.width
        self.conv1 = nn.Conv1d(80, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        # Rounded, so that the file compresses.
        self.register_buffer("positional_embedding", torch.round(sinusoids(AUDIO_CONTEXT, width) * 512) / 512)
        self.blocks = nn.ModuleList(EncoderLayer(width, dimensions.heads) for _ in range(dimensions.encoder_layers))
        self.ln_post = nn.LayerNorm(width)

    def forward(self, mel: Tensor, silence: Silence | None, zero_keys: int) -> Heard:
        x = _gelu(self.conv2(_gelu(self.conv1(mel)))).transpose(1, 2)
        frames = x.shape[1]
        where = self.positional_embedding
        bias = None
        if silence is None:
            x = x + where[:frames]
        else:
            # The last position sees the edge of the padding, the one before only silence.
            inner, quiet, edge = x[:, :-1], x[:, -2:-1], x[:, -1:]
            x = torch.cat(
                (inner + where[: frames - 1], quiet + where[silence.positions][None], edge + where[silence.last]), 1
            )
            bias = torch.zeros(x.shape[1], device=x.device)
            bias[frames - 1 : -1] = silence.log_weight
        for block in self.blocks:
            x = block(x, bias, zero_keys)
        return Heard(self.ln_post(x), bias, frames - 1)


class Decoder(nn.Module):
    def __init__(self, dimensions: Dimensions) -> None:
        super().__init__()
        width = dimensions.width
        self.token_embedding = nn.Embedding(dimensions.learnt_tokens + 1, width)
        self.positional_embedding = nn.Parameter(torch.randn(TEXT_CONTEXT, width) * 0.02)
        self.blocks = nn.ModuleList(DecoderLayer(width, dimensions.heads) for _ in range(dimensions.decoder_layers))
        self.ln = nn.LayerNorm(width)
        # The last row stands for all tokens that are not learnt, and counts as many.
        multiplicity = torch.zeros(dimensions.learnt_tokens + 1)
        multiplicity[-1] = math.log(dimensions.full_vocabulary - dimensions.learnt_tokens)
        self.register_buffer("log_multiplicity", multiplicity, persistent=False)
        nn.init.normal_(self.token_embedding.weight, std=0.06)

    def forward(self, tokens: Tensor, heard: Heard, zero_keys: int) -> Tensor:
        length = tokens.shape[1]
        x = self.token_embedding(tokens) + self.positional_embedding[:length]
        causal = torch.full((length, length), float("-inf"), device=x.device).triu_(1)
        for block in self.blocks:
            x = block(x, heard, causal, zero_keys)
        return self.ln(x) @ self.token_embedding.weight.t() + self.log_multiplicity


class Whisper(nn.Module):
    def __init__(self, dimensions: Dimensions) -> None:
        super().__init__()
        self.dimensions = dimensions
        self.encoder = Encoder(dimensions)
        self.decoder = Decoder(dimensions)
        # Only for training: phonemes by connectionist temporal classification, the last class is the blank.
        self.phoneme_head = nn.Linear(dimensions.width, dimensions.phonemes + 1)

    def forward(
        self, mel: Tensor, tokens: Tensor, silence: Silence | None = None, zero_keys: int = 0
    ) -> tuple[Tensor, Tensor]:
        """Logits of the next token, and of the phoneme at each real position."""
        heard = self.encoder(mel, silence, zero_keys)
        phonemes = self.phoneme_head(heard.features[:, : heard.frames])
        return self.decoder(tokens, heard, zero_keys), phonemes


def _gelu(x: Tensor) -> Tensor:
    return F.gelu(x, approximate="tanh")


def sinusoids(length: int, width: int) -> Tensor:
    """Sines in the first half of the columns, cosines in the second."""
    angles = torch.arange(length)[:, None] * sinusoid_rates(width)[None, :]
    return torch.cat((angles.sin(), angles.cos()), 1)


def sinusoid_rates(width: int) -> Tensor:
    half = width // 2
    return torch.exp(-math.log(10_000) / (half - 1) * torch.arange(half))
