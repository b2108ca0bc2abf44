"""
The part of CEL that conditions and formulas may use, checked on the compiled expression.

CEL at large has doubles, dynamic values, regular expressions and joined texts.  Each of them
would break a promise: amounts are whole numbers, a misspelt name is found when the programme is
validated, and an evaluation ends soon.  cel-cpp bounds iterations (10,000 an evaluation) but not
what happens in one: ``[x].map(x, x + x + …)`` nested seven deep takes 600 MB in 236 characters,
and one ``matches`` with counted repetitions 20 ms.  So the language is an allow-list:

* values are whole numbers, texts, truth values, lines, and flat lists of these;
* ``+`` adds numbers; ``==``, ``!=`` and ``in`` compare plain values, not lists or lines;
* functions are those of `FUNCTIONS`.

The check walks the checked syntax tree, which an expression serialises to, and not the text: it
knows the type of every node, so nothing can hide in a string, a comment or a conversion.  Message
types are built at run time from the tables below; importing this module loads no protobuf.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from google.protobuf.descriptor_pool import DescriptorPool

LINE: Final = "tessera.Line"
LINE_FIELDS: Final = ("sku", "category", "amount", "quantity")
FUNCTIONS: Final = ("contains", "endsWith", "int", "size", "startsWith", "string")
MACROS: Final = ("all", "exists", "exists_one", "filter", "has", "map")

_OPERATORS: Final = frozenset({"_&&_", "_||_", "!_", "_?_:_", "@in", "_[_]"})
_COMPARISONS: Final = frozenset({"_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"})
_ARITHMETIC: Final = frozenset({"_+_", "_-_", "_*_", "_/_", "_%_", "-_"})
_INSIDE_MACROS: Final = frozenset({"@not_strictly_false"})
_ALLOWED: Final = _OPERATORS | _COMPARISONS | _ARITHMETIC | _INSIDE_MACROS | set(FUNCTIONS)
_MACRO_RESULT: Final = "@result"

# Primitive types, by their numbers in `cel.expr.Type`.
_BOOL, _INT, _DOUBLE, _STRING = 1, 2, 4, 5
_PLAIN: Final = frozenset({_BOOL, _INT, _STRING})

# What is read of `cel.expr.CheckedExpr` (cel-spec, checked.proto and syntax.proto): name, number,
# type, with * for repeated.  A map is a repeated pair of key and value, as on the wire.
_CHECKED: Final = {
    "Any": "value=2:bytes",
    "Checked": "types=3:*TypeOf root=4:Expr info=5:Info",
    "TypeOf": "key=1:int64 value=2:Type",
    "Type": "primitive=3:int64 list=6:ListType message=9:string",
    "ListType": "element=1:Type",
    "Info": "positions=4:*Position",
    "Position": "key=1:int64 value=2:int64",
    "Expr": "id=2:int64 ident=4:Ident select=5:Select call=6:Call list=7:List struct=8:Struct "
    "comprehension=9:Comprehension",
    "Ident": "name=1:string",
    "Select": "operand=1:Expr",
    "Call": "target=1:Expr function=2:string args=3:*Expr",
    "List": "elements=1:*Expr",
    "Struct": "entries=2:*Entry",
    "Entry": "id=1:int64",
    "Comprehension": "range=2:Expr start=4:Expr condition=5:Expr step=6:Expr result=7:Expr",
}


class Misuse(NamedTuple):
    """What an expression may not contain, and the offset in characters where it stands."""

    message: str
    offset: int


class Grammar:
    """The check, with the message types that it reads expressions into."""

    def __init__(self, pool: DescriptorPool) -> None:
        self._messages = declare_messages(pool, "tessera.checked", _CHECKED)

    def violation(self, serialized: bytes) -> Misuse | None:
        """Return the first thing in a serialised, checked expression that is not allowed."""
        wrapped = self._messages["Any"].FromString(serialized)
        checked = self._messages["Checked"].FromString(wrapped.value)
        types = {entry.key: entry.value for entry in checked.types}
        nodes = list(_walk(checked.root))
        # Causes come before their consequences: a double or a dyn() spoils the types around it.
        for check in (_double, _function, _kind, _operands):
            for node in nodes:
                if message := check(node, types):
                    offsets = {entry.key: entry.value for entry in checked.info.positions}
                    return Misuse(message, offsets.get(node.id, 0))
        return None


def declare_messages(
    pool: DescriptorPool, package: str, tables: dict[str, str]
) -> dict[str, type[Any]]:
    """
    Declare protobuf messages in ``pool`` and return their classes by name.

    A table lists fields as ``name=number:type``, with ``*`` before the type of a repeated field;
    a type is ``int64``, ``string``, ``bytes`` or the name of another table.
    """
    from google.protobuf import descriptor_pb2, message_factory

    field_types = descriptor_pb2.FieldDescriptorProto
    scalars = {
        "int64": field_types.TYPE_INT64,
        "string": field_types.TYPE_STRING,
        "bytes": field_types.TYPE_BYTES,
    }
    file = descriptor_pb2.FileDescriptorProto(
        name=f"{package}.proto", package=package, syntax="proto3"
    )
    for message, fields in tables.items():
        declared = file.message_type.add(name=message)
        for field in fields.split():
            name, _, rest = field.partition("=")
            number, _, kind = rest.partition(":")
            bare = kind.lstrip("*")
            declared.field.add(
                name=name,
                number=int(number),
                type=scalars.get(bare, field_types.TYPE_MESSAGE),
                type_name=None if bare in scalars else f".{package}.{bare}",
                label=field_types.LABEL_REPEATED if bare != kind else field_types.LABEL_OPTIONAL,
            )
    pool.AddSerializedFile(file.SerializeToString())
    return {
        message: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{message}"))
        for message in tables
    }


def _walk(node: Any) -> Iterator[Any]:
    yield node
    for child in _children(node):
        yield from _walk(child)


def _children(node: Any) -> list[Any]:
    if node.HasField("select"):
        return [node.select.operand]
    if node.HasField("call"):
        target = [node.call.target] if node.call.HasField("target") else []
        return [*target, *node.call.args]
    if node.HasField("list"):
        return list(node.list.elements)
    if node.HasField("comprehension"):
        loop = node.comprehension
        return [loop.range, loop.start, loop.condition, loop.step, loop.result]
    return []


def _double(node: Any, types: dict[int, Any]) -> str | None:
    kind = types.get(node.id)
    if kind is None or kind.primitive != _DOUBLE:
        return None
    return (
        "amounts are whole numbers and decimals never appear: write integers, such as "
        "activity.amount * 3 / 2 for one and a half times (integer division drops the remainder)"
    )


def _function(node: Any, _: dict[int, Any]) -> str | None:
    name = node.call.function
    if not name or name in _ALLOWED:
        return None
    if name == "matches":
        return (
            "regular expressions take unbounded time: use startsWith, endsWith, contains, "
            "or in with a list"
        )
    return f"{name}() is not available: the functions are {', '.join(FUNCTIONS)}"


def _kind(node: Any, types: dict[int, Any]) -> str | None:
    if _is_value(types.get(node.id)) and not node.HasField("struct"):
        return None
    return (
        "only whole numbers, texts, truth values, lines and flat lists of these may be used: "
        "leave out maps, nested or mixed lists, null, bytes, dates and dynamic values"
    )


def _operands(node: Any, types: dict[int, Any]) -> str | None:
    function, args = node.call.function, node.call.args
    if function == "_+_" and not _is_plain(types[args[0].id], _INT):
        if args[0].ident.name != _MACRO_RESULT:  # how filter and map collect their lists
            return "texts and lists cannot be joined: + adds whole numbers"
    elif function in {"_==_", "_!=_"} and not all(_is_plain(types[arg.id]) for arg in args):
        return "whole lists and lines cannot be compared: compare their fields or their size"
    elif function == "@in" and not _is_plain(types[args[0].id]):
        return "only a number, text or truth value can be looked for with in"
    return None


def _is_value(kind: Any) -> bool:
    """Return ``None`` for a node of dynamic type, which has no entry, so ``None`` is no value."""
    if kind is None:
        return False
    flat = kind.list.element if kind.HasField("list") else kind
    return flat.primitive in _PLAIN or flat.message == LINE


def _is_plain(kind: Any, *wanted: int) -> bool:
    return kind.primitive in (wanted or _PLAIN)
