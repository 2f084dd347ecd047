"""The small pretrained model of `make bench-pretrained`: its tower, its vocabulary, and how often questions fit."""

import sys

import pytest
import torch
from torch.nn import functional

from zerosight.benchmarks.own.pretrained.conv_tower import ConvTower, tower_config, tower_weights
from zerosight.benchmarks.own.pretrained.fits import fit_rate
from zerosight.benchmarks.own.pretrained.gemma import merges_of, transformers_name
from zerosight.benchmarks.own.pretrained.vlm_folder import PackagesMissingError, build_folder

STAGES = ((1, 16, 1, 3, 1), (2, 24, 2, 3, 6), (2, 40, 2, 5, 6), (3, 80, 2, 3, 6), (3, 112, 1, 5, 6), (4, 192, 2, 5, 6),
          (1, 320, 1, 3, 6))  # fmt: skip
"""EfficientNet-B0 (Tan and Le 2019, table 1): blocks, width, stride, kernel, expansion."""


def lite_weights(rng: torch.Generator) -> tuple[dict[str, torch.Tensor], list[tuple[int, int, int, int, int]]]:
    """Random weights in the published names, and each block as (width in, width out, stride, kernel, expansion)."""
    weights: dict[str, torch.Tensor] = {}

    def norm(name: str, width: int) -> None:
        weights[f"{name}.weight"] = 1 + 0.1 * torch.randn(width, generator=rng)
        weights[f"{name}.bias"] = 0.1 * torch.randn(width, generator=rng)
        weights[f"{name}.running_mean"] = 0.1 * torch.randn(width, generator=rng)
        weights[f"{name}.running_var"] = 1 + torch.rand(width, generator=rng)
        weights[f"{name}.num_batches_tracked"] = torch.tensor(1)

    def conv(name: str, width: int, fan_in: int, kernel: int) -> None:
        scale = (fan_in * kernel * kernel) ** -0.5
        weights[f"{name}.weight"] = scale * torch.randn(width, fan_in, kernel, kernel, generator=rng)

    conv("_conv_stem", 32, 3, 3), norm("_bn0", 32)
    blocks, width_in = [], 32
    for count, width, stride, kernel, expansion in STAGES:
        for number in range(count):
            blocks.append((width_in, width, stride if number == 0 else 1, kernel, expansion))
            name, inner = f"_blocks.{len(blocks) - 1}", width_in * expansion
            if expansion > 1:
                conv(f"{name}._expand_conv", inner, width_in, 1), norm(f"{name}._bn0", inner)
            conv(f"{name}._depthwise_conv", inner, 1, kernel), norm(f"{name}._bn1", inner)
            conv(f"{name}._project_conv", width, inner, 1), norm(f"{name}._bn2", width)
            width_in = width
    conv("_conv_head", 1280, 320, 1), norm("_bn1", 1280)
    return weights, blocks


def lite_features(weights: dict[str, torch.Tensor], blocks: list, pixels: torch.Tensor) -> torch.Tensor:
    """EfficientNet-Lite0 written out: no gates, ReLU6, TensorFlow's padding of even pictures."""

    def norm(x: torch.Tensor, name: str) -> torch.Tensor:
        mean, variance, scale, bias = (
            weights[f"{name}.{key}"] for key in ("running_mean", "running_var", "weight", "bias")
        )
        return functional.batch_norm(x, mean, variance, scale, bias, eps=1e-3)

    def conv(x: torch.Tensor, name: str, stride: int = 1, *, grouped: bool = False) -> torch.Tensor:
        weight = weights[f"{name}.weight"]
        total = weight.shape[-1] - stride
        before = total // 2
        x = functional.pad(x, (before, total - before, before, total - before))
        return functional.conv2d(x, weight, stride=stride, groups=len(weight) if grouped else 1)

    x = functional.relu6(norm(conv(pixels, "_conv_stem", 2), "_bn0"))
    for number, (width_in, width, stride, _, expansion) in enumerate(blocks):
        name, shortcut = f"_blocks.{number}", x
        if expansion > 1:
            x = functional.relu6(norm(conv(x, f"{name}._expand_conv"), f"{name}._bn0"))
        x = functional.relu6(norm(conv(x, f"{name}._depthwise_conv", stride, grouped=True), f"{name}._bn1"))
        x = norm(conv(x, f"{name}._project_conv"), f"{name}._bn2")
        if stride == 1 and width == width_in:
            x = x + shortcut
    return functional.relu6(norm(conv(x, "_conv_head"), "_bn1"))


@torch.no_grad()
def test_tower_computes_what_lite0_does():
    rng = torch.Generator().manual_seed(0)
    weights, blocks = lite_weights(rng)
    tower = ConvTower(tower_config()).train()
    tower.load_state_dict(tower_weights(weights, tower))
    pixels = torch.randn(1, 3, 64, 96, generator=rng)
    tokens = tower(pixels).hidden_states[-1]
    expected = lite_features(weights, blocks, pixels)
    assert tokens.shape == (1, 2 * 3, 1280)
    assert torch.allclose(tokens, expected.flatten(2).transpose(1, 2), atol=1e-4)


def test_merges_lead_to_every_piece_by_rank():
    vocabulary = {piece: number for number, piece in enumerate(["a", "b", "c", "bc", "ab", "abc"])}
    assert merges_of(["bc", "ab", "abc"], vocabulary) == [("b", "c"), ("a", "b"), ("a", "bc"), ("ab", "c")]


def test_weights_are_named_as_transformers_does():
    assert transformers_name("token_embd.weight") == "embed_tokens.weight"
    assert transformers_name("blk.17.post_ffw_norm.weight") == "layers.17.post_feedforward_layernorm.weight"


def test_missing_packages_are_named_with_the_extra_that_brings_them(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(PackagesMissingError, match=r"zerosight\[pretrained\]"):
        build_folder(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("env_id", ["shapes/Canvas-v1", "charts/Chart-v1", "diagrams/Geometry-v1"])
def test_most_questions_fit_a_drawing_that_has_what_they_need(env_id):
    rate = fit_rate(env_id, 24)
    assert rate.drawn_count >= 20
    assert rate.fit_count >= 0.6 * rate.drawn_count
