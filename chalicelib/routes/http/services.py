"""What the HTTP layer is given to work with: made at the first request, never at import."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from chalicelib.routes.http.credentials import KeyDirectory, Tokens

if TYPE_CHECKING:
    from chalicelib.routes.http.rates import Rates


class Services(Protocol):
    """What the layer itself needs; the object provided may offer handlers much more."""

    @property
    def keys(self) -> KeyDirectory:
        """Where API keys are found, usually a `CachedKeys`."""

    @property
    def tokens(self) -> Tokens:
        """What verifies JWTs."""

    @property
    def rates(self) -> Rates | None:
        """What limits the requests of each credential, if anything does."""

    @property
    def root_key(self) -> bytes:
        """32 secret bytes from which the tenants' keys are derived."""

    @property
    def wall_clock(self) -> Callable[[], int]:
        """The present `Instant`."""


class _Provider:
    """Makes the services once, at the first request, whichever thread brings it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._factory: Callable[[], Services] | None = None
        self._made: Services | None = None

    def use(self, factory: Callable[[], Services]) -> None:
        with self._lock:
            self._factory, self._made = factory, None

    def services(self) -> Services:
        made = self._made
        if made is None:
            with self._lock:
                if self._made is None:
                    if self._factory is None:
                        raise LookupError("nothing was provided: call provide(factory)")
                    self._made = self._factory()
                made = self._made
        return made


_provider: Final = _Provider()


def provide(factory: Callable[[], Services]) -> None:
    """
    Name what makes the services: called once, at the first request that needs them.

    Providing again replaces them, which is how tests bring their own.
    """
    _provider.use(factory)


def provided() -> Services:
    """
    Return the services, made now if this is the first request.

    Raises `LookupError` where nothing was provided.
    """
    return _provider.services()
