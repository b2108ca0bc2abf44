"""
Code samples of every operation, in curl, Python and TypeScript, made of the document's examples.

Each is sent as it stands to the example clinic of `tessera serve`, which has what they name.  What
each installation draws itself is in the environment, as ``TESSERA_API_KEY``.  What would be out of
date in a text is made when the sample runs: the key of an idempotent write and what else identifies
it, since each run is an intention of its own, and the time of an activity, since what happened long
ago is refused.
"""

from __future__ import annotations

import json
import re
from shlex import quote
from textwrap import indent
from typing import Any, Final, NamedTuple
from urllib.parse import quote as quoted
from urllib.parse import urlencode

from chalicelib.routes.http.examples import Example, example_of
from chalicelib.routes.http.operation import JSON_TYPE

_IDEMPOTENCY: Final = "Idempotency-Key"
_SUCCESS_BELOW: Final = "300"
_TIMEOUT_S: Final = 10
#: Marks in a body of what a sample makes when it runs, the present and an end that is new, and of
#: what it takes from the environment.
_NOW: Final = "@now"
_NEW: Final = "@new"
_DRAWN: Final = re.compile(r"@(TESSERA_\w+)")
_NEW_IN_SHELL: Final = "$(date +%s)-$RANDOM"


class _Sent(NamedTuple):
    """What an operation's example sends, and which kind of answer comes."""

    method: str
    url: str
    #: The variable with the credential; none where it takes none.
    bearer: str | None
    has_key: bool
    headers: dict[str, str]
    body: Any
    answers_json: bool


