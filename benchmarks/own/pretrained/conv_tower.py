"""A vision tower of convolutions: EfficientNet-Lite0 with ImageNet weights, one token for each 32 px of a picture.

transformers has EfficientNet, of which Lite0 (Liu 2020, github.com/tensorflow/tpu) is the B0 without squeeze and
excitation and with ReLU6: its gates are held open here, so that both are the same function.
"""

from typing import Any

import torch
from transformers import AutoConfig, AutoModel, EfficientNetConfig, EfficientNetModel
from transformers.modeling_outputs import BaseModelOutput

STRIDE = 32
"""Width of the square of pixels that a token stands for."""
OPEN_GATE = 40.0
"""A bias whose sigmoid is 1 in float32."""
_LAYER_NAMES = {
    "_expand_conv": "expansion.expand_conv",
    "_bn0": "expansion.expand_bn",
    "_depthwise_conv": "depthwise_conv.depthwise_conv",
    "_bn1": "depthwise_conv.depthwise_norm",
    "_project_conv": "projection.project_conv",
    "_bn2": "projection.project_bn",
}
_WHOLE_NAMES = {
    "_conv_stem": "embeddings.convolution",
    "_bn0": "embeddings.batchnorm",
    "_conv_head": "encoder.top_conv",
    "_bn1": "encoder.top_bn",
}


class ConvTowerConfig(EfficientNetConfig):
    """The configuration of a `ConvTower`."""

    model_type = "zerosight_conv_tower"


class ConvTower(EfficientNetModel):
    """EfficientNet whose last features [B, C, H, W] are given as tokens [B, H * W, C]."""

    config_class = ConvTowerConfig
    # It has no attention, so that any implementation will do.
    _supports_sdpa = True

    def train(self, mode: bool = True) -> "ConvTower":
        """Stay in evaluation mode, whatever `mode`: batch statistics of pictures are not to be learned."""
        return super().train(False)

    def forward(self, pixel_values: torch.Tensor, **options: Any) -> BaseModelOutput:
        """Encode `pixel_values` [B, 3, H, W]; `options` of other towers are not used."""
        features = super().forward(pixel_values, return_dict=True).last_hidden_state
        tokens = features.flatten(2).transpose(1, 2)
        return BaseModelOutput(last_hidden_state=tokens, hidden_states=(tokens,))


AutoConfig.register(ConvTowerConfig.model_type, ConvTowerConfig)
AutoModel.register(ConvTowerConfig, ConvTower)


def tower_config() -> ConvTowerConfig:
    """Return the configuration of Lite0."""
    return ConvTowerConfig(
        width_coefficient=1.0,
        depth_coefficient=1.0,
        hidden_dim=1280,
        hidden_act="relu6",
        batch_norm_eps=1e-3,
        image_size=224,
        hidden_size=1280,
        drop_connect_rate=0.0,
    )


def tower_weights(lite_weights: dict[str, torch.Tensor], tower: ConvTower) -> dict[str, torch.Tensor]:
    """Return the weights of `tower` that make it compute what `lite_weights` do in EfficientNet-Lite0."""
    weights = dict(tower.state_dict())
    for name in weights:
        if ".squeeze_excite." in name:
            is_gate = name.endswith("expand.bias")
            weights[name] = torch.full_like(weights[name], OPEN_GATE if is_gate else 0.0)
    for lite_name, values in lite_weights.items():
        if lite_name.startswith("_fc."):
            continue
        name = _tower_name(lite_name)
        if weights[name].shape != values.shape:
            raise ValueError(f"{lite_name} has shape {tuple(values.shape)}, {name} takes {tuple(weights[name].shape)}")
        weights[name] = values
    return weights


def _tower_name(lite_name: str) -> str:
    """Return the tower's name of a weight of Lite0, such as `_blocks.3._bn1.weight`."""
    if lite_name.startswith("_blocks."):
        _, number, layer_name, suffix = lite_name.split(".")
        return f"encoder.blocks.{number}.{_LAYER_NAMES[layer_name]}.{suffix}"
    layer_name, suffix = lite_name.split(".")
    return f"{_WHOLE_NAMES[layer_name]}.{suffix}"
