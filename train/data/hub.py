"""Sending a data set to the Hugging Face hub by `huggingface_hub`, with a dry run that sends nothing."""

from pathlib import Path
from typing import NamedTuple

from .make import RECORDS
from .plan import DataError

UNSENT_PATTERNS = (f"{RECORDS}/*", "parts/*")
"""What is of no use to readers: how far the data set is, and the parts of a list."""


class Upload(NamedTuple):
    """A file to send."""

    name: str
    size: int


def uploads(folder: Path) -> list[Upload]:
    """Return the files of the finished data set in `folder` that are sent, by name.

    Raises:
        DataError: the folder is not a finished data set.
    """
    if not (folder / RECORDS / "plan.json").is_file() or not (folder / "README.md").is_file():
        raise DataError(f"{folder} is not a finished data set; finish it with the `zerosight data make` that began it")
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    names = [(path.relative_to(folder).as_posix(), path.stat().st_size) for path in files]
    unsent_folders = tuple(pattern.removesuffix("*") for pattern in UNSENT_PATTERNS)
    return [Upload(name, size) for name, size in names if not name.startswith(unsent_folders)]


def push(folder: Path, repo_id: str, *, private: bool = True, token: str | None = None) -> str:
    """Send the data set in `folder` to the hub and return its address there.

    Args:
        folder: of a finished data set.
        repo_id: `NAME/DATASET`.
        private: whether only its owner sees it.
        token: of the hub; by default the one that `hf auth login` stored.

    Raises:
        DataError: the folder is not a data set, `huggingface_hub` is not installed, or the hub refuses.
    """
    uploads(folder)
    try:
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError
    except ModuleNotFoundError as error:
        raise DataError("huggingface_hub is not installed; run `pip install 'zerosight[data]'`") from error
    api = HfApi(token=token)
    try:
        api.create_repo(repo_id, repo_type="dataset", private=private, exist_ok=True)
        api.upload_folder(
            repo_id=repo_id, repo_type="dataset", folder_path=str(folder), ignore_patterns=list(UNSENT_PATTERNS)
        )
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise DataError(f"the hub did not take {repo_id}: {str(error).splitlines()[0]}") from error
    return f"https://huggingface.co/datasets/{repo_id}"