def with_samples(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document, which says where it is served, with samples as `x-codeSamples`."""
    base_url = document["servers"][0]["url"]
    paths = {
        path: {
            method: {**operation, "x-codeSamples": samples(method, base_url + path, operation)}
            for method, operation in methods.items()
        }
        for path, methods in document["paths"].items()
    }
    return {**document, "paths": paths}


def samples(method: str, address: str, operation: dict[str, Any]) -> list[dict[str, str]]:
    """Return the samples of an operation, whose ``address`` is a template."""
    sent = _sent(method.upper(), address, operation)
    return [
        {"lang": "Shell", "label": "curl", "source": _curl(sent)},
        {"lang": "Python", "label": "Python", "source": _python(sent)},
        {"lang": "TypeScript", "label": "TypeScript", "source": _typescript(sent)},
    ]


def _sent(method: str, address: str, operation: dict[str, Any]) -> _Sent:
    given: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "header": {}}
    for each in operation["parameters"]:
        if "example" in each:
            given[each["in"]][each["name"]] = each["example"]
    for name, value in given["path"].items():
        address = address.replace(f"{{{name}}}", quoted(str(value), safe=""))
    has_key = given["header"].pop(_IDEMPOTENCY, None) is not None
    example = example_of(operation["operationId"])
    content = operation.get("requestBody", {}).get("content", {}).get(JSON_TYPE, {})
    answers = [each for status, each in operation["responses"].items() if status < _SUCCESS_BELOW]
    return _Sent(
        method,
        f"{address}?{urlencode(given['query'])}" if given["query"] else address,
        bearer=_variable(example.bearer) if operation["security"] else None,
        has_key=has_key,
        headers={name: str(value) for name, value in given["header"].items()},
        body=_marked(content.get("example"), example),
        answers_json=any(JSON_TYPE in each.get("content", {}) for each in answers),
    )


def _marked(value: Any, example: Example) -> Any:
    """Return a body, or a part of it, with marks where it says something else each time."""
    if isinstance(value, list):
        return [_marked(each, example) for each in value]
    if isinstance(value, dict):
        marked = {name: _marked(each, example) for name, each in value.items()}
        return marked | ({"occurred_at": _NOW} if "occurred_at" in value else {})
    if value in example.minted:
        return f"{value}-{_NEW}"
    return f"@{_variable(example.drawn[value])}" if value in example.drawn else value


def _variable(credential: str) -> str:
    """Return the variable in which `tessera serve` prints a credential."""
    return f"TESSERA_{credential.upper()}"


def _curl(sent: _Sent) -> str:
    # What has a variable in it is in double quotes, everything else in quotes that hide nothing.
    headers = [f'"Authorization: Bearer ${sent.bearer}"'] if sent.bearer else []
    if sent.has_key:
        headers.append(f'"{_IDEMPOTENCY}: {_NEW_IN_SHELL}"')
    headers += [quote(f"{name}: {value}") for name, value in sent.headers.items()]
    parts = [f"curl{_curl_method(sent)} {quote(sent.url)}"]
    if sent.body is not None:
        headers.append(f"'Content-Type: {JSON_TYPE}'")
    parts += [f"-H {header}" for header in headers]
    if sent.body is not None:
        body = quote(_json(sent.body)).replace(_NOW, "'\"$(date -u +%Y-%m-%dT%H:%M:%SZ)\"'")
        body = _DRAWN.sub(r"""'"$\1"'""", body)
        parts.append("-d " + body.replace(_NEW, f"'\"{_NEW_IN_SHELL}\"'"))
    return " \\\n  ".join(parts) + "\n"


def _curl_method(sent: _Sent) -> str:
    default = "GET" if sent.body is None else "POST"
    return "" if sent.method == default else f" -X {sent.method}"


def _python(sent: _Sent) -> str:
    bearer = f""""Authorization": f"Bearer {{os.environ['{sent.bearer}']}}\""""
    headers = [bearer] if sent.bearer else []
    if sent.has_key:
        headers.append(f'"{_IDEMPOTENCY}": str(uuid.uuid4())')
    headers += [f"{_text(name)}: {_text(value)}" for name, value in sent.headers.items()]
    arguments = [_text(sent.url)]
    if headers:
        arguments.append(
            "headers={\n" + "".join(f"        {each},\n" for each in headers) + "    }"
        )
    if sent.body is not None:
        arguments.append(f"json={_literal(sent.body, 1)}")
    arguments.append(f"timeout={_TIMEOUT_S}")
    written = "".join(f"    {each},\n" for each in arguments)
    imported = {"os": "os.environ", "uuid": "uuid.uuid4"}
    first = "".join(f"import {name}\n" for name, used in imported.items() if used in written)
    if "datetime.now" in written:
        first += "from datetime import UTC, datetime\n"
    return (
        (f"{first}\n" if first else "")
        + f"import requests\n\nanswer = requests.{sent.method.lower()}(\n{written})\n"
        + f"print(answer.status_code, answer.{'json()' if sent.answers_json else 'text'})\n"
    )


def _literal(value: Any, depth: int) -> str:
    """Return a value that JSON can say as Python says it, with its parts ``depth`` levels deep."""
    before, after = "    " * (depth + 1), "    " * depth
    if isinstance(value, dict) and value:
        fields = (f"{_text(name)}: {_literal(item, depth + 1)}" for name, item in value.items())
        return "{\n" + "".join(f"{before}{field},\n" for field in fields) + f"{after}}}"
    if isinstance(value, list) and value:
        items = (_literal(item, depth + 1) for item in value)
        return "[\n" + "".join(f"{before}{item},\n" for item in items) + f"{after}]"
    if value == _NOW:
        return "datetime.now(UTC).isoformat()"
    if not isinstance(value, str):
        return repr(value)
    if drawn := _DRAWN.fullmatch(value):
        return f'os.environ["{drawn[1]}"]'
    return f"f{_text(value)}".replace(_NEW, "{uuid.uuid4()}") if _NEW in value else _text(value)


def _typescript(sent: _Sent) -> str:
    bearer = f"Authorization: `Bearer ${{process.env.{sent.bearer}}}`"
    headers = [bearer] if sent.bearer else []
    if sent.has_key:
        headers.append(f'"{_IDEMPOTENCY}": crypto.randomUUID()')
    headers += [f"{_text(name)}: {_text(value)}" for name, value in sent.headers.items()]
    if sent.body is not None:
        headers.append(f'"Content-Type": "{JSON_TYPE}"')
    settings = [] if sent.method == "GET" else [f'method: "{sent.method}"']
    if headers:
        settings.append("headers: {\n" + "".join(f"    {each},\n" for each in headers) + "  }")
    if sent.body is not None:
        body = indent(_json(sent.body), "  ").lstrip().replace(_text(_NOW), "new Date()")
        body = re.sub(f'"{_DRAWN.pattern}"', r"process.env.\1", body)
        body = re.sub(f'"([^"]*){_NEW}"', r"`\1${crypto.randomUUID()}`", body)
        settings.append(f"body: JSON.stringify({body})")
    written = "".join(f"  {each},\n" for each in settings)
    more = f", {{\n{written}}}" if written else ""
    return (
        f"const answer = await fetch({_text(sent.url)}{more});\n"
        f"console.log(answer.status, await answer.{'json' if sent.answers_json else 'text'}());\n"
    )


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _text(text: str) -> str:
    """Return a text as Python and TypeScript both say it."""
    return json.dumps(text, ensure_ascii=False)
