"""The pages' templates: text that a model wrote reaches them through autoescaping alone."""

import base64
import hashlib
from pathlib import Path

from jinja2 import Template

from ...envs.html import page_templates
from .charts import gain, is_known, percent

MAX_SHOWN_CHARS = 4_000


PAGES = Path(__file__).parent.parent / "pages"


def template(name: str, folder: Path = PAGES) -> Template:
    """Load the template called `name`, such as `report.html.j2`, of a `folder`; it can include this package's."""
    templates = page_templates(folder, PAGES)
    templates.filters |= {"pct": percent, "points": gain, "clip": clip, "plain": plain, "csp": content_hash}
    templates.tests["known"] = is_known
    return templates.get_template(name)


def clip(text: str) -> str:
    """Return the beginning of a `text` that is too long to be shown."""
    chars_over = len(text) - MAX_SHOWN_CHARS
    return text if chars_over <= 0 else f"{text[:MAX_SHOWN_CHARS]} … ({chars_over} more characters)"


def plain(name: str) -> str:
    """Write a `name` in words."""
    return name.replace("_", " ")


def content_hash(text: str) -> str:
    """Return the name of a script's `text` in a content security policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
