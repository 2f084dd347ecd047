"""The pages' templates: whatever a model wrote reaches them through autoescaping alone."""

import base64
import hashlib
from pathlib import Path

from jinja2 import Environment as Templates
from jinja2 import FileSystemLoader, StrictUndefined, Template

from .charts import gain, is_known, percent

MAX_SHOWN_CHARS = 4_000


PAGES = Path(__file__).parent.parent / "pages"


def template(name: str, folder: Path = PAGES) -> Template:
    """A template of a folder, such as `report.html.j2`; it can include those of this package."""
    found = Templates(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FileSystemLoader([folder, PAGES]),
    )
    found.filters |= {"pct": percent, "points": gain, "clip": clip, "plain": plain, "csp": content_hash}
    found.tests["known"] = is_known
    return found.get_template(name)


def clip(text: str) -> str:
    """A text's beginning, where it is too long to be shown."""
    over = len(text) - MAX_SHOWN_CHARS
    return text if over <= 0 else f"{text[:MAX_SHOWN_CHARS]} … ({over} more characters)"


def plain(name: str) -> str:
    """A name in words."""
    return name.replace("_", " ")


def content_hash(text: str) -> str:
    """A script's name in a content security policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
