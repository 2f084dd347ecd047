"""Options of `zerosight data make`."""

from pathlib import Path
from typing import Annotated

import typer

from ..train.data.formats import FORMATS

WORLDS = ("shapes/Canvas-v2", "charts/Chart-v1", "diagrams/Geometry-v1", "transforms/Edit-v1")
"""The worlds of a data set by default: the newest of two dimensions."""

Out = Annotated[Path, typer.Argument(help="An empty or new folder; one that an interrupted command left goes on.")]
Worlds = Annotated[list[str] | None, typer.Option(help=f"Environment id; repeatable. Default: {', '.join(WORLDS)}.")]
Count = Annotated[int, typer.Option(min=1, help="Number of items, over all worlds in turn.")]
Format = Annotated[str, typer.Option("--format", help=f"{', '.join(FORMATS)}.")]
Tasks = Annotated[list[str] | None, typer.Option(help="Only this task; repeatable.")]
Bands = Annotated[list[str] | None, typer.Option(help="Only this band: easy, middle or hard; repeatable.")]
Split = Annotated[str, typer.Option(help="train, dev or heldout.")]
Seed = Annotated[int, typer.Option(min=0, help="Another seed gives other items.")]
PromptStyle = Annotated[str, typer.Option(help="The Solver's prompt: full, or short (the embedded model's).")]
SolverMode = Annotated[str, typer.Option(help="answer, or reason: think before answering within <answer>.")]
Size = Annotated[int, typer.Option(min=0, max=2048, help="Width of the pictures, px; 0 is each world's own.")]
Balanced = Annotated[bool, typer.Option("--balanced", help="Give every answer of a task its turn.")]
WithScene = Annotated[bool, typer.Option("--scene", help="Add the scene as JSON.")]
HardFor = Annotated[
    str, typer.Option(help="Only items of a middle solve rate of this model: as in `eval`, or http://HOST:PORT#NAME.")
]
Rates = Annotated[str, typer.Option(help="With --hard-for: the band of solve rates, LOW-HIGH.")]
Replies = Annotated[int, typer.Option(min=2, help="With --hard-for: replies to each item.")]
KeyFile = Annotated[Path | None, typer.Option(help="With --hard-for: file with the key of a model behind a URL.")]
Role = Annotated[str, typer.Option(help="solver (answers), or proposer or coder: what they write, with verdicts.")]
FromRun = Annotated[Path | None, typer.Option(help="With --role proposer or coder: take what this run's wrote.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes that make items.")]
ShardRows = Annotated[int, typer.Option(min=1, help="Items in a file.")]
License = Annotated[str, typer.Option("--license", help="Of the data, for its card.")]
