"""Several processes that serve one address: started, replaced when they die, stopped together."""

import multiprocessing
import signal
import time
from collections.abc import Callable
from multiprocessing import connection
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import FrameType

Work = Callable[[Connection], None]

_PATIENCE_SECONDS = 0.5
_RETRY_SECONDS = 2.0
_CONTEXT = multiprocessing.get_context("spawn")


def supervise(work: Work, count: int) -> None:
    """Keep so many workers alive until SIGTERM or Ctrl-C; then stop them and wait for their end.

    Args:
        work: what a worker does; it ends when the connection that it is given closes, so that no
            worker outlives this process, however it ends.
        count: how many workers.
    """
    stopping = _Stopping()
    lifeline, ours = _CONTEXT.Pipe(duplex=False)
    workers = [_start(work, lifeline) for _ in range(count)]
    while not stopping.asked:
        connection.wait([worker.sentinel for worker in workers], _PATIENCE_SECONDS)
        for number, worker in enumerate(workers):
            if stopping.asked or worker.is_alive():
                continue
            if worker.exitcode and worker.exitcode > 0:  # it could not start: not at once again
                time.sleep(_RETRY_SECONDS)
            workers[number] = _start(work, lifeline)
    ours.close()
    for worker in workers:
        worker.join()


class _Stopping:
    """Notes that somebody asked for the end."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.asked = True


def _start(work: Work, lifeline: Connection) -> SpawnProcess:
    worker = _CONTEXT.Process(target=work, args=(lifeline,), name="twinhold-worker")
    worker.start()
    return worker
