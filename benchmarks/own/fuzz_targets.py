"""The functions that see text or bytes of strangers, each as a target of the fuzzer.

Strangers are models (answers, proposals, programs), their programs (claims), servers (replies), and whatever became of
a run's files. What a target may raise is what its function documents. Begin at `all_targets`.
"""

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from ...envs import Environment, Item, Rejected, item_rng, list_environments, make
from ...envs.answers.kinds import KINDS
from ...envs.answers.scoring import Answer, score_answer
from ...envs.card import example_proposals
from ...envs.language.query import dump
from ...errors import UserError
from ...render import edit
from ...render.chart.pool import FigurePool
from ...render.drawing import kind_of
from ...render.outcome import InfrastructureError
from ...render.sandbox import claims, wire
from ...render.sandbox.layers import offered
from ...render.sandbox.pool import DrawJob, DrawnKind, claim_bytes, program_service
from ...render.sandbox.reader import reply_to
from ...render.sandbox.renderers import Renderer
from ...render.sandbox.service import checked
from ...render.svg.limits import SvgLimits
from ...render.svg.pool import rendered
from ...roles import coder, proposer
from ...train.config import RunConfig
from ...train.generators.endpoint import Endpoint
from ...train.generators.openai_compatible import OpenAICompatibleGenerator
from ...train.generators.replies import Checks, GeneratorError
from ...train.generators.transport import decode
from ...train.generators.vllm_server import VLLMServerGenerator
from ...train.models.completions import Prompt, Sampling
from ...train.runs.checksums import DamagedError, check_files, write_checksums
from ...train.runs.lock import running_owner
from ...train.runs.store import Run
from ..scoring import letters, numbers, open_answers, words
from .fuzz_mutations import Target, mutated_claim

REPLIES = (
    *("4", "There are four of them.", "Answer: 4", r"\boxed{4}", "<think>2 and 2</think>4", '{"answer": "4"}'),
    *("**(B)** because A is further", "The final answer is **red**.", "Yes, it does.", "No.", "1-A 2-B 3-C 4-D"),
    *(
        "about 3.5 cm, i.e. 35 mm",
        "$\\frac{1}{2}$ m²",
        "upper left",
        "B, D, A, C",
        "1,200.50",
        "twenty-one",
        "2 + 2 = 4",
    ),
    *('```json\n{"answer": 7}\n```', "```svg\n<svg/>\n```", "Sure!\n~~~python\nx = 1\n~~~\nDone.", "A > B > C", "三个"),
)
"""Replies in the manner of models."""
SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><style>.a{fill:hsl(9 9% 9%)}#b>g,rect:not(.c){
stroke:var(--x,red)}</style><defs><linearGradient id="l"><stop offset="0" stop-color="#f00"/><stop offset="1"/>
</linearGradient><clipPath id="c"><circle r="20"/></clipPath><pattern id="p" width="4" height="4"><rect width="2"
height="2"/></pattern><marker id="m"><path d="M0 0L3 3"/></marker></defs><g transform="translate(3,4)rotate(30 1 2)"
style="opacity:.5"><path class="a" d="M1 1h9v9q1-2 3-4a5 5 0 1 0 2,2zm3-1e1C1 2 3 4 5 6s1 1 2 2T9 9" fill-rule="evenodd"
stroke-dasharray="3 1.5" marker-end="url(#m)"/><polygon points="1,2 3.5-4 .5.5" fill="url(#l)" clip-path="url(#c)"/>
<text x="3" y="9 8" font-size="8">a<tspan dx="1">b</tspan></text><use href="#c"/><ellipse rx="3" fill="url(#p)"/></g>
</svg>"""
EDITS = "def edit(image, **params):\n    return image.rotate(90)"
CHARTS = (
    "import matplotlib.pyplot as plt\nplt.bar(['a', 'b'], [1, 2], label='x', hatch='/')\nplt.legend()\nplt.title('t')",
    "import matplotlib.pyplot as plt, numpy as np\nplt.imshow(np.eye(3))\nplt.colorbar()\nplt.plot([0, 2], [0, 2])",
    "import matplotlib.pyplot as plt\nplt.pie([1, 2], labels=['a', 'b'])\nplt.annotate('x', (0, 0), (1, 1), "
    "arrowprops={'arrowstyle': '->'})",
)
SOLIDS = (
    "import trimesh\nscene = trimesh.Scene()\n"
    "scene.add_geometry(trimesh.creation.box([1, 1, 1]), geom_name='red box')\n"
    "scene.add_geometry(trimesh.creation.icosphere(1), geom_name='ball')",
)
SIZE = 32
"""Pixels of a picture's side."""
CPU_S = 1.5
"""Processor time of the reader for one claim, below the fuzzer's."""


