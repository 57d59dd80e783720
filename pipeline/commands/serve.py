"""`avel serve`: films by a page in the browser, or by HTTP, on this machine."""

import argparse
import ipaddress
import logging
import math
import secrets
import socket
import sys
import webbrowser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from avel.pipeline.commands import options
from avel.pipeline.reasons import EnvironmentProblem, InputError
from avel.pipeline.work.say import say

if TYPE_CHECKING:
    from avel.pipeline.server.guard import Access
    from avel.pipeline.server.settings import Settings

SHORTEST_TOKEN = 16
"""Letters of a token that somebody chose."""
LIMITS = {
    "file_bytes": "bytes of one film [4 GiB]",
    "film_seconds": "seconds of one film [4 h]",
    "films": "films that are kept [1000]",
    "disk_bytes": "bytes of all films together [100 GiB]",
    "free_bytes": "bytes that stay free on the disk [2 GiB]",
    "uploads": "films that are received at once [8]",
    "requests": "requests a minute of one address [1200]",
    "queue": "jobs that wait [1000]",
}
"""Of `Limits`, each an option."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("avel-serve"),
        help="where films, results and corrections are kept [avel-serve]",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on [127.0.0.1]")
    parser.add_argument("--port", type=int, default=8340, help="0 for one that is free [8340]")
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="file that holds the token to ask for; beyond this machine one is asked for always",
    )
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        help="a name by which browsers may reach this machine; again for more",
    )
    parser.add_argument(
        "--model", default="everyday", help="everyday, synthetic, or a checkpoint [everyday]"
    )
    parser.add_argument(
        "--open",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="open the page in the browser [where there is a terminal]",
    )
    parser.add_argument(
        "--keep-days",
        type=float,
        default=30.0,
        help="after which films that nobody corrected are deleted; 0: never [30]",
    )
    options.add_weights(parser)
    parser.add_argument(
        "--device",
        nargs="+",
        default=["auto"],
        help="auto, cpu, cuda; of several GPUs a worker on each: cuda:0 cuda:1 [auto]",
    )
    options.add_cache_dir(parser)
    group = parser.add_argument_group("at most")
    for name, meaning in LIMITS.items():
        group.add_argument(f"--{name.replace('_', '-')}", type=float, help=meaning)


def run(args: argparse.Namespace) -> int:
    serve, listen = _server()
    settings, access = _settings(args), _access(args)
    _check_model(args.model, args.weights)
    _check_devices(args.device)
    logging.basicConfig(format="%(levelname)s %(message)s", level=logging.WARNING)
    listening = listen(args.host, args.port)
    host, port = listening.getsockname()[:2]
    address = _address(args.host, host, port)

    def started() -> None:
        say(f"avel: {address} (Ctrl-C ends it; everything is kept in {settings.folder})")
        if access.token and not args.token_file:
            say(f"token: {access.token}")
        if sys.stdout.isatty() if args.open is None else args.open:
            webbrowser.open(address)

    serve(settings, access, listening, started)
    return 0


def _server() -> "tuple[Callable[..., None], Callable[..., socket.socket]]":
    """What serves and listens.

    Raises:
        EnvironmentProblem: it is not installed.
    """
    try:  # optional: the extra `serve`
        from avel.pipeline.server.run import listen, serve
    except ModuleNotFoundError as err:
        if (err.name or "").partition(".")[0] not in ("starlette", "uvicorn"):
            raise
        raise EnvironmentProblem(
            f'the server needs {err.name}, which is not installed; pip install "avel[serve]"'
        ) from err
    return serve, listen


def _settings(args: argparse.Namespace) -> "Settings":
    from avel.pipeline.server.settings import Limits, Settings
    from avel.pipeline.work.runtime import cache_root

    given = {name: getattr(args, name) for name in LIMITS if getattr(args, name) is not None}
    for name, value in {**given, "keep_days": args.keep_days}.items():
        if not math.isfinite(value):
            raise InputError(f"--{name.replace('_', '-')} ({value:g}) must be a finite number")
    whole = {name: value if name == "film_seconds" else int(value) for name, value in given.items()}
    if args.keep_days < 0:
        raise InputError(f"--keep-days ({args.keep_days:g}) must be 0 or more days")
    return Settings(
        folder=args.folder.absolute(),
        cache_dir=cache_root(args.cache_dir)[0].absolute(),
        model=args.model if _is_name(args.model) else str(Path(args.model).absolute()),
        devices=tuple(args.device),
        keep_days=args.keep_days,
        limits=Limits(**whole),
        weights=tuple(str(file.absolute()) for file in args.weights),
    )


def _is_name(model: str) -> bool:
    return model in ("everyday", "synthetic")


def _check_model(model: str, weights: Sequence[Path]) -> None:
    """Find a model before anybody waits for it; missing weights are asked for.

    Raises:
        CheckpointError: it is none.
        WeightsError: its weights are missing.
    """
    from avel.pipeline.method.named import named
    from avel.pipeline.method.plan import PipelineConfig

    options.plan_or_fetch(PipelineConfig(model=named(model), weights=tuple(weights)))


def _check_devices(devices: Sequence[str]) -> None:
    from avel.pipeline.server.devices import check

    check(devices)


def _access(args: argparse.Namespace) -> "Access":
    """Who may ask: beyond this machine only with a token."""
    from avel.pipeline.server.guard import Access

    local = _is_local(args.host)
    own = {"localhost"} if local else {"localhost", socket.gethostname().lower()}
    names = frozenset({*own, args.host.lower(), *map(str.lower, args.name)})
    if local:
        names |= {"127.0.0.1", "::1"}
    return Access(_token(args.token_file, needed=not local), names, any_address=not local)


def _is_local(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _token(file: Path | None, *, needed: bool) -> str:
    """The token of a file, or a new one where one is needed.

    Raises:
        InputError: the file cannot be read, or its token is short.
    """
    if file is None:
        return secrets.token_urlsafe(24) if needed else ""
    try:
        token = file.read_text("utf-8").strip()
    except (OSError, ValueError) as err:
        raise InputError(f"--token-file {file}: cannot be read ({err})") from err
    if len(token) < SHORTEST_TOKEN or not token.isascii() or not token.isprintable():
        raise InputError(
            f"--token-file {file}: has {len(token)} letters; a token needs {SHORTEST_TOKEN} or "
            "more, of ASCII: `openssl rand -hex 16` makes one"
        )
    return token


def _address(asked: str, host: str, port: int) -> str:
    """The page's, for people."""
    name = host if asked != "localhost" else asked
    if name in ("0.0.0.0", "::"):
        name = socket.gethostname()
    return f"http://[{name}]:{port}/" if ":" in name else f"http://{name}:{port}/"
