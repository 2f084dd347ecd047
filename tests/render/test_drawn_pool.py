"""Pools of two processes: a program's claim is drawn by a trusted reader, whatever becomes of either.

The programs are edits, whose pixels are the bytes of an SVG text; the reader is that of the SVG pool.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from zoo import ZOO, svg

from zerosight.render import InfrastructureError, Rejected, RenderedSvg, SvgLimits, rasterise, resolve_svg
from zerosight.render.sandbox.claims import ClaimLimits
from zerosight.render.sandbox.pool import MAX_PROGRAM, Bounds, DrawJob, DrawnKind, DrawnPool
from zerosight.render.sandbox.renderers import Renderer
from zerosight.render.svg.pool import rendered

LOOSE = SvgLimits(max_crossings=10**9)
TANGLE = svg(
    '<path d="M0 0' + "".join(f"L{(37 * i * i) % 64} {(23 * i * i + 5 * i) % 64}" for i in range(2800)) + 'Z"/>'
)
"""Under `LOOSE`, a drawing that keeps GEOS busy for many seconds."""


def writing(text: str) -> str:
    """A program that hands back this text as pixels."""
    data = text.encode()
    rows = -(-len(data) // 768)
    return (
        f"import numpy as np\nDATA = {data.ljust(768 * rows)!r}\n"
        f"def edit(image):\n    return np.frombuffer(DATA, np.uint8).reshape({rows}, 256, 3)"
    )


GOOD = ZOO["shapes"]
SHORT = [text for text in ZOO.values() if len(text) < 10_000]


def text_kind(limits: SvgLimits = SvgLimits(), to_result: Callable[[Any, bytes], Any] = rendered) -> DrawnKind[Any]:  # noqa: B008
    """Programs that hand back SVG as pixels, which only the reader may parse."""

    def drawing_request(job: DrawJob) -> Mapping[str, Any]:
        return {"size": job.size, "limits": asdict(limits)}

    return DrawnKind(
        program=Renderer.EDIT,
        drawing=Renderer.SVG,
        limits=ClaimLimits(20_000, 1 << 20, values=20_000),
        bounds=Bounds(wall_s=5.0, cpu_s=1.0, memory_mb=256),
        known_good=writing(GOOD),
        to_result=to_result,
        to_program_request=lambda job: ({"program": job.program, "shape": [1, 1, 3], "params": {}}, b"xyz"),
        to_drawing_request=drawing_request,
    )


class TextPool(DrawnPool[RenderedSvg]):
    """Programs that hand back SVG as pixels."""

    kind = text_kind()


class LoosePool(TextPool):
    kind = text_kind(LOOSE)


@pytest.fixture(scope="module")
def pool() -> Iterator[TextPool]:
    with TextPool() as made:
        yield made


def same(outcome: object, text: str, size: int = 64) -> bool:
    expected = resolve_svg(text)
    if isinstance(expected, Rejected):
        return outcome == expected
    assert isinstance(outcome, RenderedSvg), outcome
    return outcome.scene == expected and np.array_equal(outcome.picture.array, rasterise(expected, size).array)


@pytest.mark.parametrize("workers", [1, 2])
def test_claims_are_drawn_in_order(workers: int) -> None:
    texts = [*SHORT, svg("<image/>"), "no svg"] * 2
    with TextPool(workers) as many:
        outcomes = many.run([writing(text) for text in texts], 40)
        assert len(many.pids) == 2 * workers
    assert all(same(outcome, text, 40) for outcome, text in zip(outcomes, texts, strict=True))


def test_rejections_of_programs_and_of_claims_stay_apart(pool: TextPool) -> None:
    programs = ["x = 1\nx.y", writing(GOOD), "#" * (MAX_PROGRAM + 1), writing("<svg"), writing(GOOD)]
    outcomes = pool.run(programs, 64)
    codes = [outcome.code if isinstance(outcome, Rejected) else "" for outcome in outcomes]
    assert codes == ["error", "", "size", "xml", ""]
    assert same(outcomes[1], GOOD) and same(outcomes[4], GOOD)


def test_no_programs_start_nothing() -> None:
    with TextPool() as idle:
        assert idle.run([], 64) == []
        assert idle.pids == []


def test_programs_that_claim_nothing_need_no_reader() -> None:
    with TextPool() as half:
        half.run(["x ="], 64)
        assert len(half.pids) == 1


@pytest.mark.sandbox
@pytest.mark.parametrize("depth", [300, 900, 990, 995, 1000, 5000])
def test_deeply_nested_claims_are_the_programs_fault(depth: int, pool: TextPool) -> None:
    forge = (
        f"import os\nbody = b'[' * {depth} + b']' * {depth}\nbody = b'{{\"shape\":' + body + b'}}'\n"
        "os.write(3, len(body).to_bytes(4, 'little') + bytes(4) + body)\nos._exit(0)"
    )
    pids = pool.run([writing(GOOD)], 64) and pool.pids
    (outcome,) = pool.run([forge], 64)
    assert isinstance(outcome, Rejected), outcome
    assert pool.pids == pids


@pytest.mark.sandbox
def test_a_claim_that_takes_for_ever_to_draw_is_rejected() -> None:
    with LoosePool(wall_s=2.0, cpu_s=0.3) as short:
        before, greedy, after = short.run([writing(GOOD), writing(TANGLE), writing(GOOD)], 64)
    assert isinstance(greedy, Rejected) and greedy.code == "resources", greedy
    assert same(before, GOOD) and same(after, GOOD)


@pytest.mark.parametrize("which", [0, 1], ids=["program worker", "reader"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_process_lost_in_mid_batch_is_replaced(which: int, number: signal.Signals) -> None:
    texts = SHORT * 6
    programs = [writing(text) for text in texts]
    outcomes: list[object] = []
    with TextPool(wall_s=1.0) as pool:
        pool._slots[0].services[which]._timeout_s = 1.5
        pool.run(programs[:1], 64)
        first = pool.pids
        thread = threading.Thread(target=lambda: outcomes.extend(pool.run(programs, 64)))
        thread.start()
        time.sleep(0.2)
        os.kill(first[which], number)
        thread.join(60)
        assert not thread.is_alive()
        assert pool.pids[which] != first[which] and pool.pids[1 - which] == first[1 - which]
    assert all(same(outcome, text) for outcome, text in zip(outcomes, texts, strict=True))


def test_a_reader_that_never_starts_is_an_infrastructure_error() -> None:
    with TextPool() as pool:
        pool._slots[0].services[1]._module = "no_such_module"
        found = pool.run([writing(GOOD), "x ="], 64)
    assert isinstance(found[0], InfrastructureError) and "does not start" in str(found[0])
    assert isinstance(found[1], Rejected)


def test_a_reply_that_is_malformed_for_every_program_is_our_failure() -> None:
    def broken(message: Any, payload: bytes) -> RenderedSvg:
        raise KeyError("scene")

    class BrokenPool(TextPool):
        kind = text_kind(to_result=broken)

    with BrokenPool() as pool:
        (found,) = pool.run([writing(GOOD)], 64)
    assert isinstance(found, InfrastructureError) and "malformed" in str(found)


def test_a_reply_that_is_malformed_for_one_program_is_the_programs_fault() -> None:
    odd = svg('<rect x="1" y="1" width="7" height="9" fill="#123456"/>')

    def choosy(message: Any, payload: bytes) -> RenderedSvg:
        outcome = rendered(message, payload)
        if outcome.scene == resolve_svg(odd):
            raise ValueError("a reader's reply that only this program brings about")
        return outcome

    class ChoosyPool(TextPool):
        kind = text_kind(to_result=choosy)

    with ChoosyPool() as pool:
        before, found, after = pool.run([writing(GOOD), writing(odd), writing(GOOD)], 64)
    assert isinstance(found, Rejected) and found.code == "crash", found
    assert same(before, GOOD) and same(after, GOOD)