def _text(data: bytes) -> str:
    """Decode `data`; bytes that are no UTF-8 are lone surrogates, which replies of servers can hold as well."""
    return data.decode("utf-8", "surrogateescape")


def _word(outcome: Any) -> str:
    """Return an outcome in a word; what fails without a reason of the program's own is an error."""
    if isinstance(outcome, InfrastructureError):
        raise AssertionError(f"an infrastructure failure: {outcome}")
    return f"rejected {outcome.code:.20}" if isinstance(outcome, Rejected) else "accepted"


def _checked_word(message: Any, payload: memoryview, to_result: Callable[[Any, bytes], Any]) -> str:
    """Return the outcome of a reader's reply; its rejections are the reader's own words."""
    outcome = checked(message, bytes(payload), to_result)
    return type(outcome).__name__


# --- models --------------------------------------------------------------------------------------------------------


def _answer_targets() -> Iterator[Target]:
    options = {
        "choice": ("A", "B", "C"),
        "order": ("BADC", "ABCD"),
        "word": ("red", "blue"),
        "phrase": ("red box", "ball"),
    }
    values = {"yesno": "yes", "word": "red", "phrase": "red box", "name": "oak", "choice": "A", "order": "BADC"}
    for kind in KINDS:
        answer = Answer(
            values.get(kind, "up-left" if kind == "direction" else "4"),
            kind,
            options.get(kind, ()),
            measure="cm" if kind in ("decimal", "mra") else "",
        )

        def score(data: bytes, answer: Answer = answer) -> str:
            score = score_answer(answer, _text(data))
            return f"format {score.terms['format']:g}, correct {score.value:.1f}"

        yield Target(f"answer of kind {kind}", [reply.encode() for reply in REPLIES], score)


def _items(env: Environment) -> list[Item]:
    return [
        env.sample(item_rng(env.id, "dev", 22, number), task, env.difficulties[0])
        for number, task in enumerate(env.tasks)
    ][:6]


def _environment_targets() -> Iterator[Target]:
    """Queries and proposals of each environment; the Coder's replies, with programs of all of them."""
    programs: list[str] = [SVG, EDITS, *CHARTS, *SOLIDS]
    for env_id in list_environments():
        env = make(env_id)
        items = _items(env)
        programs += [item.program for item in items[:2] if item.program]
        queries = [json.dumps(item.question.query) for item in items]
        proposals = [example.to_json() for example in example_proposals(env, item_rng(env_id, "dev", 22, 0), 3)]
        proposals += [f"Here you go:\n```json\n{proposal}\n```" for proposal in (*proposals, *queries)[:1]]

        def propose(data: bytes, env: Environment = env) -> str:
            return _word(proposer.parse(env, _text(data)))

        def ask(data: bytes, env: Environment = env) -> str:
            query = env.parse(_text(data))
            if not isinstance(query, Rejected):
                # An accepted query can be written, named and checked like any other.
                json.dumps(dump(query))
                env.task_of(query)
            return _word(query)

        yield Target(f"proposal for {env_id}", [proposal.encode() for proposal in proposals], propose)
        yield Target(f"query of {env_id}", [query.encode() for query in queries], ask)

    def code(data: bytes) -> str:
        return kind_of(coder.parse(_text(data)))

    replies = [f"Sure!\n```python\n{program}\n```\nThis draws it." for program in programs]
    yield Target("program in a reply", [text[:8000].encode() for text in (*programs, *replies)], code)


SCORERS: Sequence[Callable[[str], object]] = (
    *(letters.at_start, letters.first_standing, letters.mmsi, letters.three_dsr, letters.spatialviz, letters.v_star),
    *(letters.multiple_choice, letters.mindcube, letters.core_cognition, letters.letter_set, letters.omni_spatial),
    *(
        numbers.fuzzy_word,
        numbers.spar_moves,
        words.boxed,
        words.stare_answer,
        words.last_closed_box,
        words.latex_value,
    ),
    *(words.arithmetic, words.yes_no),
    lambda reply: numbers.vsi_number(reply, 4.0),
    lambda reply: numbers.relaxed(reply, "4"),
    lambda reply: numbers.spar_match(reply, "4"),
    lambda reply: numbers.spar_number(reply, "4", of_last=True),
    lambda reply: letters.mmmu_choice(reply, ["red", "blue"], 0),
    lambda reply: letters.mm_star(reply, "A"),
    lambda reply: words.stare(reply, "A"),
    lambda reply: words.mathvision(reply, "4", ["4", "5"]),
    lambda reply: words.mathvista_extract(reply, ["red", "blue"], "text"),
    lambda reply: words.mm_zero(reply, "4"),
    lambda reply: open_answers.mmmu_open(reply, "4"),
)
"""Readers of replies to benchmarks' questions, as their authors read them."""


