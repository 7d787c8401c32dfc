"""A supervisor starts server processes on one port, replaces and stops them.

All accept from the same socket, so a worker that dies takes only its own requests along:
connections that wait are taken by the others. Sanic's manager would not replace a killed one.
"""

import asyncio
import logging
import multiprocessing
import os
import signal
import socket
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event
from pathlib import Path

import msgspec
import uvloop
import watchfiles

from tripsync.logs import configure_logs
from tripsync.serving.process import Factory, reloads_on_hangup, run
from tripsync.settings import Settings

log = logging.getLogger("tripsync.serving")

spawn = multiprocessing.get_context("spawn")

COULD_NOT_START = 78  # EX_CONFIG
# A worker that dies this young would only die again at once.
YOUNG = 5.0
REST = 1.0


class Supervisor:
    """Keeps a number of workers alive until told to stop."""

    def __init__(self, factory: Factory, settings: Settings, sock: socket.socket) -> None:
        self._factory = factory
        self._settings = settings
        self._sock = sock
        self._stop = asyncio.Event()
        self._changed = asyncio.Event()
        self._changes = 0
        self._ever_ready: Event = spawn.Event()
        self._workers: set[SpawnProcess] = set()
        self._exit_code = 0

    async def run(self, *, when_ready: Callable[[], object], reload: Iterable[Path]) -> int:
        loop = asyncio.get_running_loop()
        for request_to_stop in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(request_to_stop, self._stop.set)
        if reloads_on_hangup():
            loop.add_signal_handler(signal.SIGHUP, self._pass_on_hangup)
        keepers = [
            asyncio.create_task(self._keep_worker(settings, patient=bool(reload)))
            for settings in each_with_its_port(self._settings)
        ]
        helpers = [asyncio.create_task(self._call_when_ready(when_ready))]
        if reload:
            helpers.append(asyncio.create_task(self._restart_on_change(reload)))
        await self._stop.wait()
        self._changed.set()
        self._terminate()
        # Ours would keep the port open, and clients waiting, after the last worker closed its own.
        self._sock.close()
        await asyncio.gather(*keepers)
        for helper in helpers:
            helper.cancel()
        return self._exit_code

    async def _keep_worker(self, settings: Settings, *, patient: bool) -> None:
        loop = asyncio.get_running_loop()
        while not self._stop.is_set():
            began, tried = loop.time(), self._changes
            worker = spawn.Process(
                target=work, args=(self._factory, settings, self._sock, self._ever_ready)
            )
            start_apart(worker)
            self._workers.add(worker)
            await ended(worker)
            self._workers.discard(worker)
            if self._stop.is_set():
                return
            if worker.exitcode == COULD_NOT_START and not self._ever_ready.is_set() and not patient:
                self._exit_code = COULD_NOT_START
                self._stop.set()
                return
            if worker.exitcode == COULD_NOT_START and patient:
                log.error("mend it: the next change is tried at once")
                while self._changes == tried and not self._stop.is_set():
                    self._changed.clear()
                    await self._changed.wait()
                continue
            if worker.exitcode != 0:
                log.error("worker %s ended with %s; replacing it", worker.pid, worker.exitcode)
            if loop.time() - began < YOUNG and worker.exitcode != 0:
                await asyncio.sleep(REST)

    async def _call_when_ready(self, when_ready: Callable[[], object]) -> None:
        # Another process sets it: there is nothing here that could wake us.
        while not self._ever_ready.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        when_ready()

    async def _restart_on_change(self, folders: Iterable[Path]) -> None:
        async for changes in watchfiles.awatch(*folders, watch_filter=is_source, recursive=True):
            log.info("changed: %s", ", ".join(sorted(Path(name).name for _, name in changes)))
            self._changes += 1
            self._changed.set()
            self._terminate()

    def _pass_on_hangup(self) -> None:
        """One worker is enough: it tells all others."""
        for worker in self._workers:
            if worker.pid:
                os.kill(worker.pid, signal.SIGHUP)
                return

    def _terminate(self) -> None:
        for worker in self._workers:
            worker.terminate()


def each_with_its_port(settings: Settings) -> Iterator[Settings]:
    """What each worker is told: the same, but for where its metrics are read."""
    for port in settings.ports_for_metrics or [0] * settings.workers:
        yield msgspec.structs.replace(settings, metrics_port=port)


def is_source(_: watchfiles.Change, name: str) -> bool:
    return name.endswith((".py", ".sql"))


def start_apart(worker: SpawnProcess) -> None:
    # Ctrl-C in a terminal goes to a whole group; who stops the workers is the supervisor. The
    # worker inherits the mask, and lifts it when it has a group of its own; for SIGHUP, which would
    # end it, when it knows what to do then.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGHUP})
    worker.start()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGHUP})


async def ended(worker: SpawnProcess) -> None:
    """Waits for the end of a process without a thread."""
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    loop.add_reader(worker.sentinel, gone.set)
    try:
        await gone.wait()
    finally:
        loop.remove_reader(worker.sentinel)
    worker.join()


def work(factory: Factory, settings: Settings, sock: socket.socket, ready: Event) -> None:
    """What a worker process runs."""
    os.setpgid(0, 0)
    # One that came before is not ours any more.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    configure_logs(production=not settings.in_development)
    try:
        run(factory, settings, sock, when_ready=ready.set, watch=stop_with_parent)
    except Exception as reason:
        log.error("the worker could not start: %s", reason, exc_info=not is_explained(reason))
        raise SystemExit(COULD_NOT_START) from None


def is_explained(reason: Exception) -> bool:
    """Whether the message alone says what to do."""
    return type(reason).__module__.startswith("tripsync.")


def stop_with_parent(stop: asyncio.Event) -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        asyncio.get_running_loop().add_reader(parent.sentinel, stop.set)


def supervise(
    factory: Factory,
    settings: Settings,
    sock: socket.socket,
    *,
    when_ready: Callable[[], object],
    reload: Iterable[Path] = (),
) -> int:
    """Run workers until SIGTERM or SIGINT; 0, or why none could start."""

    async def run_supervisor() -> int:
        supervisor = Supervisor(factory, settings, sock)
        return await supervisor.run(when_ready=when_ready, reload=reload)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run_supervisor())
