"""Where rows come from: the Hugging Face hub, or a folder in the published layout."""

import base64
import binascii
import csv
import json
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Images

from ..samples import BadRow, Fields, FileImage, Image, Sample, digest_of_file
from .base import Adapter, BenchmarkDataError, RowError, RowReader

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
FILMS = (".mp4", ".avi", ".mov", ".mkv", ".webm")


def reader_of(adapter: Adapter, root: Path | None) -> RowReader:
    """The hub's rows, or those of a folder.

    Raises:
        BenchmarkDataError: the folder is not there.
    """
    if root is None:
        return HubReader(adapter)
    own = root / adapter.name
    folder = own if own.is_dir() else root
    if not folder.is_dir():
        raise BenchmarkDataError(
            f"{adapter.name}: {folder} is no folder; give --data one with {adapter.dataset}'s files"
        )
    return FolderReader(adapter, folder)


def questions(adapter: Adapter, root: Path | None, limit: int | None = None) -> Iterator[Sample | BadRow]:
    """Read a benchmark's questions, from the hub or from a folder in the published layout.

    Args:
        adapter: the benchmark.
        root: a folder of this benchmark, or one that has a folder of its name; None asks the hub.
        limit: questions at most.

    Raises:
        BenchmarkDataError: the data is not there, or lacks a column.
    """
    reader = reader_of(adapter, root)
    for number, row in enumerate(reader.rows()):
        if limit is not None and number >= limit:
            return
        _require_columns(adapter, row, reader)
        try:
            yield adapter.read(reader, row)
        except (RowError, KeyError, ValueError, TypeError, OSError) as error:
            said = str(error).splitlines()[0] if str(error) else type(error).__name__
            yield BadRow(f"{adapter.name}/row{number}", f"row {number}: {said}")


def _require_columns(adapter: Adapter, row: Fields, reader: RowReader) -> None:
    missing = [column for column in adapter.columns if column not in row]
    if missing:
        raise BenchmarkDataError(
            f"{adapter.name}: {reader.where} has no column {', '.join(missing)} (it has {', '.join(row)}); give the "
            f"published files of {adapter.dataset}, or pin the revision that this adapter was written for"
        )


class FileReader(RowReader):
    """What both kinds share: how a value is a picture."""

    def image(self, value: Any) -> Image | FileImage:
        """See `RowReader`."""
        if isinstance(value, dict):
            value = value.get("bytes") or value.get("path")
        if isinstance(value, bytes | bytearray):
            return Image(bytes(value))
        if not isinstance(value, str) or not value:
            raise RowError(f"no picture: {value!r:.40}")
        if value.lower().endswith(PICTURES):
            return self.file(value)
        try:
            return Image(base64.b64decode(value.partition("base64,")[2] or value, validate=True))
        except (binascii.Error, ValueError) as error:
            raise RowError(f"neither a picture's file nor base64: {value!r:.40}") from error


