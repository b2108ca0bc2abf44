"""A page for each problem type: what a code means, what to do, and what its documents say."""

from __future__ import annotations

from html import escape
from typing import Final

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
#: What to do about a refusal of a status.
_ADVICE: Final = {
    400: "The request cannot be read as it is. `detail` and `errors` say where: put that right.",
    401: "Send `Authorization: Bearer <token>`, with an API key or a token that is valid now.",
    403: "The credential is good, but does not allow this. Use one that does.",
    404: "It is not there, or it is not the caller's to see: the two are answered alike.",
    405: "The path has no such method. `Allow` names those that it has.",
    409: "The present state does not allow this. `detail` says what would; the same request may "
    "succeed later.",
    412: "It has changed since it was read. Read it again, and decide anew.",
    413: "It is over a documented limit. Send less.",
    415: "Send the body as `application/json`, in UTF-8.",
    422: "The request can never succeed as it is. `detail` and `errors` say what to change, by "
    "place.",
    429: "Nothing was done. Send the same request again after `Retry-After` seconds.",
    500: "It is our fault. Send the same request again; where that fails, report `X-Request-Id`.",
    503: "It is not known to be done. Send the same request again, with the same key, after "
    "`Retry-After` seconds: it has one effect.",
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
        f"<p>{_text(_ADVICE[code.status])}</p>\n{shown}"
        '<p>All operations are in <a href="../docs">the reference</a>.</p>\n</body>\n</html>\n'
    )


def _text(text: str) -> str:
    """Return a sentence as HTML; what stands between backticks is code."""
    parts = escape(text, quote=False).split("`")
    return "".join(f"<code>{part}</code>" if n % 2 else part for n, part in enumerate(parts))
