"""Rooms that were scanned: the same questions about ScanNet, ScanNet++ and ARKitScenes, read from a folder.

An item's program names the scan and its frames: `scan scene0000_00 0.jpg 20.jpg`. The same folder gives the same items.
"""

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
    """A scan with every twentieth of its frames, or with more where it has few.

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
    """A folder of scans as a world.

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
    front = "solid"

    def __init__(self, env_id: str, root: Path) -> None:
        self.id = env_id
        folders = list_scans(root)
        if not folders:
            raise FolderError(f"{root} holds no scene of ScanNet, ScanNet++ or ARKitScenes in its published layout")
        self._folders = {str(folder.relative_to(root)) if folder != root else folder.name: folder for folder in folders}

    def briefing(self, rng: SeededRng, task: str, difficulty: int) -> Briefing:
        """A form; how much stands in a scan is not to be chosen."""
        return Briefing(task, difficulty, LEVELS[difficulty][0])

    def query(self, rng: SeededRng, task: str) -> Call:
        """A query of the task's form about usual things."""
        return blind_query(rng, task, USUAL, FRAMES)

    def sample(self, rng: SeededRng, task: str, difficulty: int) -> Item:
        """Scans, frames and questions in turn until one has the wanted answer.

        Raises:
            FolderError: none was found, as where no room has so many things.
        """
        options = self.tasks[task].options
        wanted = rng.choice(options) if options else None
        names = sorted(self._folders)
        for tried in range(_ROOMS):
            draw = rng.child("scan", tried)
            name = draw.choice(names)
            scan = read_scan(self._folders[name])
            if self.difficulty_of(scan.room) != difficulty or len(scan.frames) < FRAMES:
                continue
            views = sorted(draw.shuffled(range(len(scan.frames)))[:FRAMES])
            scene = scan.room.through(views)
            found = self._posed(scene, task, wanted if tried < _PICKY else None, draw.child("query"))
            if found is not None:
                query, truth = found
                program = " ".join(["scan", name, *scene.frames])
                key = "/".join(map(str, rng.key))
                return Item(key, self.id, task, difficulty, program, scene, self.ask(query, rng, scene), truth)
        raise FolderError(f"no scan of difficulty {difficulty} under {self.id} can be asked for {task}")

    def _posed(self, scene: RoomScene, task: str, wanted: str | None, rng: SeededRng) -> tuple[Call, Truth] | None:
        for query in drawn_queries(Surroundings(scene), task, rng):
            truth = self.solve(scene, query)
            if isinstance(truth, Truth) and wanted in (None, truth.value):
                return query, truth
        return None

    def requirements(self, value: object) -> tuple[Requirement, ...] | Rejected:
        """None: nothing is drawn here."""
        return Rejected("requirements", "scanned rooms are not furnished to order", "ask about what is there")

    def describe(self, requirement: Requirement) -> str:
        """A requirement in English."""
        return " ".join(map(str, (requirement.count, *requirement.words)))

    def unmet(self, scene: RoomScene, requirements: Sequence[Requirement]) -> tuple[str, ...] | Rejected:
        """Scans meet what they meet."""
        return tuple(self.describe(requirement) for requirement in requirements)

    def draw(
        self, pools: Pools, programs: Sequence[str], size: int | None = None
    ) -> list[Drawn | Rejected | InfrastructureError]:
        """The frames that each program names."""
        return [self._read(program) for program in programs]

    def _read(self, program: str) -> Drawn | Rejected:
        word, _, rest = program.strip().partition(" ")
        name = next((each for each in self._folders if rest == each or rest.startswith(f"{each} ")), None)
        if word != "scan" or name is None:
            known = ", ".join(sorted(self._folders)[:5])
            return Rejected("scan", "no scan of this folder is named", f"write scan, one of {known}, and its frames")
        scan = read_scan(self._folders[name])
        places = {frame: place for place, frame in enumerate(scan.room.frames)}
        wanted = rest.removeprefix(name).split()
        if not wanted or any(frame not in places for frame in wanted):
            known = ", ".join(scan.room.frames[:5])
            return Rejected("frame", f"frames of {name} are named {known} …", "name one or more of them")
        views = [places[frame] for frame in wanted]
        try:
            return Drawn(scan.room.through(views), tuple(scan.picture(view) for view in views))
        except ScanError as error:
            return Rejected("scan", str(error), "repair or download the file again")

    def render(self, program: str) -> RoomScene | Rejected:
        """The room through the named frames."""
        found = self._read(program)
        if isinstance(found, Rejected):
            return found
        assert isinstance(found.scene, RoomScene)
        return found.scene

    def show(self, item: Item, size: int) -> Picture:
        """The frames that the question is about, on one sheet.

        Raises:
            ValueError: the scan or its frames are gone.
        """
        found = self._read(item.program)
        if isinstance(found, Rejected):
            raise ValueError(f"the item's scan is gone: {found}")
        return self._sheet(item, [picture.array for picture in found.pictures], size)
