"""The rows of a benchmark: from the Hugging Face hub, or from a folder in the published layout."""

import base64
import binascii
import csv
import io
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
MAX_LISTED_NAMES = 6
"""Names that an error lists at most."""
DELIMITERS = {".tsv": "\t", ".csv": ","}


def reader_of(adapter: Adapter, data_folder: Path | None) -> RowReader:
    """Return the reader of `adapter`'s rows: the hub's where `data_folder` is None, else the folder's.

    Raises:
        BenchmarkDataError: the folder is not there.
    """
    reader: RowReader
    data_folder = adapter.folder or data_folder
    if data_folder is None or adapter.is_on_hub:
        reader = HubReader(adapter)
        reader.frame_count = adapter.frames
        return reader
    named_folder = data_folder / adapter.name
    folder = named_folder if named_folder.is_dir() else data_folder
    if not folder.is_dir():
        raise BenchmarkDataError(
            f"{adapter.name}: {folder} is no folder; give --data one with {adapter.dataset}'s files"
        )
    reader = FolderReader(adapter, folder)
    reader.frame_count = adapter.frames
    return reader


def questions(adapter: Adapter, data_folder: Path | None, limit: int | None = None) -> Iterator[Sample | BadRow]:
    """Read a benchmark's questions, from the hub or from a folder in the published layout.

    Args:
        adapter: the benchmark.
        data_folder: a folder of this benchmark, or one that has a folder of its name; None asks the hub.
        limit: questions at most.

    Raises:
        BenchmarkDataError: the data is not there, or lacks a column.
    """
    reader = reader_of(adapter, data_folder)
    for row_number, row in enumerate(reader.rows()):
        if limit is not None and row_number >= limit:
            return
        row = adapter.from_vlmevalkit(row) if adapter.from_vlmevalkit and {"index", "A", "B"} <= set(row) else row
        _require_columns(adapter, row, reader)
        try:
            yield adapter.read(reader, row)
        except BenchmarkDataError:
            # Of the data as a whole, not of this row.
            raise
        except (RowError, KeyError, ValueError, TypeError, OSError) as error:
            first_line = str(error).splitlines()[0] if str(error) else type(error).__name__
            yield BadRow(f"{adapter.name}/row{row_number}", f"row {row_number}: {first_line}")


def _require_columns(adapter: Adapter, row: Fields, reader: RowReader) -> None:
    missing_columns = [column for column in adapter.columns if column not in row]
    if missing_columns:
        remedy = (
            "pin the revision that this adapter was written for"
            if {"index", "A", "B"} - set(row)
            else "ask this VLMEvalKit table as it is with --dataset FILE"
        )
        raise BenchmarkDataError(
            f"{adapter.name}: {reader.where} has no column {', '.join(missing_columns)} (it has {', '.join(row)}); "
            f"give the published files of {adapter.dataset}, or {remedy}"
        )


class FileReader(RowReader):
    """A reader of rows and of files, from the hub or from a folder."""

    def image(self, cell: Any) -> Image | FileImage:
        """Return the picture in a table's `cell`; see `RowReader`."""
        if isinstance(cell, dict):
            cell = cell.get("bytes") or cell.get("path")
        if isinstance(cell, bytes | bytearray):
            return Image(bytes(cell))
        if not isinstance(cell, str) or not cell:
            raise RowError(f"no picture: {cell!r:.40}")
        if cell.lower().endswith(PICTURES):
            return self.file(cell)
        try:
            return Image(base64.b64decode(cell.partition("base64,")[2] or cell, validate=True))
        except (binascii.Error, ValueError) as error:
            raise RowError(f"neither a picture's file nor base64: {cell!r:.40}") from error