def _scorer_target() -> Target:
    def score(data: bytes) -> str:
        reply = _text(data)[:4000]
        return "".join("1" if scorer(reply) else "0" for scorer in SCORERS)[:8]

    return Target("reply to a benchmark", [reply.encode() for reply in REPLIES], score)


# --- programs and their claims -------------------------------------------------------------------------------------


def _svg_targets() -> Iterator[Target]:
    canvas = [item.program.encode() for item in _items(make("shapes/Canvas-v2")) if item.program]
    geometry = [item.program.encode() for item in _items(make("diagrams/Geometry-v1")) if item.program]
    settings = {"claim_limits": None, "cpu_s": CPU_S}
    request = json.dumps({"size": SIZE, "limits": asdict(SvgLimits())}).encode()

    def draw(data: bytes) -> str:
        # As the pool sends it, in UTF-8.
        text = _text(data)[: SvgLimits().max_bytes].encode("utf-8", "replace")
        return _drawn(reply_to(Renderer.SVG.drawing_module, request, text, settings))

    yield Target("SVG program", [SVG.encode(), *canvas, *geometry], draw)


def _drawn(reply: tuple[dict[str, Any], bytes]) -> str:
    """Return the outcome of a reader's `reply` in a word, and what was caught by its boundary with the exception."""
    message = reply[0]
    if "failed" in message:
        raise AssertionError(message["failed"])
    if "rejected" not in message:
        return "accepted"
    rejection = Rejected.from_dict(message["rejected"])
    cause = f" {rejection.reason.partition('(')[2].partition(':')[0]}" if rejection.code == "undrawable" else ""
    return f"rejected {rejection.code}{cause}"


def _claims_of(kind: DrawnKind[Any], programs: Sequence[str]) -> list[bytes]:
    """Run `programs` in the sandbox and return their claims."""
    jobs = [kind.packed(DrawJob(program, SIZE)) for program in programs]
    service = program_service(kind.program, kind.bounds, kind.limits, offered(), jobs[0])
    try:
        return [claim for claim in service.serve(jobs, claim_bytes) if isinstance(claim, bytes)]
    finally:
        service.close()


def _claim_targets(name: str, kind: DrawnKind[Any], programs: Sequence[str]) -> Iterator[Target]:
    """Target the reader of claims of `kind`, from those of `programs` on, and the parent that reads its replies."""
    request = json.dumps({"request": {"size": SIZE}}).encode()
    settings = {"claim_limits": list(kind.limits), "cpu_s": CPU_S}
    module = kind.drawing.drawing_module
    module.warm()
    good_claims = _claims_of(kind, programs)

    def draw(claim: bytes) -> str:
        return _drawn(reply_to(module, request, claim, settings))

    def read(reply: bytes) -> str:
        message, payload = claims.unpack_claim(reply, kind.limits)
        return _checked_word(message, payload, kind.to_result)

    good_replies = [wire.pack(*reply_to(module, request, claim, settings)) for claim in good_claims]
    yield Target(f"claim of a {name}", good_claims, draw, mutate=mutated_claim)
    errors = (ValueError, RecursionError, wire.WireError)
    yield Target(f"reply of the reader of a {name}", good_replies, read, errors, mutated_claim)


def _other_claim_targets() -> Iterator[Target]:
    limits = claims.ClaimLimits(10_000, 5_000, values=500)
    picture = wire.pack({"shape": [2, 3, 3]}, bytes(18))
    rejection = wire.pack(Rejected("error", "line 1: no", "mend it").as_message())

    def small(claim: bytes) -> str:
        outcome = claims.small_claim(claim, limits)
        if isinstance(outcome, Rejected):
            assert outcome.reason.isprintable() and outcome.hint.isprintable(), outcome
        return "large" if outcome is None else _word(outcome)

    def edited(claim: bytes) -> str:
        return _word(edit.picture_in({"claim": True}, claim))

    def svg(reply: bytes) -> str:
        message, payload = claims.unpack_claim(reply, claims.ClaimLimits(1 << 20, 1 << 24, 100_000))
        return _checked_word(message, payload, rendered)

    request = {"size": SIZE, "limits": asdict(SvgLimits())}
    good_svg = wire.pack(*Renderer.SVG.drawing_module.draw(request, SVG.encode()))
    yield Target("any claim", [picture, rejection], small, mutate=mutated_claim)
    yield Target("claim of an edit", [picture, rejection], edited, mutate=mutated_claim)
    errors = (ValueError, RecursionError, wire.WireError)
    yield Target("reply of the reader of an SVG program", [good_svg], svg, errors, mutated_claim)


# --- servers -------------------------------------------------------------------------------------------------------


class _SilentEndpoint(Endpoint):
    """An endpoint whose server says what it is told to say."""

    said = b""

    def _once(self, path: str, body: Any) -> bytes:
        return self.said