class FolderReader(FileReader):
    """Tables and files of a folder; files may also lie in zip files there."""

    def __init__(self, adapter: Adapter, folder: Path) -> None:
        self._adapter, self._folder = adapter, folder
        self.where = str(folder)

    def rows(self) -> Iterator[Fields]:
        """The tables' rows, one table after another."""
        for table in self.tables():
            yield from read_table(table, self._adapter.name)

    def tables(self) -> Sequence[Path]:
        """The tables: of the first pattern that is there, those of the split where names say splits.

        Raises:
            BenchmarkDataError: there is none.
        """
        for pattern in self._adapter.files:
            found = sorted(path for path in self._folder.rglob(pattern) if not path.name.startswith("."))
            own = [path for path in found if self._adapter.split in path.stem] or found
            if own:
                return own
        raise BenchmarkDataError(
            f"{self._adapter.name}: no {' or '.join(self._adapter.files)} in {self._folder}; put the published files "
            f"of {self._adapter.dataset} there"
        )

    def file(self, name: str) -> Image | FileImage:
        """A file by its path in the folder, in a folder of it, or in a zip file."""
        found = self._find(name)
        if found is not None:
            return FileImage(found)
        for archive in self._archives:
            member = next((each for each in archive.namelist() if each == name or each.endswith(f"/{name}")), None)
            if member is not None:
                return Image(archive.read(member))
        raise RowError(f"no file {name} in {self._folder} or its zip files")

    def _find(self, name: str) -> Path | None:
        places = [self._folder / name, *self._folder.glob(f"*/{name}")]
        root = self._folder.resolve()
        # What lies outside the folder is none of its files.
        return next((path for path in places if path.is_file() and path.resolve().is_relative_to(root)), None)

    @cached_property
    def _archives(self) -> list[zipfile.ZipFile]:
        return [zipfile.ZipFile(path) for path in sorted(self._folder.rglob("*.zip"))]

    def frames(self, name: str, count: int) -> tuple[Any, ...]:
        """See `RowReader`; a folder of frames beside the film, or in its place, is preferred."""
        folder = (self._folder / name).with_suffix("")
        frames = sorted(path for path in folder.glob("*") if path.suffix.lower() in PICTURES) if folder.is_dir() else []
        if frames:
            return tuple(FileImage(frames[place]) for place in evenly(len(frames), count))
        film = self._find(name)
        if film is None:
            raise RowError(f"neither the film {name} nor a folder of its frames is in {self._folder}")
        return tuple(VideoFrame(film, number, count) for number in range(count))


@dataclass(frozen=True)
class VideoFrame:
    """One of so many evenly spaced frames of a film, decoded when it is needed."""

    film: Path
    number: int
    count: int

    @property
    def digest(self) -> str:
        """Of the film's file and the frame's place."""
        return f"{digest_of_file(self.film)}:{self.number}/{self.count}"

    def open(self) -> Images.Image:
        """Its pixels; of a film with fewer frames the last one again.

        Raises:
            BenchmarkDataError: nothing here reads films.
            OSError: this one cannot be read.
        """
        frames = film_frames(self.film, self.count)
        return frames[min(self.number, len(frames) - 1)]


def evenly(total: int, count: int) -> list[int]:
    """So many places of so many, evenly spaced, the first and the last among them; all where there are fewer.

    >>> evenly(10, 4), evenly(2, 4), evenly(5, 1)
    ([0, 3, 6, 9], [0, 1], [0])
    """
    return list(range(total)) if total <= count else np.linspace(0, total - 1, count).round().astype(int).tolist()


@lru_cache(maxsize=2)
def film_frames(path: Path, count: int) -> tuple[Images.Image, ...]:
    """Evenly spaced frames of a film's file; the films asked for last are kept.

    Raises:
        BenchmarkDataError: nothing here reads films.
        OSError: this one cannot be read, or has no frames.
    """
    try:
        import av
    except ModuleNotFoundError as error:
        raise BenchmarkDataError(
            f"{path.name} is a film and nothing here reads films; run `pip install av`, or put its frames as pictures "
            f"into {path.with_suffix('')}"
        ) from error
    try:
        with av.open(str(path)) as film:
            stream = film.streams.video[0]
            total = stream.frames or sum(1 for _ in film.decode(video=0))
        wanted = set(evenly(total, count))
        with av.open(str(path)) as film:
            shown = [frame.to_image() for n, frame in enumerate(film.decode(video=0)) if n in wanted]
    except (OSError, IndexError) as error:
        raise OSError(f"the film {path.name} cannot be read: {error}") from error
    if not shown:
        raise OSError(f"the film {path.name} has no frames")
    return tuple(shown)


