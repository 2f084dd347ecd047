"""Rooms that were scanned: the same questions about ScanNet, ScanNet++ and ARKitScenes, read from a folder.

An item's program names the scan and its frames: `scan scene0000_00 0.jpg 20.jpg`. The same folder gives the same items.
"""

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from ...geometry import RoomScene
from ...render import InfrastructureError, Picture, Rejected
from ...render.drawing import Drawn, Pools
from ..core import Briefing, FolderError, Item, Requirement, Truth
from ..language.query import Call
from ..rng import SeededRng
from ..scans import Scan, ScanError, list_scans, open_scan
from .asking import blind_query, drawn_queries
from .surroundings import REGIONS, Surroundings
from .world import FRAMES, LEVELS, RoomWorld

MAX_SIDE = 448
"""Pixels: larger pictures are scaled down to this."""
_STRIDES = (20, 5, 1)
"""Every so many frames are read; fewer are left out of scans that have few."""
_FEWEST = 2 * FRAMES
_ROOMS, _PICKY = 80, 10
USUAL = tuple(sorted(set().union(*REGIONS.values())))
"""Categories that questions name before anything is known of a scan."""


@lru_cache(maxsize=8)
def read_scan(folder: Path) -> Scan:
    """Read the scan in a `folder`: every twentieth of its frames, or more where it has few.

    Raises:
        ScanError: a file is missing or malformed; it names the file.
    """
    scan = open_scan(folder, frames=_STRIDES[0], max_side=MAX_SIDE)
    for stride in _STRIDES[1:]:
        if len(scan.frames) >= _FEWEST:
            break
        scan = open_scan(folder, frames=stride, max_side=MAX_SIDE)
    return scan


