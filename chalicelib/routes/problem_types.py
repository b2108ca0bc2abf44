"""A page for each problem type: what a code means, what to do, and what its documents say."""

from __future__ import annotations

from functools import cache
from html import escape
from importlib import resources
from typing import Final

import msgspec

from chalicelib.domain.errors import NotFound
from chalicelib.routes.http.credentials import PUBLIC
from chalicelib.routes.http.operation import Call, Reply
from chalicelib.routes.http.problems import CODES, Code
from chalicelib.routes.http.refusals import EXTENSIONS
from chalicelib.routes.http.resource import Resource

api = Resource("problem_types", prefix="")

HTML: Final = "text/html; charset=utf-8"
_SETTINGS: Final = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "public, max-age=86400",
}


@api.get(
    "/problems/{code}",
    name="read_problem_type",
    scope=PUBLIC,
    summary="Read what a problem code means",
    description="The page that the `type` of a problem names, for people.",
    answer=str,
    media=(HTML,),
    patterns={"code": "[a-z_]{1,64}"},
)
def show(call: Call) -> Reply:
    """Return the page of a code."""
    name = call.path["code"]
    code = CODES.get(name)
    if code is None:
        raise NotFound("not_found", "There is no such problem code.")
    return Reply(_page(name, code).encode(), headers=_SETTINGS)


@cache
def meanings() -> dict[str, str]:
    """Return what each code means, and what to do about it: a sentence or two of its own."""
    text = resources.files("chalicelib.routes.http").joinpath("meanings.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, str])


def _page(name: str, code: Code) -> str:
    members = code.extensions.split()
    rows = "".join(
        f"<dt><code>{member}</code></dt><dd>{_text(EXTENSIONS[member][1])}</dd>\n"
        for member in members
    )
    shown = f"<h2>Members, where they are known</h2>\n<dl>\n{rows}</dl>\n" if members else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}: {escape(code.title)}</title>\n</head>\n<body>\n"
        f"<h1>{escape(code.title)}</h1>\n"
        f"<p><code>{name}</code>, with status {code.status}</p>\n"
        f"<p>{_text(meanings()[name])}</p>\n{shown}"
        '<p>All operations are in <a href="../docs">the reference</a>.</p>\n</body>\n</html>\n'
    )


def _text(text: str) -> str:
    """Return a sentence as HTML; what stands between backticks is code."""
    parts = escape(text, quote=False).split("`")
    return "".join(f"<code>{part}</code>" if n % 2 else part for n, part in enumerate(parts))
