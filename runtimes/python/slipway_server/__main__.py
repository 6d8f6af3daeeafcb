from __future__ import annotations

from .serving.ending import drained, end_without_teardown
from .walls import CHANNEL, LISTENING, enter_or_end, listen, name_process

# Before any package is imported: packages start threads, which would stay outside the walls.
enter_or_end()
end_without_teardown()

import asyncio  # noqa: E402
import contextlib  # noqa: E402
import errno  # noqa: E402
import io  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402
import sys  # noqa: E402
from typing import Any, NoReturn  # noqa: E402

import uvicorn  # noqa: E402

from .adapters import import_ahead, load_model  # noqa: E402
from .capture.capture import Capture  # noqa: E402
from .config import Config, facts_of, read_config  # noqa: E402
from .loading.loaded import with_outputs  # noqa: E402
from .model import Model  # noqa: E402
from .refusal import where  # noqa: E402
from .serving.app import create_app  # noqa: E402
from .serving.batches import Batches  # noqa: E402
from .serving.generations import telling  # noqa: E402
from .serving.keeper import Keeper  # noqa: E402
from .serving.language_routes import LanguageRoutes  # noqa: E402
from .serving.parent import Parent, end_after_drain, end_with_parent  # noqa: E402
from .serving.predictor import Predictor  # noqa: E402
from .serving.routes import Routes  # noqa: E402
from .serving.upgrades import WithoutUpgrades  # noqa: E402
from .worded import worded


async def main(config: Config, listening: socket.socket, parent: Parent) -> None:
    serving = config.facts.language
    predictor = Predictor(serving.requests_at_once if serving else 1)
    loaded: list[Model] = []
    batches = Batches(predictor, config.batch_rows, lambda: len(server.server_state.tasks)) if config.batch_rows > 1 else None
    routes = Routes(config, predictor, lambda: loaded[0] if loaded else None, batches)
    language = LanguageRoutes(config, predictor, routes.engine) if serving else None
    capture = Capture(config.capture, config.revision) if config.capture else None
    keeper = Keeper(config, capture, lambda: loaded[0] if loaded else None) if capture else None
    server = _Server(_settings(config, create_app(config, routes, language, keeper)))
    _drain_when_told(server, config)
    serves = asyncio.ensure_future(server.serve([listening]))

    host, port = listening.getsockname()[:2]
    _say(worded("listensOn", config.name, host, port))
    parent.tell({"listening": port})
    try:
        loaded.append(await predictor.load(lambda: with_outputs(load_model(config.model_path, config.facts), config.facts)))
    except BaseException as error:
        _end(1, where(error))
    if loaded[0].language:
        loaded[0].language.tell = telling(config)
    # A library may have set its own meanwhile, as llama.cpp does.
    _drain_when_told(server, config)
    _say(f"{config.name} is ready")
    parent.tell({"ready": True})
    await serves
    await predictor.idle()
    if capture:
        await capture.idle()


def listening_socket(config: Config) -> socket.socket:
    """Slipway makes the socket and passes its descriptor; in a container the server makes its own."""
    given = os.environ.pop(LISTENING, "")
    if not given:
        return listen(config.host, config.port)
    listening = socket.socket(fileno=int(given))
    # Programs that the model's code starts cannot answer in its place.
    listening.set_inheritable(False)
    return listening


class _Server(uvicorn.Server):
    def capture_signals(self) -> Any:
        # uvicorn's handlers raise the signal again after the last answer, and the exit status would be the signal's.
        return contextlib.nullcontext()


def _settings(config: Config, app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="asyncio",
        http=WithoutUpgrades,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        headers=[("x-slipway-revision", config.revision)] if config.revision else [],
        # Longer than the 300 s after which the load balancer drops an idle connection, so that it never reuses a closed one.
        timeout_keep_alive=310,
    )


def _drain_when_told(server: uvicorn.Server, config: Config) -> None:
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, _drain, server, config.drain_seconds)


def _drain(server: uvicorn.Server, longest_seconds: int) -> None:
    """Stops accepting connections, finishes its requests, exits 0; after that time it is ended with whatever still runs."""
    end_after_drain(longest_seconds)
    server.should_exit = True


def _say(text: str) -> None:
    print(text, flush=True)


def _end(code: int, message: str) -> NoReturn:
    print(message, file=sys.stderr, flush=True)
    # The thread that loads the model may never end.
    os._exit(code)


def start() -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Writes each line that the model's code prints to the log at once, not after 8 KiB, and in one piece:
        # PYTHONUNBUFFERED would tear a line at each of print's arguments and mix it with those of other threads.
        sys.stdout.reconfigure(line_buffering=True, write_through=False)
    parent = Parent(os.environ)
    if waited_for := os.environ.pop("AWAIT_MODEL", ""):
        import_ahead(facts_of(json.loads(waited_for)))
        os.environ.update(parent.told_environment())
    end_with_parent(os.environ)
    # Processes that the model's code starts have no channel.
    os.environ.pop(CHANNEL, None)
    try:
        config = read_config(os.environ)
        if waited_for:
            # The command line of a spare server does not say which model it serves, so the process is named after the revision.
            name_process(config.revision)
        listening = listening_socket(config)
    except ValueError as error:
        _end(2, str(error))
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, "")
        _end(2, f"listen {name}: {os.strerror(error.errno or 0)} {config.host}:{config.port}")
    asyncio.run(main(config, listening, parent))
    drained()


if __name__ == "__main__":
    start()