class ScannedRooms(RoomWorld):
    """A folder of scans as an environment.

    Args:
        env_id: its id, which ends in the folder.
        root: the folder, of one scene or of many.

    Raises:
        FolderError: there is no scan in it.
    """

    difficulties = tuple(LEVELS)
    words = USUAL
    example = '["absolute_distance", ["thing", "table"], ["thing", "bed"]]'
    guide = "Name a scan and its frames: scan scene0000_00 0.jpg 20.jpg"
    renderer = "solid"

    def __init__(self, env_id: str, root: Path) -> None:
        self.id, root = env_id, Path(os.path.abspath(root))
        folders = list_scans(root)
        if not folders:
            raise FolderError(f"{root} holds no scene of ScanNet, ScanNet++ or ARKitScenes in its published layout")
        self.unusable: dict[str, str] = {}
        """By scan, the error of each that could not be read and is left out."""
        self._folders = {str(folder.relative_to(root)) if folder != root else folder.name: folder for folder in folders}

    def briefing(self, rng: SeededRng, task: str, difficulty: int) -> Briefing:
        """Return a briefing of a `task`; how many objects stand in a scan is not to be chosen."""
        return Briefing(task, difficulty, LEVELS[difficulty][0])

    def query(self, rng: SeededRng, task: str) -> Call:
        """Draw a query of the `task` about usual objects."""
        return blind_query(rng, task, USUAL, FRAMES)

    def sample(self, rng: SeededRng, task: str, difficulty: int) -> Item:
        """Try scans, frames and questions of a `task` in turn until one has the wanted answer.

        Raises:
            FolderError: no question was found, as where no room has so many objects.
        """
        answer_options = self.tasks[task].options
        wanted_answer = rng.choice(answer_options) if answer_options else None
        scan_names = sorted(self._folders)
        for try_index in range(_ROOMS):
            try_rng = rng.child("scan", try_index)
            scan_name = try_rng.choice(scan_names)
            scan = self._readable(scan_name)
            if scan is None or self.difficulty_of(scan.room) != difficulty or len(scan.frames) < FRAMES:
                continue
            views = sorted(try_rng.shuffled(range(len(scan.frames)))[:FRAMES])
            scene = scan.room.through(views)
            question_found = self._posed(
                scene, task, wanted_answer if try_index < _PICKY else None, try_rng.child("query")
            )
            if question_found is not None:
                query, truth = question_found
                program = " ".join(["scan", scan_name, *scene.frames])
                key = "/".join(map(str, rng.key))
                return Item(key, self.id, task, difficulty, program, scene, self.ask(query, rng, scene), truth)
        if len(self.unusable) == len(self._folders):
            raise FolderError(f"no scan under {self.id} can be read, first {next(iter(self.unusable.values()))}")
        raise FolderError(f"no scan of difficulty {difficulty} under {self.id} can be asked for {task}")

    def _readable(self, scan_name: str) -> Scan | None:
        """Return the scan called `scan_name`, or None where it cannot be read, which is noted in `unusable`."""
        if scan_name in self.unusable:
            return None
        try:
            return read_scan(self._folders[scan_name])
        except ScanError as error:
            self.unusable[scan_name] = str(error)
            return None

    def _posed(
        self, scene: RoomScene, task: str, wanted_answer: str | None, rng: SeededRng
    ) -> tuple[Call, Truth] | None:
        for query in drawn_queries(Surroundings(scene, self.demands), task, rng):
            truth = self.solve(scene, query)
            if isinstance(truth, Truth) and wanted_answer in (None, truth.value):
                return query, truth
        return None

    def requirements(self, value: object) -> tuple[Requirement, ...] | Rejected:
        """Reject any `value`: nothing is drawn here."""
        return Rejected("requirements", "scanned rooms are not furnished to order", "ask about what is there")

    def describe(self, requirement: Requirement) -> str:
        """Return a `requirement` in English."""
        return " ".join(map(str, (requirement.count, *requirement.words)))

    def missing_requirements(self, scene: RoomScene, requirements: Sequence[Requirement]) -> tuple[str, ...] | Rejected:
        """Return all `requirements`: scans are not furnished to order."""
        return tuple(self.describe(requirement) for requirement in requirements)

    def draw(
        self, pools: Pools, programs: Sequence[str], size: int | None = None
    ) -> list[Drawn | Rejected | InfrastructureError]:
        """Return the frames that each of the `programs` names."""
        return [self._read(program) for program in programs]

    def _read(self, program: str) -> Drawn | Rejected:
        command, _, frame_text = program.strip().partition(" ")
        scan_name = next(
            (
                folder_name
                for folder_name in self._folders
                if frame_text == folder_name or frame_text.startswith(f"{folder_name} ")
            ),
            None,
        )
        if command != "scan" or scan_name is None:
            known_names = ", ".join(sorted(self._folders)[:5])
            return Rejected(
                "scan", "no scan of this folder is named", f"write scan, one of {known_names}, and its frames"
            )
        scan = read_scan(self._folders[scan_name])
        frame_indices = {frame: place for place, frame in enumerate(scan.room.frames)}
        wanted_frames = frame_text.removeprefix(scan_name).split()
        if not wanted_frames or any(frame not in frame_indices for frame in wanted_frames):
            known_names = ", ".join(scan.room.frames[:5])
            return Rejected("frame", f"frames of {scan_name} are named {known_names} …", "name one or more of them")
        views = [frame_indices[frame] for frame in wanted_frames]
        try:
            return Drawn(scan.room.through(views), tuple(scan.picture(view) for view in views))
        except ScanError as error:
            return Rejected("scan", str(error), "repair or download the file again")

    def render(self, program: str) -> RoomScene | Rejected:
        """Return the room through the frames that a `program` names."""
        drawing = self._read(program)
        if isinstance(drawing, Rejected):
            return drawing
        assert isinstance(drawing.scene, RoomScene)
        return drawing.scene

    def render_item(self, item: Item, size: int) -> Picture:
        """Return the frames that the question of an `item` is about, on one sheet.

        Raises:
            ValueError: the scan or its frames are gone.
        """
        drawing = self._read(item.program)
        if isinstance(drawing, Rejected):
            raise ValueError(f"the item's scan is gone: {drawing}")
        return self._sheet(item, [picture.array for picture in drawing.pictures], size)
