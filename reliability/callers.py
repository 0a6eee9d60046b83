"""Clients that know, after every write of theirs, what a registry must show.

A client goes through a course of writes, one after the other, each of which changes what is seen in
a way that is known before. So after an interruption it sees what it saw after the last write that
was acknowledged, or what it would see after the one that was not answered; anything else is a
promise that was broken.
"""

import http.client
import json
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, NamedTuple

from tests.harness import Account
from tests.process.running import connect

_PATIENCE, _PAUSE = 5.0, 0.02


class RefusedError(Exception):
    """An answer that a client may not get while nothing is wrong with the server."""


class Step(NamedTuple):
    """A write, and what is seen after it.

    Attributes:
        body: JSON, or bytes, which are sent as they are.
        by: who writes, where it is not who the course belongs to.
    """

    method: str
    path: str
    body: Any
    after: Any
    by: Account | None = None


Steps = Generator[Step, Any, None]
"""Writes without end; each is told what the one before was answered."""


class Caller:
    """One who asks a server over one connection."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._connection = connect(account)

    def ask(
        self, method: str, path: str, body: Any = None, by: Account | None = None
    ) -> tuple[int, Any]:
        """Send a request; answer status and body."""
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body)
        secret = (by or self.account).secret
        self._connection.request(method, path, sent, {"Authorization": secret})
        answer = self._connection.getresponse()
        text = answer.read()
        try:
            return answer.status, json.loads(text) if text else None
        except ValueError:
            return answer.status, text

    def get(self, path: str) -> Any:
        """What is at a path; None when there is nothing."""
        return self.do("GET", path)

    def do(self, method: str, path: str, body: Any = None) -> Any:
        """What a request is answered that must succeed.

        Raises:
            RefusedError: it does not.
        """
        status, found = self.ask(method, path, body)
        if status == HTTPStatus.NOT_FOUND and method == "GET":
            return None
        if status >= HTTPStatus.BAD_REQUEST:
            raise RefusedError(f"{method} {path} {status} {found}")
        return found

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


class Course:
    """What a client of one kind writes; has an account of its own."""

    def __init__(self, account: Account, other: Account) -> None:
        self.account, self.other = account, other

    def begin(self, caller: Caller) -> None:
        """Make what the writes need."""

    def steps(self) -> Steps:
        """The writes."""
        raise NotImplementedError

    def see(self, caller: Caller) -> Any:
        """What there is; JSON."""
        raise NotImplementedError


@dataclass
class Promise:
    """A course that was begun, and what is seen at its end.

    Attributes:
        kept: after the last write that was acknowledged.
        possible: after the one that was not answered.
        during: that one.
    """

    course: Course
    kept: Any
    possible: Any = None
    during: str = ""

    def violation(self, url: str) -> str | None:
        """How a server breaks the promise; what follows a write later has a moment for it."""
        caller = Caller(replace(self.course.account, url=url))
        end = time.monotonic() + _PATIENCE
        try:
            while True:
                found = self.course.see(caller)
                if found in (self.kept, self.possible):
                    return None
                if time.monotonic() > end:
                    break
                time.sleep(_PAUSE)
        except RefusedError as error:
            found = str(error)
        finally:
            caller.close()
        name = type(self.course).__name__
        return f"lost or half: {name} {self.during}: {found}, not {self.kept} nor {self.possible}"


NewCourse = Callable[[], Course]


@dataclass(eq=False)
class Client:
    """Writes until its server is gone or it is told to stop.

    When a write fails on the server's side it is not known whether it happened; the client begins
    anew, with another account.

    Attributes:
        promises: every course that was begun.
        acknowledged: how many writes were.
        slowest: how many seconds the slowest answer 5xx took.
        refused: answers that no write may get.
        failed: status and subcode of answers 5xx.
    """

    new_course: NewCourse
    promises: list[Promise] = field(default_factory=list)
    acknowledged: int = 0
    slowest: float = 0.0
    refused: list[str] = field(default_factory=list)
    failed: list[tuple[int, str]] = field(default_factory=list)
    _next: Course | None = None

    def prepare(self) -> None:
        """Begin a course, of which nothing is written yet.

        Raises:
            RefusedError: it cannot be.
        """
        course = self.new_course()
        caller = Caller(course.account)
        try:
            course.begin(caller)
            self.promises.append(Promise(course, course.see(caller)))
        finally:
            caller.close()
        self._next = course

    def write_until(self, stopping: threading.Event) -> None:
        """Write."""
        try:
            while not stopping.is_set() and not self.refused:
                if self._next is None:
                    self._prepare_again()
                else:
                    self._go_through(self._next, stopping)
        except (OSError, http.client.HTTPException):
            return  # the server is gone

    def _prepare_again(self) -> None:
        try:
            self.prepare()
        except (AssertionError, RefusedError):  # the server does not write yet
            time.sleep(_PAUSE)

    def _go_through(self, course: Course, stopping: threading.Event) -> None:
        """Write until a write fails."""
        caller, steps, answer = Caller(course.account), course.steps(), None
        self._next = None
        try:
            while not stopping.is_set():
                step = steps.send(answer)
                status, answer = self._send(caller, step)
                if status >= HTTPStatus.BAD_REQUEST:
                    self._note(step, status, answer)
                    return
        finally:
            caller.close()

    def _send(self, caller: Caller, step: Step) -> tuple[int, Any]:
        promise = self.promises[-1]
        promise.possible, promise.during = step.after, f"{step.method} {step.path}"
        before = time.monotonic()
        status, answer = caller.ask(*step[:3], step.by)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self.slowest = max(self.slowest, time.monotonic() - before)
        if status < HTTPStatus.BAD_REQUEST:
            promise.kept, promise.possible = step.after, None
            self.acknowledged += 1
        return status, answer

    def _note(self, step: Step, status: int, answer: Any) -> None:
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            members = answer if isinstance(answer, dict) else {}
            self.failed.append((status, members.get("subcode", "")))
        else:
            self.refused.append(f"{step.method} {step.path} {status} {answer}")
