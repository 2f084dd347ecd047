"""`zerosight draw`: one program in the sandbox."""

from pathlib import Path
from typing import Annotated

import typer

from .console import Json, Usage, console, one_of, output_file, print_json, write_bytes, write_text


def draw(
    program: Annotated[Path, typer.Argument(help="A file: SVG, or Python for matplotlib or trimesh.")],
    kind: Annotated[str, typer.Option(help="svg, chart or solid; guessed from the program by default.")] = "",
    out: Annotated[Path, typer.Option(help="The PNG file to write; several pictures get numbers.")] = Path(
        "picture.png"
    ),
    scene: Annotated[Path | None, typer.Option(help="Also write the scene, as JSON, to this file.")] = None,
    size: Annotated[int, typer.Option(min=8, max=1024, help="Width of the picture, px.")] = 448,
    as_json: Json = False,
) -> None:
    """Run a program in the sandbox, and write its picture or say why it is rejected."""
    from ..render import InfrastructureError, Rejected
    from ..render.drawing import KINDS, Pools, kind_of

    for path in (out, *([scene] if scene is not None else [])):
        output_file(path)
    try:
        text = program.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Usage(f"{program} cannot be read: {error}") from error
    kind = one_of("kind", kind or kind_of(text), KINDS)
    with Pools() as pools:
        (outcome,) = pools.draw(kind, [text], size)
    if isinstance(outcome, InfrastructureError):
        raise Usage(f"the drawing service failed: {outcome}")
    if isinstance(outcome, Rejected):
        if as_json:
            print_json({"kind": kind, "rejected": outcome.code, "reason": outcome.reason, "hint": outcome.hint})
            raise typer.Exit(1)
        console.print(f"rejected ({outcome.code}): {outcome.reason}", soft_wrap=True)
        if outcome.hint:
            console.print(f"hint: {outcome.hint}", soft_wrap=True)
        raise typer.Exit(1)
    has_several = len(outcome.pictures) > 1
    paths = [out.with_stem(f"{out.stem}-{i}") if has_several else out for i in range(1, len(outcome.pictures) + 1)]
    for path, picture in zip(paths, outcome.pictures, strict=True):
        write_bytes(path, picture.png())
    if scene is not None:
        write_text(scene, outcome.scene.to_json())
    files = [*map(str, paths), *([str(scene)] if scene else [])]
    if as_json:
        print_json({"kind": kind, "files": files})
    else:
        console.print(f"{kind}: {', '.join(files)}", soft_wrap=True)
