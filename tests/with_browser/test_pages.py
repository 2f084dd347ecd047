"""The live page and the report in a real headless Chromium, beside a real short run: `make test-pages`.

Screenshots of every page, at 1,400 and 390 px, light and dark, are left in `build/pages/`, to be looked at.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from zerosight.train.live.server import LiveServer

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if find_spec("playwright") is None or find_spec("axe_core_python") is None or CHROMIUM is None:
    pytest.skip("needs Chromium, playwright and axe: make test-pages", allow_module_level=True)

from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402 - after the check that it is here

SHOTS = Path(__file__).parent.parent.parent / "build" / "pages"
STEPS = 8
OPTIONS = [
    f"steps={STEPS}", "evaluation.heldout_items=30", "evaluation.coding_briefings=4", "rollout.num_briefings=2",
    "rollout.items_per_step=24", "checkpoint_every=4",
]  # fmt: skip
SIZES = [(1400, "light"), (1400, "dark"), (390, "light"), (390, "dark")]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, "subprocess.Popen[str]"]]:
    """A real run that is under way."""
    run = tmp_path_factory.mktemp("runs") / "short"
    settings = [part for option in OPTIONS for part in ("--set", option)]
    command = [sys.executable, "-m", "zerosight.cli", "evolve", *settings, "--out", str(run), "--threads", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            while not (run / "metrics.jsonl").exists():
                assert process.poll() is None, process.stdout and process.stdout.read()
                try:
                    process.wait(timeout=1)
                except subprocess.TimeoutExpired:
                    continue
            yield run, process
        finally:
            process.terminate()


def opened(browser: Browser, url: str, width: int = 1400, scheme: Any = "light", **options: Any) -> Page:
    """A page whose messages are collected in `page.problems`."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(url)
    page.problems = problems  # type: ignore[attr-defined]
    return page


def path_of(page: Page, chart: str) -> str:
    return page.locator(f"figure[data-chart='{chart}'] path.line:not(.raw)").first.get_attribute("d") or ""


def test_curves_move_while_the_run_goes_on_and_values_show(
    browser: Browser, session: tuple[Path, "subprocess.Popen[str]"]
) -> None:
    run, process = session
    with LiveServer([run], 0) as server:
        page = opened(browser, server.url)
        page.wait_for_selector("figure[data-chart='entropy'] path.line", state="attached", timeout=120_000)
        before = path_of(page, "entropy")
        assert "left" in page.locator(".phase").first.inner_text()
        page.wait_for_function(
            "before => document.querySelector(\"figure[data-chart='entropy'] path.line:not(.raw)\").getAttribute('d')"
            " !== before",
            arg=before, timeout=400_000,
        )  # fmt: skip
        page.hover("figure[data-chart='entropy'] svg")
        assert "at step" in page.locator("figure[data-chart='entropy'] .legend").inner_text()
        process.wait(timeout=500)
        page.wait_for_function("document.querySelector('.phase').textContent.startsWith('finished')", timeout=30_000)
        assert "not measured" not in page.locator("#heldout-table").inner_text()
        assert page.problems == []  # type: ignore[attr-defined]


def test_filters_filter(browser: Browser, session: tuple[Path, "subprocess.Popen[str]"]) -> None:
    run, process = session
    process.wait(timeout=500)
    with LiveServer([run], 0) as server:
        page = opened(browser, server.url)
        page.wait_for_selector("#cards article")
        count = page.locator("#cards article").count()
        page.select_option("#gallery-filter [name=solved]", "never")
        assert page.locator("#cards article").count() < count
        assert all("0 % right" in text for text in page.locator("#cards article").all_inner_texts())
        page.select_option("#gallery-filter [name=solved]", "")
        assert page.locator("#cards article").count() == count
        rows = page.locator("#refused-table tbody tr").count()
        page.select_option("#refused-kind", "question")
        texts = page.locator("#refused-table tbody th").all_inner_texts()
        assert 0 < len(texts) <= rows and all(text.startswith("question") for text in texts)


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_every_page_fits_and_axe_finds_nothing_serious(
    browser: Browser, session: tuple[Path, "subprocess.Popen[str]"], width: int, scheme: str
) -> None:
    import axe_core_python

    run, process = session
    process.wait(timeout=500)
    other = run.with_name("other")
    if not other.exists():
        shutil.copytree(run, other)
    axe = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text()
    SHOTS.mkdir(parents=True, exist_ok=True)
    with LiveServer([run], 0) as one, LiveServer([run, other], 0) as two:
        addresses = {"live": one.url, "two": two.url, "report": (run / "report.html").as_uri()}
        for name, url in addresses.items():
            page = opened(browser, url, width, scheme)
            page.wait_for_selector("article img")
            page.wait_for_timeout(1500)
            page.screenshot(path=SHOTS / f"{name}-{width}-{scheme}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            assert page.problems == [], name  # type: ignore[attr-defined]
            # The page's own policy lets no other script in.
            checked = opened(browser, url, width, scheme, bypass_csp=True)
            checked.wait_for_selector("article img")
            checked.evaluate(axe)
            violations = checked.evaluate("axe.run()")["violations"]
            serious = [(v["id"], v["nodes"][0]["html"]) for v in violations if v["impact"] in ("serious", "critical")]
            assert serious == [], name
            page.context.close()
            checked.context.close()