class FolderReader(FileReader):
    """Tables and files of a folder; files may also lie in zip files there."""

    def __init__(self, adapter: Adapter, folder: Path) -> None:
        self._adapter, self._folder = adapter, folder
        self.where = str(folder)

    def rows(self) -> Iterator[Fields]:
        """Yield the tables' rows, one table after another."""
        as_row = self._adapter.as_row
        for table in self.tables():
            for row in read_table(table, self._adapter.name):
                try:
                    yield row if as_row is None else as_row(table.stem, row)
                except RowError as error:
                    yield _Damaged(str(error))

    def tables(self) -> Sequence[Path]:
        """Return the tables: of the first pattern that is there, those of the split where names say splits.

        Raises:
            BenchmarkDataError: there is none.
        """
        for pattern in self._adapter.files:
            table_paths = sorted(path for path in self._folder.rglob(pattern) if self._is_table(path))
            split_paths = [path for path in table_paths if self._adapter.split in path.stem] or table_paths
            if split_paths:
                return split_paths
        raise BenchmarkDataError(
            f"{self._adapter.name}: no {' or '.join(self._adapter.files)} in {self._folder} ({self._content()}); "
            f"put the published files of {self._adapter.dataset} there"
        )

    def _is_table(self, path: Path) -> bool:
        return not path.name.startswith(".") and not any(word in path.stem.lower() for word in self._adapter.left_out)

    def _content(self) -> str:
        """Return in words what is in the folder instead of tables."""
        names = sorted(path.name for path in self._folder.iterdir() if not path.name.startswith("."))
        if not names:
            return "it is empty"
        return f"it has {', '.join(names[:MAX_LISTED_NAMES])}{', …' if len(names) > MAX_LISTED_NAMES else ''}"

    def file(self, file_name: str) -> Image | FileImage:
        """Return the file `file_name` by its path in the folder, in a folder of it, or in a zip file."""
        path = self._find(file_name)
        if path is not None:
            return FileImage(path)
        for archive, member in self._members(file_name):
            return Image(archive.read(member))
        raise RowError(f"no file {file_name} in {self._folder} or its zip files")

    def _find(self, file_name: str) -> Path | None:
        candidate_paths = [self._folder / file_name, *self._folder.glob(f"*/{file_name}")]
        data_root = self._folder.resolve()
        # What lies outside the folder is none of its files.
        return next(
            (path for path in candidate_paths if path.is_file() and path.resolve().is_relative_to(data_root)), None
        )

    def _members(self, file_name: str) -> Iterator[tuple[zipfile.ZipFile, str]]:
        """Yield where `file_name` is in zip files, by its path there or below any folder of it."""
        for archive in self._archives:
            for member in archive.namelist():
                if member == file_name or member.endswith(f"/{file_name}"):
                    yield archive, member

    @cached_property
    def _archives(self) -> list[zipfile.ZipFile]:
        return [zipfile.ZipFile(path) for path in sorted(self._folder.rglob("*.zip"))]

    def frames(self, film_name: str, frame_count: int) -> tuple[Any, ...]:
        """Return frames of the film `film_name`; a folder of frames beside it, or in its place, is preferred."""
        folder = (self._folder / film_name).with_suffix("")
        frame_paths = (
            sorted(path for path in folder.glob("*") if path.suffix.lower() in PICTURES) if folder.is_dir() else []
        )
        if frame_paths:
            return tuple(FileImage(frame_paths[frame_index]) for frame_index in evenly(len(frame_paths), frame_count))
        film_path = self._find(film_name)
        if film_path is not None:
            return tuple(VideoFrame(film_path, frame_number, frame_count) for frame_number in range(frame_count))
        for archive, member in self._members(film_name):
            archive_path = Path(str(archive.filename))
            return tuple(VideoFrame(archive_path, number, frame_count, member) for number in range(frame_count))
        raise RowError(f"neither the film {film_name} nor a folder of its frames is in {self._folder} or its zip files")


