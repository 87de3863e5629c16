"""What can go wrong, as types: what happened, what to do about it, and the data as attributes.

Nothing here knows HTTP; one table in ``web`` maps these types to status codes.
"""

from __future__ import annotations


class PocketRepoError(Exception):
    """Base of every error that a user can cause or must know.

    ``message`` says what happened in one line, ``hint`` what to do about it (may be empty).
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class UsageError(PocketRepoError):
    """An argument or a setting makes no sense; nothing was tried."""


class BadField(UsageError):
    """A field of a request makes no sense; ``field`` names it."""

    def __init__(self, field: str, reason: str, *, hint: str = "") -> None:
        super().__init__(f"{field}: {reason}", hint=hint)
        self.field = field


class NotFound(PocketRepoError):
    """The thing named is not there."""


class NoSuchRepository(NotFound):
    def __init__(self, repository: str, *, hint: str = "") -> None:
        super().__init__(f"no repository {repository}", hint=hint)
        self.repository = repository


class NoSuchProject(NotFound):
    def __init__(self, project: str) -> None:
        super().__init__(f"no project {project}")
        self.project = project


class NoSuchFile(NotFound):
    def __init__(self, filename: str) -> None:
        super().__init__(f"no file {filename}")
        self.filename = filename


class Conflict(PocketRepoError):
    """A conditional write lost: the document is not at the etag it was expected at."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} was changed by someone else")
        self.key = key


class AlreadyExists(PocketRepoError):
    """A repository or another named thing exists and may not be made twice."""


class FileExists(AlreadyExists):
    """A filename is taken by other bytes. Clients look for the words "already exists"."""

    def __init__(self, filename: str, *, sha256: str, deleted: bool = False) -> None:
        what = "was deleted and its name stays taken" if deleted else "is listed with other contents"
        super().__init__(
            f"File already exists: {filename} {what} (sha256 {sha256[:12]}…)",
            hint="files are immutable, upload a new version",
        )
        self.filename = filename
        self.sha256 = sha256


class Refused(PocketRepoError):
    """A rule of the repository says no; the message is the reason."""


class BadUpload(Refused):
    """The upload itself is broken: its archive, its metadata or its form. ``field`` names the part."""

    def __init__(self, message: str, *, field: str = "content", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.field = field


class TooLarge(Refused):
    """More bytes, entries or parts than the limit allows."""


class Unauthorized(PocketRepoError):
    """No credential, or one that is not known."""


class Forbidden(PocketRepoError):
    """A known credential without the right that is needed."""


class LimitReached(Forbidden):
    """A token has used up what it was given; the message says which limit, and since when."""


class TooManyAttempts(PocketRepoError):
    """Too many wrong credentials in a short time. ``retry_after`` in seconds."""

    def __init__(self, *, retry_after: int) -> None:
        super().__init__("too many wrong credentials", hint=f"try again in {retry_after} seconds")
        self.retry_after = retry_after


class Unavailable(PocketRepoError):
    """Busy, out of space or unreachable just now; trying again later may work. ``retry_after`` in seconds."""

    def __init__(self, message: str, *, hint: str = "", retry_after: int = 2) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after


class Stalled(PocketRepoError):
    """The other side sent nothing for too long."""


class UpstreamError(PocketRepoError):
    """Another index answered wrongly or not at all."""


class ServerError(PocketRepoError):
    """A server could not be started, reached or stopped."""


class BuildFailed(PocketRepoError):
    """A source tree could not be built into distributions. ``output`` is what the build printed."""

    def __init__(self, message: str, *, output: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.output = output


class InstallFailed(PocketRepoError):
    """An installer gave up."""


class CommandFailed(PocketRepoError):
    """A program that was run ended badly. ``output`` is what it printed."""

    def __init__(self, message: str, *, output: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.output = output


class NewerFormat(PocketRepoError):
    """The root was written by a newer version than this one."""


class Damaged(PocketRepoError):
    """Stored bytes are not what any version of the project wrote."""


class UnsafeEdit(PocketRepoError):
    """A configuration file cannot be edited without changing more than was asked; nothing was written."""
