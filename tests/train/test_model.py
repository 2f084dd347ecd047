"""The embedded architecture: any text survives the tokenizer, files come back exactly, the shipped seed is small."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForImageTextToText, AutoProcessor, AutoTokenizer

from zerosight.train.models.load import EMBEDDED_SEED
from zerosight.train.models.policy import Policy


@given(text=st.text(max_size=60))
def test_any_text_survives_the_tokenizer(text: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(EMBEDDED_SEED)
    for special in tokenizer.all_special_tokens:
        text = text.replace(special, "")
    # Lone surrogates are no UTF-8 text.
    text = text.encode("utf-8", "ignore").decode()
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_programs_are_short_in_tokens() -> None:
    tokenizer = AutoTokenizer.from_pretrained(EMBEDDED_SEED)
    ids = tokenizer('<circle cx="12" cy="40" r="8" fill="red"/>')["input_ids"]
    assert [tokenizer.decode([i]) for i in ids] == [
        '<circle cx="',
        "12",
        '" cy="',
        "40",
        '" r="',
        "8",
        '" fill="',
        "red",
        '"/>',
    ]


def test_a_saved_model_comes_back_exactly(tiny: Policy, tmp_path: Path) -> None:
    tiny.save(tmp_path)
    model = AutoModelForImageTextToText.from_pretrained(tmp_path, dtype=torch.float32)
    processor = AutoProcessor.from_pretrained(tmp_path)
    ours, theirs = tiny.model.state_dict(), model.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    picture = np.arange(64 * 64 * 3, dtype=np.uint8).reshape(64, 64, 3)
    assert torch.equal(
        processor.image_processor(picture, return_tensors="pt")["pixel_values"],
        tiny.processor.image_processor(picture, return_tensors="pt")["pixel_values"],
    )


def test_pixels_are_scaled_as_stated(tiny: Policy) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    expected = torch.from_numpy((picture / 255.0 - 0.8) / 0.3).permute(2, 0, 1).float()
    assert torch.allclose(
        tiny.processor.image_processor(picture, return_tensors="pt")["pixel_values"][0], expected, atol=1e-5
    )


def test_the_shipped_seed_is_small_and_says_how_it_was_made() -> None:
    assert sum(path.stat().st_size for path in EMBEDDED_SEED.iterdir()) <= 8 * 1024 * 1024
    made = json.loads((EMBEDDED_SEED / "seed.json").read_text())
    assert made["cycles_done"] == len(made["recipe"]["cycles"]) == len(made["log"])
    assert [log[-1]["step"] for log in made["log"]] == [cycle["steps"] for cycle in made["recipe"]["cycles"]]
    assert made["log"][-1][-1]["loss"] < made["log"][0][0]["loss"] / 3


@pytest.mark.parametrize("sharing", ["shared", "lora"])
def test_the_shipped_seed_loads(sharing: str) -> None:
    policy = Policy.load(EMBEDDED_SEED, sharing)  # type: ignore[arg-type]
    assert sum(p.numel() for p in policy.model.parameters()) > 1_000_000