@dataclass(frozen=True)
class VideoFrame:
    """One of so many evenly spaced frames of a film, decoded when it is needed."""

    film: Path
    """The film's file, or the zip file that it is in."""
    number: int
    count: int
    member: str = ""
    """Its name in the zip file."""

    @property
    def digest(self) -> str:
        """The digest of the film's file, in a zip file its checksum there, and the frame's place."""
        film_digest = digest_of_member(self.film, self.member) if self.member else digest_of_file(self.film)
        return f"{film_digest}:{self.number}/{self.count}"

    def open(self) -> Images.Image:
        """Return its pixels; of a film with fewer frames the last one again.

        Raises:
            BenchmarkDataError: nothing here reads films.
            OSError: this one cannot be read.
        """
        frames = film_frames(self.film, self.count, self.member)
        return frames[min(self.number, len(frames) - 1)]


@lru_cache(maxsize=100_000)
def digest_of_member(archive_path: Path, member: str) -> str:
    """Return the name, checksum and size of `member` as the zip file at `archive_path` lists them."""
    with zipfile.ZipFile(archive_path) as archive:
        info = archive.getinfo(member)
    return f"{member}:{info.CRC:08x}:{info.file_size}"


def evenly(total_count: int, chosen_count: int) -> list[int]:
    """Return `chosen_count` of `total_count` places, evenly spaced, first and last among them, or all of fewer.

    >>> evenly(10, 4), evenly(2, 4), evenly(5, 1)
    ([0, 3, 6, 9], [0, 1], [0])
    """
    return (
        list(range(total_count))
        if total_count <= chosen_count
        else np.linspace(0, total_count - 1, chosen_count).round().astype(int).tolist()
    )


@lru_cache(maxsize=2)
def film_frames(film_path: Path, frame_count: int, member: str = "") -> tuple[Images.Image, ...]:
    """Return evenly spaced frames of a film; the films asked for last are kept.

    Args:
        film_path: its file, or the zip file that it is in.
        frame_count: how many.
        member: its name in the zip file.

    Raises:
        BenchmarkDataError: nothing here reads films.
        OSError: this one cannot be read, or has no frames.
    """
    name = member or film_path.name
    try:
        import av
    except ModuleNotFoundError as error:
        raise BenchmarkDataError(
            f"{name} is a film and nothing here reads films; run `pip install av`, or put its frames as "
            f"pictures into {film_path.with_suffix('')}"
        ) from error
    try:
        with av.open(_film_file(film_path, member)) as film:
            stream = film.streams.video[0]
            total_frames = stream.frames or sum(1 for _ in film.decode(video=0))
        frame_numbers = set(evenly(total_frames, frame_count))
        with av.open(_film_file(film_path, member)) as film:
            frame_images = [
                frame.to_image()
                for frame_number, frame in enumerate(film.decode(video=0))
                if frame_number in frame_numbers
            ]
    except (OSError, IndexError, zipfile.BadZipFile) as error:
        raise OSError(f"the film {name} cannot be read: {error}") from error
    if not frame_images:
        raise OSError(f"the film {name} has no frames")
    return tuple(frame_images)


def _film_file(film_path: Path, member: str) -> str | io.BytesIO:
    """Return what `av.open` takes: the path, or the bytes of `member` of the zip file there."""
    if not member:
        return str(film_path)
    with zipfile.ZipFile(film_path) as archive:
        return io.BytesIO(archive.read(member))


