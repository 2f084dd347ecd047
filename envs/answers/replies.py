"""Replies of models: thinking taken away, and the claims, the JSON object or the program that they hold found.

One reader for all roles. Instruct models wrap what they are asked for in thinking, prose, fences, tags and boxes; this
module finds it and leaves its meaning to the caller (`scoring.py` reads claims, the roles read proposals and programs).
Everything here takes time linear in the text, whatever the text: it is written by a model and of any length.
"""

import json
import re
from typing import Any, NamedTuple

THINK_TAGS = ("think", "thinking", "thought", "thoughts", "reasoning", "reflection", "scratchpad")
"""Tags that models think in; Kimi writes its own as `◁think▷`."""
ANSWER_TAGS = ("answer", "final_answer", "finalanswer")

_TAG = re.compile(r"[<◁]\s?(/?)\s?([A-Za-z_]{1,20})\s?[>▷]")
_GLM_BOX = ("<|begin_of_box|>", "<|end_of_box|>")
"""How GLM-V marks its answer."""
_FINAL_CHANNEL = re.compile(r"<\|channel\|>\s?final\s?<\|message\|>")
"""How models of the harmony format mark what is not thinking."""
_FENCE = re.compile(r"^[ \t]{0,8}(```+|~~~+)[ \t]*([^\s`]*)[^\n]*$", re.MULTILINE)


class CodeBlock(NamedTuple):
    """A fenced block of a reply."""

    label: str
    """What stands behind the opening fence, in lower case: `svg`, `python`, `json` or nothing."""
    text: str


def without_thinking(text: str) -> str:
    """Return what a reply says once its thinking is over; "" where it never stops thinking.

    >>> without_thinking("<think>one, two</think> 2"), without_thinking("one, two</think> 2")
    (' 2', ' 2')
    >>> without_thinking("<think>one, two, thr")
    ''
    """
    final_marks = list(_FINAL_CHANNEL.finditer(text))
    if final_marks:
        text = text[final_marks[-1].end() :].partition("<|")[0]
    kept_from, thinking_start = 0, -1
    spoken_pieces: list[str] = []
    for tag in _TAG.finditer(text):
        if tag[2].lower() not in THINK_TAGS:
            continue
        if not tag[1]:
            if thinking_start < 0:
                spoken_pieces.append(text[kept_from : tag.start()])
                thinking_start = tag.start()
        else:
            if thinking_start < 0:
                # The chat template had opened it: all before is thinking.
                spoken_pieces = []
            kept_from, thinking_start = tag.end(), -1
    if thinking_start < 0:
        spoken_pieces.append(text[kept_from:])
    return "".join(spoken_pieces)


def tagged_claims(text: str) -> list[str]:
    r"""List what stands in `<answer>` tags, in GLM's box and in `\boxed{}`, in order.

    >>> tagged_claims(r"so <answer>3</answer>, that is \boxed{\frac{6}{2}}")
    ['3', '\\frac{6}{2}']
    """
    claims: list[tuple[int, str]] = []
    open_tag: tuple[int, int] | None = None
    for tag in _TAG.finditer(text):
        if tag[2].lower() not in ANSWER_TAGS:
            continue
        if not tag[1]:
            open_tag = (tag.start(), tag.end())
        elif open_tag is not None:
            claims.append((open_tag[0], text[open_tag[1] : tag.start()]))
            open_tag = None
    if open_tag is not None:
        # A sampler that stops at `</answer>` leaves it out.
        claims.append((open_tag[0], text[open_tag[1] :]))
    head_text, *boxed_pieces = text.split(_GLM_BOX[0])
    piece_start = len(head_text)
    for piece in boxed_pieces:
        if _GLM_BOX[1] in piece:
            claims.append((piece_start, piece.partition(_GLM_BOX[1])[0]))
        piece_start += len(piece) + len(_GLM_BOX[0])
    return [claim for _, claim in sorted(claims + boxed_claims(text))]


