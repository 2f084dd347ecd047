"""HTML pages: every page of the project has one base template and one style, and shows text through autoescaping alone.

The templates `_page.html.j2` (extend it) and `_style.html.j2` are in `pages/`, beside the gallery's own.
"""

from pathlib import Path

from jinja2 import Environment as Templates
from jinja2 import FileSystemLoader, StrictUndefined

PAGES = Path(__file__).parent / "pages"


def page_templates(*folders: Path) -> Templates:
    """Return the templates in `folders`, which can extend and include those in `PAGES`."""
    return Templates(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FileSystemLoader([*folders, PAGES]),
    )
