"""The error tree, split by what the pipeline does next.

`Retryable`: the same work may succeed on another try.
`Refused`: the request is wrong; trying again changes nothing.
`Unavailable`: the surroundings are not ready; wait, then try the same thing again.
"""

from __future__ import annotations

from enum import StrEnum


class FailureClass(StrEnum):
    """The classes of `error.class` in the generation object."""

    OUT_OF_MEMORY = "out_of_memory"
    MISSING_MODEL = "missing_model"
    MISSING_NODE = "missing_node"
    INVALID_GRAPH = "invalid_graph"
    SERVER_LOST = "server_lost"
    SERVER_DOWN = "server_down"
    CORRUPT_OUTPUT = "corrupt_output"
    TIMEOUT = "timeout"
    INTERNAL = "internal"


class TowerError(Exception):
    """Base of every error this package raises on purpose. The message is meant for a person."""

    failure_class = FailureClass.INTERNAL


class Retryable(TowerError):
    """The same work may succeed on another try."""


class Refused(TowerError):
    """The request itself is wrong; the message names what is allowed."""


class Unavailable(TowerError):
    """Something outside is not ready; the same call may succeed later."""


class OutOfMemory(Retryable):
    """The server ran out of GPU or main memory while it worked."""

    failure_class = FailureClass.OUT_OF_MEMORY


class CorruptOutput(Retryable):
    """An output file is missing, truncated or does not decode."""

    failure_class = FailureClass.CORRUPT_OUTPUT


class ServerLost(Retryable):
    """The server accepted the job and now denies every knowledge of it."""

    failure_class = FailureClass.SERVER_LOST


class RenderTimeout(Retryable):
    """The server showed no progress for longer than the limit."""

    failure_class = FailureClass.TIMEOUT


class ExecutionFailed(Retryable):
    """A node of the graph failed on the server, for a reason without a class of its own."""


class Interrupted(TowerError):
    """Somebody stopped or deleted the job on the server."""


class Cancelled(TowerError):
    """We were asked to stop this job, and the server no longer works on it."""


class BadInput(Refused):
    """A value from a user or caller is not allowed; the message says what is."""


class Unreadable(Refused):
    """A file can't be decoded. `kind` is a stable word for programs, such as `truncated`."""

    def __init__(self, message: str, *, kind: str = "unreadable") -> None:
        super().__init__(message)
        self.kind = kind


class MissingModel(Refused):
    """A model file or choice that the graph names is not on the server."""

    failure_class = FailureClass.MISSING_MODEL


class MissingNode(Refused):
    """A node class that the graph uses is not installed on the server."""

    failure_class = FailureClass.MISSING_NODE


class InvalidGraph(Refused):
    """The graph is not one that the server can run."""

    failure_class = FailureClass.INVALID_GRAPH


class ServerDown(Unavailable):
    """The server does not answer."""

    failure_class = FailureClass.SERVER_DOWN


class ServerPaused(Unavailable):
    """Every server that might take the job is left alone for a while after repeated failures."""

    failure_class = FailureClass.SERVER_DOWN


class StoreUnavailable(Unavailable):
    """The database is locked, gone, read-only or full."""


class StorageFull(Unavailable):
    """A disk is full or a folder can't be written."""


class LibraryUnavailable(Unavailable):
    """The library can't be written at the moment."""


class MediaServerTrouble(Unavailable):
    """A media server does not answer, or not as it should. `kind` is a word for programs.

    Kinds: `down`, `timeout`, `starting`, `key`, `forbidden`, `unknown` (address), `answer` (no
    sense), `path` (a file that is none of its).
    """

    def __init__(self, message: str, *, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


class ChatFailed(TowerError):
    """A language model gave no usable answer. `kind` is a stable word for programs.

    Kinds: `silent` (no connection), `deadline`, `http` (an error status), `missing_model`,
    `error_reply` (an error dressed as an answer), `cut_off`, `empty`, `refused`, `not_json`,
    `too_long` (the question does not fit the context), `invalid` (breaks the schema).
    """

    def __init__(self, message: str, *, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


class NotFound(TowerError):
    """No row with this id."""


class Conflict(TowerError):
    """The call does not fit the present state, for example cancelling what is over."""


class PlaceTaken(Conflict):
    """Somebody else's file stands where a release should; another place may be free."""
