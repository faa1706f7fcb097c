"""What goes wrong on a client's side, as one tree: each knows its HTTP status, its message says value, limit, cure."""


class Problem(Exception):
    """A request that cannot be done as it stands."""

    status = 400
    title = "The request cannot be done"
    field = ""


class Invalid(Problem):
    title = "The request cannot be taken"


class NotAllowed(Problem):
    """The actor lacks a scope."""

    status = 403
    title = "Not allowed"


class NotFound(Problem):
    """No such row in the actor's workspace."""

    status = 404
    title = "Not found"


class Conflict(Problem):
    """What was asked for no longer fits the state of things; the message says what changed."""

    status = 409
    title = "Conflict"


class TooLarge(Problem):
    status = 413
    title = "Too large"


class Unavailable(Problem):
    status = 503
    title = "Not available just now"
