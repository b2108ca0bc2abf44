"""
The API reference: pages that show the OpenAPI document, with nothing from elsewhere.

`/docs` is to read: Redoc, which finds operations by words and shows the code samples.  `/docs/try`
sends requests: Swagger UI.  The scripts of both come out of a package that is kept for serving
them.  A page may load only what this API serves, and its addresses are relative, so that it works
below a stage's path and behind a domain of one's own alike.
"""

from __future__ import annotations

from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from chalicelib.domain.errors import NotFound
from chalicelib.routes.http.credentials import PUBLIC
from chalicelib.routes.http.operation import Call, Reply
from chalicelib.routes.http.resource import Resource

api = Resource("reference", prefix="")

HTML: Final = "text/html; charset=utf-8"
STYLE: Final = "text/css; charset=utf-8"
SCRIPT: Final = "text/javascript; charset=utf-8"

_SETTINGS: Final = {
    # Both style elements one by one; there is no other way to let them.  The search of Redoc runs
    # in a worker that it makes of its own script.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; worker-src blob:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
}
_KEPT_A_DAY: Final = {"Cache-Control": "public, max-age=86400"}
_LEADS: Final = b'<a href="docs">Tessera API reference</a>'

_OWN: Final = {"page.css": STYLE, "reference.js": SCRIPT, "console.js": SCRIPT}
_PACKAGE: Final = "drf_spectacular_sidecar"
_DISTRIBUTION: Final = "static/drf_spectacular_sidecar"
# What the menu of Redoc would load from elsewhere; where there is no picture it shows none.
_PICTURE: Final = b"https://cdn.redoc.ly/redoc/logo-mini.svg"
_THEIRS: Final = {
    "redoc.standalone.js": (SCRIPT, "redoc/bundles"),
    "swagger-ui.css": (STYLE, "swagger-ui-dist"),
    "swagger-ui-bundle.js": (SCRIPT, "swagger-ui-dist"),
}


@api.get(
    "/",
    name="find_reference",
    scope=PUBLIC,
    summary="Where the API reference is",
    answer=str,
    status=307,
    media=(HTML,),
    headers=("Location",),
)
def root(call: Call) -> Reply:  # noqa: ARG001 - the same for everyone
    """Lead to the page; relative, since a stage's path may stand before it."""
    return Reply(_LEADS, headers={"Location": "docs"})


@api.get(
    "/docs",
    name="read_reference",
    scope=PUBLIC,
    summary="Show the API reference",
    description=(
        "A page that shows `/openapi.json`, with a search by word and code samples; it loads "
        "nothing from elsewhere."
    ),
    answer=str,
    media=(HTML,),
)
def show(call: Call) -> Reply:  # noqa: ARG001 - the same for everyone
    """Return the page to read."""
    return Reply(_own("reference.html"), headers=_SETTINGS)


@api.get(
    "/docs/try",
    name="read_console",
    scope=PUBLIC,
    summary="Show the page that sends requests",
    description=(
        "Give it a key under *Authorize*. The browser keeps it for this tab until that is closed, "
        "or until you log out there, and sends it to this API only."
    ),
    answer=str,
    media=(HTML,),
)
def show_console(call: Call) -> Reply:  # noqa: ARG001 - the same for everyone
    """Return the page that sends requests."""
    return Reply(_own("console.html"), headers=_SETTINGS)


@api.get(
    "/docs/{asset}",
    name="read_reference_asset",
    scope=PUBLIC,
    summary="Read a file of the API reference",
    description="Scripts and styles of the pages at `/docs` and `/docs/try`.",
    answer=str,
    media=(STYLE, SCRIPT),
)
def show_asset(call: Call) -> Reply:
    """Return a script or a style sheet."""
    name = call.path["asset"]
    if name in _OWN:
        return Reply(_own(name), headers=_KEPT_A_DAY, media=_OWN[name])
    if name in _THEIRS:
        media, folder = _THEIRS[name]
        return Reply(_their(folder, name), headers=_KEPT_A_DAY, media=media)
    raise NotFound("not_found", "Nothing has that id.")


def _own(name: str) -> bytes:
    return resources.files("chalicelib.routes").joinpath("pages", name).read_bytes()


def _their(folder: str, name: str) -> bytes:
    # The package is found and never imported: it would look for the framework that it is made for.
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise LookupError(f"{_PACKAGE} is pinned, and not installed")
    file = Path(spec.submodule_search_locations[0], _DISTRIBUTION, folder, name)
    return file.read_bytes().replace(_PICTURE, b"data:,")
