"""Gemma 3 270M from its GGUF file: weights and tokenizer in transformers' terms.

The file holds the weights in blocks of few bits, which the package `gguf` turns into floats, and a vocabulary with
scores, from which the merges of a byte-pair tokenizer follow: a piece is merged of the two halves it can be cut into,
best pieces first. transformers reads the same file, but takes minutes for the vocabulary.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers
from transformers import Gemma3TextConfig, PreTrainedTokenizerFast

SPACE = "▁"
"""SentencePiece's sign for a space."""
_LAYER_NAMES = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "attn_norm": "input_layernorm",
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
"""A layer's tensors in GGUF and in transformers."""
_NORMAL, _USER_DEFINED, _BYTE = 1, 4, 6
"""Kinds of pieces: those that merges lead to, those that are cut out before (runs of line breaks), and bytes."""
FULL_ATTENTION_EVERY = 6
"""Five layers of six look back over a window (Gemma 3 report, section 2)."""


def text_config(metadata: Mapping[str, Any], vocabulary_size: int) -> Gemma3TextConfig:
    """Return the language model's configuration from the file's `metadata`."""
    layer_count = int(metadata["gemma3.block_count"])
    layer_types = [
        "sliding_attention" if (number + 1) % FULL_ATTENTION_EVERY else "full_attention"
        for number in range(layer_count)
    ]
    head_dim = int(metadata["gemma3.attention.key_length"])
    return Gemma3TextConfig(
        vocab_size=vocabulary_size,
        hidden_size=int(metadata["gemma3.embedding_length"]),
        intermediate_size=int(metadata["gemma3.feed_forward_length"]),
        num_hidden_layers=layer_count,
        num_attention_heads=int(metadata["gemma3.attention.head_count"]),
        num_key_value_heads=int(metadata["gemma3.attention.head_count_kv"]),
        head_dim=head_dim,
        query_pre_attn_scalar=head_dim,
        sliding_window=int(metadata["gemma3.attention.sliding_window"]),
        layer_types=layer_types,
        max_position_embeddings=int(metadata["gemma3.context_length"]),
        rms_norm_eps=float(metadata["gemma3.attention.layer_norm_rms_epsilon"]),
        bos_token_id=int(metadata["tokenizer.ggml.bos_token_id"]),
        eos_token_id=int(metadata["tokenizer.ggml.eos_token_id"]),
        pad_token_id=int(metadata["tokenizer.ggml.padding_token_id"]),
        tie_word_embeddings=True,
    )


def read_metadata(reader: Any) -> dict[str, Any]:
    """Return the fields of a `gguf.GGUFReader` that are single values."""
    return {name: field.contents() for name, field in reader.fields.items() if not name.startswith("tokenizer.ggml.t")}


def read_weights(reader: Any) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield name and float32 values of each weight of a `gguf.GGUFReader`, as `Gemma3TextModel` names them."""
    from gguf.quants import dequantize

    for tensor in reader.tensors:
        values = torch.from_numpy(np.array(dequantize(tensor.data, tensor.tensor_type), dtype=np.float32))
        name = transformers_name(tensor.name)
        # llama.cpp stores the factor of a norm; Gemma's is 1 + weight.
        yield name, values - 1 if name.endswith("norm.weight") else values


def transformers_name(gguf_name: str) -> str:
    """Return what transformers calls the weight `gguf_name`.

    >>> transformers_name("blk.3.ffn_up.weight")
    'layers.3.mlp.up_proj.weight'
    """
    if gguf_name in (whole_names := {"token_embd.weight": "embed_tokens.weight", "output_norm.weight": "norm.weight"}):
        return whole_names[gguf_name]
    _, number, layer_name, suffix = gguf_name.split(".")
    return f"layers.{number}.{_LAYER_NAMES[layer_name]}.{suffix}"


def read_tokenizer(reader: Any, chat_template: str, image_token: str) -> PreTrainedTokenizerFast:
    """Return the tokenizer of a `gguf.GGUFReader`.

    Args:
        reader: of the file.
        chat_template: how conversations are written.
        image_token: the piece that stands for a patch of a picture.
    """
    fields = reader.fields
    pieces = fields["tokenizer.ggml.tokens"].contents()
    piece_kinds = fields["tokenizer.ggml.token_type"].contents()
    scores = fields["tokenizer.ggml.scores"].contents()
    ranked_pieces = [
        piece
        for _, piece in sorted(
            (-score, piece)
            for piece, score, kind in zip(pieces, scores, piece_kinds, strict=True)
            if kind == _NORMAL and len(piece) > 1
        )
    ]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(
        models.BPE(
            vocabulary, merges_of(ranked_pieces, vocabulary), fuse_unk=True, byte_fallback=True, unk_token="<unk>"
        )
    )
    tokenizer.normalizer = normalizers.Replace(" ", SPACE)
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_tokens(
        [
            AddedToken(piece, normalized=False, special=kind != _USER_DEFINED)
            for piece, kind in zip(pieces, piece_kinds, strict=True)
            if kind not in (_NORMAL, _BYTE)
        ]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        unk_token="<unk>",
        chat_template=chat_template,
        extra_special_tokens={"image_token": image_token},
    )


def merges_of(ranked_pieces: Sequence[str], vocabulary: Mapping[str, int]) -> list[tuple[str, str]]:
    """Return the merges that lead to `ranked_pieces`, the best pieces first: every cut into two pieces that exist.

    >>> merges_of(["ab", "abc"], {"a": 0, "b": 1, "c": 2, "ab": 3, "abc": 4})
    [('a', 'b'), ('ab', 'c')]
    """
    merges = []
    for piece in ranked_pieces:
        cuts = [
            (piece[:place], piece[place:])
            for place in range(1, len(piece))
            if piece[:place] in vocabulary and piece[place:] in vocabulary
        ]
        merges.extend(sorted(cuts, key=lambda halves: (vocabulary[halves[0]], vocabulary[halves[1]])))
    return merges
