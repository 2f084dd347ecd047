"""`zerosight serve`: items, drawing and scoring over HTTP, for trainers in other environments."""

import ipaddress
from pathlib import Path
from typing import Annotated

import typer

from .console import Usage, console


def serve(
    host: Annotated[
        str, typer.Option(help="The address to listen at; another than loopback needs a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8765,
    token_file: Annotated[Path | None, typer.Option(help="File with the token that requests must bear.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Drawings at a time.")] = 1,
    concurrency: Annotated[int, typer.Option(min=1, help="Requests under way at a time; more get 429.")] = 32,
    body_mb: Annotated[int, typer.Option("--body-mb", min=1, help="Megabytes of a request; longer ones get 413.")] = 4,
) -> None:
    """Serve items, drawing in the sandbox and scoring over HTTP: /worlds, /items, /draw, /score, /health."""
    try:
        import uvicorn

        from ..train.bridges.http_service import HttpService, ServiceLimits
    except ModuleNotFoundError as error:
        raise Usage(f"{error.name} is not installed; run `pip install 'zerosight[serve]'`") from error
    token = _token(token_file)
    if not token and not is_loopback(host):
        raise Usage(f"{host} can be reached by others: give a token with --token-file FILE, or listen at 127.0.0.1")
    limits = ServiceLimits(body_bytes=body_mb * 1_000_000, concurrency=concurrency, workers=workers)
    service = HttpService(limits, token)
    console.print(f"serving at http://{host}:{port} ({'with' if token else 'without'} a token); Ctrl-C ends it")
    try:
        uvicorn.run(service.app(), host=host, port=port, log_level="warning", timeout_keep_alive=30)
    finally:
        service.close()


def _token(path: Path | None) -> str:
    """Return the token in the file at `path`, "" without a file.

    Raises:
        Usage: it cannot be read, or is empty.
    """
    if path is None:
        return ""
    try:
        token = path.read_text().strip()
    except OSError as error:
        raise Usage(f"the token file {path} cannot be read: {error.strerror}") from error
    if not token:
        raise Usage(f"the token file {path} is empty")
    return token


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach `host`.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