def boxed_claims(text: str) -> list[tuple[int, str]]:
    r"""List the places and contents of each outermost `\boxed{}` or `\fbox{}` of `text`, braces within it matched."""
    claims: list[tuple[int, str]] = []
    last_end = 0
    for opening in re.finditer(r"\\(?:boxed|fbox)\s?\{", text):
        if opening.start() < last_end:
            continue
        depth = 1
        for position in range(opening.end(), len(text)):
            char = text[position]
            depth += (char == "{") - (char == "}")
            if not depth:
                claims.append((opening.start(), text[opening.end() : position]))
                last_end = position
                break
        else:
            # Never closed: no later box of this text can be, and to look would be quadratic.
            break
    return claims


def object_text(text: str) -> str:
    """Return the text of a reply's last complete JSON object, or all that it says where there is none.

    >>> object_text('Here: {"ask": 1} Enjoy!')
    '{"ask": 1}'
    """
    spoken_text = without_thinking(text)
    spans = object_spans(spoken_text)
    return spoken_text[slice(*spans[-1])] if spans else spoken_text.strip()


def last_object(text: str) -> Any:
    r"""Return the last complete JSON object of a reply, decoded; None where there is none.

    Prose, fences and thinking around it are ignored. An object within another does not count by itself.

    >>> last_object('Sure! ```json\n{"ask": ["count", {"a": 1}]}\n``` I hope this helps.')
    {'ask': ['count', {'a': 1}]}
    """
    spoken_text = without_thinking(text)
    for start, end in reversed(object_spans(spoken_text)):
        try:
            decoded_object = json.loads(spoken_text[start:end])
        except (ValueError, RecursionError):
            continue
        if isinstance(decoded_object, dict):
            return decoded_object
        break
    return None


def object_spans(text: str) -> list[tuple[int, int]]:
    """List where the outermost balanced `{…}` of `text` begin and end; quoted braces within them do not count."""
    spans: list[tuple[int, int]] = []
    open_starts: list[int] = []
    position, length = 0, len(text)
    while position < length:
        char = text[position]
        if char == '"' and open_starts:
            string_end = _end_of_string(text, position)
            if string_end < 0:
                break
            position = string_end
        elif char == "{":
            open_starts.append(position)
        elif char == "}" and open_starts:
            start = open_starts.pop()
            while spans and spans[-1][0] > start:
                spans.pop()
            spans.append((start, position + 1))
        position += 1
    return spans


def _end_of_string(text: str, start: int) -> int:
    """Return where the string that opens at `start` closes; -1 where it does not."""
    position = start + 1
    while position < len(text):
        if text[position] == "\\":
            position += 1
        elif text[position] == '"':
            return position
        position += 1
    return -1


def code_blocks(text: str) -> list[CodeBlock]:
    r"""List the closed fenced blocks of a reply, thinking taken away.

    >>> code_blocks("Here:\n```SVG\n<svg/>\n```\nDone.")
    [CodeBlock(label='svg', text='<svg/>')]
    """
    text = without_thinking(text)
    blocks: list[CodeBlock] = []
    opening: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opening is None:
            opening = fence
        elif fence[1][0] == opening[1][0] and len(fence[1]) >= len(opening[1]) and not fence[2]:
            blocks.append(CodeBlock(opening[2].lower(), text[opening.end() + 1 : fence.start()].rstrip("\n")))
            opening = None
    if opening is not None and text[opening.end() + 1 :].strip():
        # Cut off, or never closed: what is there is all there is.
        blocks.append(CodeBlock(opening[2].lower(), text[opening.end() + 1 :].strip("\n")))
    return blocks


def program_text(text: str) -> str:
    r"""Return the program that a reply `text` holds: its last fenced block, an `<svg>` between sentences, or all of it.

    >>> program_text("Here you are:\n<svg viewBox='0 0 8 8'><rect/></svg>\nA square.")
    "<svg viewBox='0 0 8 8'><rect/></svg>"
    """
    blocks = code_blocks(text)
    bare_text = (blocks[-1].text if blocks else without_thinking(text)).strip()
    svg_start, svg_end = bare_text.find("<svg"), bare_text.rfind("</svg>")
    if 0 <= svg_start < svg_end:
        return bare_text[svg_start : svg_end + len("</svg>")]
    return bare_text
