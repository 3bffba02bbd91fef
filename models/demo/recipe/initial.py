"""Start values without which so small a model does not begin to learn."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from network import HEAD_WIDTH, Attention, Whisper, sinusoid_rates

_SHARPNESS = 1.2
# Positions, 20 ms each, by which the heads of successive layers look aside.
_NEAR_OFFSETS = ((-1, 1), (-2, 2), (-3, 3), (-4, 4), (-2, 2), (-1, 1))
_FAR_OFFSETS = ((-4, 4, 0), (-7, 7, 0), (-10, 10, 0), (0, 12, -12), (-6, 6, 0), (-3, 3, 0))
_FAR_FIRST_RATE = 3


@torch.no_grad()
def initialise(net: Whisper, mel: Tensor) -> None:
    _scale_convolutions(net, mel)
    for number, layer in enumerate(net.encoder.blocks):
        near = _NEAR_OFFSETS[number % len(_NEAR_OFFSETS)]
        far = _FAR_OFFSETS[number % len(_FAR_OFFSETS)]
        for head in range(layer.attn.heads):
            if head < len(near):
                _look_aside(layer.attn, head, near[head], 0)
            else:
                _look_aside(layer.attn, head, far[(head - len(near)) % len(far)], _FAR_FIRST_RATE)


def _scale_convolutions(net: Whisper, mel: Tensor) -> None:
    """Outputs of mean 0 and of fixed deviation on real data, channel by channel."""
    encoder = net.encoder
    x = mel
    for convolution, deviation in ((encoder.conv1, 1.0), (encoder.conv2, 0.8)):
        y = convolution(x)
        factor = deviation / y.std((0, 2))
        convolution.bias.sub_(y.mean((0, 2))).mul_(factor)
        convolution.weight.mul_(factor[:, None, None])
        x = F.gelu(convolution(x), approximate="tanh")


def _look_aside(attention: Attention, head: int, offset: int, first_rate: int) -> None:
    """Keys are a position's sinusoids, queries those of the position `offset` further: a local kernel."""
    width = attention.out.in_features
    half = width // 2
    rates = sinusoid_rates(width)
    query = torch.randn(HEAD_WIDTH, width) * 0.01
    key = torch.randn(HEAD_WIDTH, width) * 0.01
    for pair in range(HEAD_WIDTH // 2):
        rate = first_rate + pair
        sine, cosine = 2 * pair, 2 * pair + 1
        turn = rates[rate] * offset
        key[sine, rate] += _SHARPNESS
        key[cosine, half + rate] += _SHARPNESS
        query[sine, rate] += _SHARPNESS * turn.cos()
        query[sine, half + rate] += _SHARPNESS * turn.sin()
        query[cosine, half + rate] += _SHARPNESS * turn.cos()
        query[cosine, rate] -= _SHARPNESS * turn.sin()
    rows = slice(head * HEAD_WIDTH, (head + 1) * HEAD_WIDTH)
    attention.query.weight[rows] = query
    attention.key.weight[rows] = key
    attention.query.bias[rows] = 0