def read_table(table_path: Path, benchmark_name: str) -> Iterator[Fields]:
    """Yield a table's rows: parquet, JSON lines, JSON (a list, or an object of rows by id), or text
    separated by tabs or commas.

    Args:
        table_path: the file.
        benchmark_name: for the error.

    Raises:
        BenchmarkDataError: the file is damaged as a whole.
    """
    try:
        if table_path.suffix == ".parquet":
            import pyarrow.parquet as parquet

            with parquet.ParquetFile(table_path) as table:
                for batch in table.iter_batches(256):
                    yield from batch.to_pylist()
        elif table_path.suffix in DELIMITERS:
            csv.field_size_limit(sys.maxsize)  # pictures in base64 are long fields
            with table_path.open(encoding="utf-8-sig", newline="") as file:
                yield from csv.DictReader(file, delimiter=DELIMITERS[table_path.suffix])
        elif table_path.suffix == ".jsonl":
            with table_path.open(encoding="utf-8") as file:
                for line in file:
                    if line.strip():
                        yield _json_row(line)
        else:
            content = json.loads(table_path.read_text("utf-8"))
            yield from _keyed(content) if isinstance(content, dict) else content
    except (OSError, ValueError) as error:
        raise BenchmarkDataError(
            f"{benchmark_name}: {table_path} cannot be read ({str(error).splitlines()[0]:.120}); fetch the file again"
        ) from error


def _json_row(line: str) -> Fields:
    try:
        return json.loads(line)
    except ValueError as error:
        # One bad line is one bad row, told by what it is given instead of its columns.
        return _Damaged(f"the line is no JSON: {error}")


class _Damaged(dict[str, Any]):
    """A row that cannot be read: it has every column, and each says why."""

    def __init__(self, reason: str) -> None:
        super().__init__()
        self._reason = reason

    def __contains__(self, key: object) -> bool:
        return True

    def __missing__(self, key: str) -> Any:
        raise RowError(self._reason)

    def get(self, key: str, default: Any = None) -> Any:
        """As `[]`."""
        return self[key]


def _keyed(content: dict[str, Any]) -> Iterator[Fields]:
    """Yield the rows of `content`, an object by id, or those of the one list in it."""
    lists = [row for row in content.values() if isinstance(row, list)]
    if len(lists) == 1:
        yield from lists[0]
        return
    for row_id, row in content.items():
        if isinstance(row, dict):
            yield {"id": row_id} | row


class HubReader(FileReader):
    """Rows of the Hugging Face hub by the `datasets` library, pictures as bytes."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self.where = f"{adapter.dataset} on the hub"

    def rows(self) -> Iterator[Fields]:
        """Yield row after row of each configuration.

        Raises:
            BenchmarkDataError: the library is missing, or the hub does not give the data.
        """
        datasets = _datasets(self._adapter)
        for config_name in self._adapter.configs:
            try:
                hub_table = datasets.load_dataset(
                    self._adapter.dataset, config_name, split=self._adapter.split, revision=self._adapter.revision
                )
            except (OSError, ValueError) as error:
                # Of the hub's errors those of names and of the network are OSErrors, the library's own ValueErrors.
                raise BenchmarkDataError(
                    f"{self._adapter.name}: {self._adapter.dataset} cannot be loaded "
                    f"({str(error).splitlines()[0]:.150}); check the network and `hf auth login`, or download it "
                    "elsewhere and give its folder with --data"
                ) from error
            for column, feature in hub_table.features.items():
                if isinstance(feature, datasets.Image):
                    hub_table = hub_table.cast_column(column, datasets.Image(decode=False))
                elif isinstance(getattr(feature, "feature", None), datasets.Image):
                    hub_table = hub_table.cast_column(column, type(feature)(datasets.Image(decode=False)))
            yield from hub_table

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

    def file(self, file_name: str) -> Image | FileImage:
        """Return the file `file_name` of the repository, or of a zip file in it."""
        return FolderReader(self._adapter, self._snapshot).file(file_name)

    def frames(self, film_name: str, frame_count: int) -> tuple[Any, ...]:
        """Return frames of the film `film_name` in the repository or in a zip file of it."""
        return FolderReader(self._adapter, self._snapshot).frames(film_name, frame_count)


def _datasets(adapter: Adapter) -> Any:
    try:
        import datasets
    except ModuleNotFoundError as error:
        raise BenchmarkDataError(
            f"{adapter.name} is read from the hub by a library that is not installed: run `pip install datasets`, or "
            f"give --data a folder with the files of {adapter.dataset}"
        ) from error
    return datasets
