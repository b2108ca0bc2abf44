"""
The API reference: a page that shows the OpenAPI document, with nothing from elsewhere.

Script and style are those of Swagger UI, out of a package that is kept for serving them.  The page
may load only what this API serves, and its addresses are relative, so that it works below a stage's
path and behind a domain of one's own alike.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Final

from chalicelib.domain.errors import NotFound
from chalicelib.routes.credentials import PUBLIC
from chalicelib.routes.http import Resource
from chalicelib.routes.operation import Call, Reply

api = Resource("reference", prefix="")

HTML: Final = "text/html; charset=utf-8"
STYLE: Final = "text/css; charset=utf-8"
SCRIPT: Final = "text/javascript; charset=utf-8"

_PACKAGE: Final = "drf_spectacular_sidecar"
_DISTRIBUTION: Final = "static/drf_spectacular_sidecar/swagger-ui-dist"
_SETTINGS: Final = {
    # Swagger UI styles elements one by one; there is no other way to let it.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
}
_KEPT_A_DAY: Final = {"Cache-Control": "public, max-age=86400"}

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tessera API reference</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="stylesheet" href="docs/reference.css">
</head>
<body>
<noscript>This page needs JavaScript; the document itself is at <a href="openapi.json">openapi.json
</a>.</noscript>
<main id="reference"></main>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/reference.js"></script>
</body>
</html>
"""

_LEADS: Final = b'<a href="docs">Tessera API reference</a>'

# Its link to the licence leads elsewhere, and there is one server: both are hidden by the style.
# Operations are listed and closed; what one may hold (`x-scope`) is shown beside each.
_START: Final = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  defaultModelExpandDepth: 2,
  displayRequestDuration: true,
  filter: true,
  showExtensions: true,
  validatorUrl: null,
  persistAuthorization: false
});
"""

_LOOK: Final = """body { margin: 0; background: #fff; }
.swagger-ui .info { margin: 24px 0; }
.swagger-ui .scheme-container { padding: 12px 0; box-shadow: none; }
.swagger-ui .info__license, .swagger-ui .servers { display: none; }
.swagger-ui table.headers td, .swagger-ui .parameters-col_description { word-break: break-word; }
"""

_OWN: Final = {"reference.css": (STYLE, _LOOK), "reference.js": (SCRIPT, _START)}
_THEIRS: Final = {"swagger-ui.css": STYLE, "swagger-ui-bundle.js": SCRIPT}


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
    description="A page that shows `/openapi.json`; it loads nothing from elsewhere.",
    answer=str,
    media=(HTML,),
)
def show(call: Call) -> Reply:  # noqa: ARG001 - the same for everyone
    """Return the page."""
    return Reply(_PAGE.encode(), headers=_SETTINGS)


@api.get(
    "/docs/{asset}",
    name="read_reference_asset",
    scope=PUBLIC,
    summary="Read a file of the API reference",
    description="Script and style of the page at `/docs`.",
    answer=str,
    media=(STYLE, SCRIPT),
)
def show_asset(call: Call) -> Reply:
    """Return a script or a style sheet."""
    name = call.path["asset"]
    if name in _OWN:
        media, text = _OWN[name]
        return Reply(text.encode(), headers=_KEPT_A_DAY, media=media)
    if name in _THEIRS:
        return Reply(_asset(name), headers=_KEPT_A_DAY, media=_THEIRS[name])
    raise NotFound("not_found", "Nothing has that id.")


def _asset(name: str) -> bytes:
    # The package is found and never imported: it would look for the framework that it is made for.
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise LookupError(f"{_PACKAGE} is pinned, and not installed")
    return Path(spec.submodule_search_locations[0], _DISTRIBUTION, name).read_bytes()