def read_table(path: Path, name: str) -> Iterator[Fields]:
    """A table's rows: parquet, JSON lines, JSON (a list, or an object of rows by id), or tab-separated text.

    Raises:
        BenchmarkDataError: the file is damaged as a whole.
    """
    try:
        if path.suffix == ".parquet":
            import pyarrow.parquet as parquet

            with parquet.ParquetFile(path) as table:
                for batch in table.iter_batches(256):
                    yield from batch.to_pylist()
        elif path.suffix == ".tsv":
            csv.field_size_limit(sys.maxsize)  # pictures in base64 are long fields
            with path.open(encoding="utf-8", newline="") as file:
                yield from csv.DictReader(file, delimiter="\t")
        elif path.suffix == ".jsonl":
            with path.open(encoding="utf-8") as file:
                for line in file:
                    if line.strip():
                        yield _json_row(line)
        else:
            body = json.loads(path.read_text("utf-8"))
            yield from _keyed(body) if isinstance(body, dict) else body
    except (OSError, ValueError) as error:
        raise BenchmarkDataError(
            f"{name}: {path} cannot be read ({str(error).splitlines()[0]:.120}); fetch the file again"
        ) from error


def _json_row(line: str) -> Fields:
    try:
        return json.loads(line)
    except ValueError as error:
        # One bad line is one bad row, told by what it is given instead of its columns.
        return _Damaged(str(error))


class _Damaged(dict[str, Any]):
    """A row that is no JSON: it has every column, and each says that it cannot be read."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self._reason = reason

    def __contains__(self, key: object) -> bool:
        return True

    def __missing__(self, key: str) -> Any:
        raise RowError(f"the line is no JSON: {self._reason}")

    def get(self, key: str, default: Any = None) -> Any:
        """As `[]`."""
        return self[key]


def _keyed(body: dict[str, Any]) -> Iterator[Fields]:
    """Rows of an object by id, or of the one list in it."""
    lists = [value for value in body.values() if isinstance(value, list)]
    if len(lists) == 1:
        yield from lists[0]
        return
    for key, value in body.items():
        if isinstance(value, dict):
            yield {"id": key} | value


class HubReader(FileReader):
    """Rows of the Hugging Face hub by the `datasets` library, pictures as bytes."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self.where = f"{adapter.dataset} on the hub"

    def rows(self) -> Iterator[Fields]:
        """Row after row of each configuration.

        Raises:
            BenchmarkDataError: the library is missing, or the hub does not give the data.
        """
        datasets = _datasets(self._adapter)
        for config in self._adapter.configs:
            try:
                table = datasets.load_dataset(
                    self._adapter.dataset, config, split=self._adapter.split, revision=self._adapter.revision
                )
            except (OSError, ValueError) as error:
                # Of the hub's errors those of names and of the network are OSErrors, the library's own ValueErrors.
                raise BenchmarkDataError(
                    f"{self._adapter.name}: {self._adapter.dataset} cannot be loaded "
                    f"({str(error).splitlines()[0]:.150}); check the network and `hf auth login`, or download it "
                    "elsewhere and give its folder with --data"
                ) from error
            for column, feature in table.features.items():
                if isinstance(feature, datasets.Image):
                    table = table.cast_column(column, datasets.Image(decode=False))
                elif isinstance(getattr(feature, "feature", None), datasets.Image):
                    table = table.cast_column(column, type(feature)(datasets.Image(decode=False)))
            yield from table

    @cached_property
    def _snapshot(self) -> Path:
        from huggingface_hub import snapshot_download

        try:
            return Path(snapshot_download(self._adapter.dataset, repo_type="dataset", revision=self._adapter.revision))
        except (OSError, ValueError) as error:
            raise BenchmarkDataError(
                f"{self._adapter.name}: the files of {self._adapter.dataset} cannot be downloaded "
                f"({str(error).splitlines()[0]:.150}); download them elsewhere and give their folder with --data"
            ) from error

    def file(self, name: str) -> Image | FileImage:
        """A file of the repository, or of a zip file in it."""
        return FolderReader(self._adapter, self._snapshot).file(name)

    def frames(self, name: str, count: int) -> tuple[Any, ...]:
        """Of a film in the repository; those in zip files are to be unpacked first."""
        return FolderReader(self._adapter, self._snapshot).frames(name, count)


def _datasets(adapter: Adapter) -> Any:
    try:
        import datasets
    except ModuleNotFoundError as error:
        raise BenchmarkDataError(
            f"{adapter.name} is read from the hub by a library that is not installed: run `pip install datasets`, or "
            f"give --data a folder with the files of {adapter.dataset}"
        ) from error
    return datasets