class _NumberTokenizer:
    """A tokenizer whose tokens are numbers."""

    def decode(self, token_ids: Sequence[int], **options: Any) -> str:
        return " ".join(map(str, token_ids))

    def convert_ids_to_tokens(self, token_id: int) -> str:
        return str(token_id)

    def __call__(self, text: str, **options: Any) -> dict[str, list[int]]:
        return {"input_ids": [int(word) for word in text.split()]}


def _server_targets() -> Iterator[Target]:
    endpoint = _SilentEndpoint(url="http://server", retries=0)
    messages = [{"role": "user", "content": [{"type": "text", "text": "1 2"}]}]
    prompts = [Prompt((1, 2), text="1 2", messages=messages)]
    choice = {"message": {"content": "hi"}, "finish_reason": "stop", "token_ids": [3, 0], "prompt_token_ids": [1, 2]}
    choice["logprobs"] = {"token_logprobs": [-0.1, -0.2]}
    good_replies = [json.dumps({"choices": [choice] * count}).encode() for count in (1, 2)]
    checks = Checks(_NumberTokenizer(), frozenset({5}), 9, 10, frozenset({0}))
    chat = OpenAICompatibleGenerator(endpoint, "m", ["solver"], concurrency=1)
    engine = VLLMServerGenerator(endpoint, checks, "m", adapters=False, concurrency=1)

    def told(generator: Any, count: int) -> Callable[[bytes], str]:
        def generate(reply: bytes) -> str:
            object.__setattr__(endpoint, "said", reply)
            (completions,) = generator.generate("solver", prompts, Sampling(max_new_tokens=4, n=count), 0)
            assert all(isinstance(completion.text, str) for completion in completions)
            return "accepted"

        return generate

    def parsed(reply: bytes) -> str:
        return type(decode(reply)).__name__

    yield Target("JSON of a server", good_replies, parsed, (ValueError,))
    yield Target("reply of a chat endpoint", good_replies, told(chat, 1), (GeneratorError,))
    yield Target("reply of a vLLM server", good_replies, told(engine, 2), (GeneratorError,))


# --- files of a run ------------------------------------------------------------------------------------------------


def _file_targets(folder: Path) -> Iterator[Target]:
    run = Run.create(folder / "run", RunConfig(steps=5))
    metrics = {
        "step": 1,
        "rejected": {"program/error": 2},
        "arms": {"shapes/count/0": 0.5},
        "items": 3,
        "time/learn": 1.0,
    }
    evaluation = {"overall": {"accuracy": 0.5, "blind": 0.2}, "kinds": {}, "tasks": {}, "writing": {}}
    lines = [b"".join(json.dumps(metrics | {"step": step}).encode() + b"\n" for step in (1, 2))]
    (run.folder / "checkpoint").mkdir()
    (run.folder / "checkpoint" / "weights").write_bytes(bytes(100))
    write_checksums(run.folder / "checkpoint")

    def written(name: str, read: Callable[[], object]) -> Callable[[bytes], str]:
        path = run.folder / name
        path.parent.mkdir(exist_ok=True)

        def reading(data: bytes) -> str:
            path.write_bytes(data)
            result = read()
            return "nothing" if not result else "something"

        return reading

    def target(name: str, inputs: Sequence[bytes], read: Callable[[], object], *errors: type[Exception]) -> Target:
        return Target(f"file {name}", inputs, written(name, read), errors)

    owner = json.dumps({"pid": 1, "host": "here", "since": "now"}).encode()
    sums = (run.folder / "checkpoint" / "checksums.json").read_bytes()
    yield target("metrics.jsonl", lines, run.metrics)
    yield target("rollouts/step_000001.jsonl", lines, lambda: run.rollouts(1))
    yield target("evaluations/x.json", [json.dumps(evaluation).encode()], lambda: run.evaluation("x"))
    yield target("run.lock", [owner], lambda: running_owner(run.folder))
    yield target(
        "checkpoint/checksums.json", [sums], lambda: check_files(run.folder / "checkpoint"), DamagedError, OSError
    )
    yield target("config.yaml", [RunConfig(steps=5).to_yaml().encode()], lambda: Run.open(run.folder), UserError)


@contextmanager
def all_targets() -> Iterator[list[Target]]:
    """Make every target, with a folder for those that read files."""
    from ...render.solid.pool import SolidPool

    np.seterr(all="ignore")
    Renderer.SVG.drawing_module.warm()
    with tempfile.TemporaryDirectory() as folder:
        yield [
            *_answer_targets(),
            *_environment_targets(),
            _scorer_target(),
            *_svg_targets(),
            *_claim_targets("chart", FigurePool.kind, CHARTS),
            *_claim_targets("3D program", SolidPool.kind, SOLIDS),
            *_other_claim_targets(),
            *_server_targets(),
            *_file_targets(Path(folder)),
        ]
