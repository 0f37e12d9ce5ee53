"""A quick look at a JSON value: whether it certainly has the shape that a JSON Schema asks for.

Most values of a grade are right, and there may be a thousand of them. jsonschema takes 0.1 ms for one, and 50 ms to be
imported. So it is asked only where this module is not certain: it has the last word, and the words for a report. The
keywords are those of JSON Schema 2020-12 (Validation 6, Core 10.3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, TypeGuard

#: Whether a value is certainly right. False: it may be wrong.
Fits: TypeAlias = Callable[[Any], bool]

_ANNOTATIONS: Final = ("$schema", "$comment", "title", "description")
#: The Python types of the values of each JSON type. A float such as 1.0 is an integer, too (Validation 6.1.1): that is
#: left to jsonschema.
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def quick_look(schema: object) -> Fits | None:
    """A quick look at values by ``schema``; None for a schema that asks for more than this module knows, or is none."""
    if not isinstance(schema, dict):
        return None
    looks = []
    for keyword, asked in schema.items():
        if keyword in _ANNOTATIONS and isinstance(asked, str):
            continue
        look = _KEYWORDS[keyword](asked) if keyword in _KEYWORDS else None
        if look is None:
            return None
        looks.append(look)

    def fits(value: Any) -> bool:
        for look in looks:  # noqa: SIM110 - all() with a generator takes twice as long
            if not look(value):
                return False
        return True

    return fits


def _type(asked: object) -> Fits | None:
    names = asked if isinstance(asked, list) else [asked]
    if not names or not _are_names(names) or not _TYPES.keys() >= set(names):
        return None
    types = frozenset(one for name in names for one in _TYPES[name])
    return lambda value: type(value) in types  # True is an int in Python, and no integer in JSON


def _const(asked: object) -> Fits | None:
    return _enum([asked])


def _enum(asked: object) -> Fits | None:
    """Only of texts, whole numbers, true, false and null: Python takes 1, 1.0 and True for equal."""
    if not isinstance(asked, list) or not all(isinstance(one, str | int | None) for one in asked):
        return None
    allowed = frozenset((type(one), one) for one in asked)
    return lambda value: isinstance(value, str | int | None) and (type(value), value) in allowed


def _required(asked: object) -> Fits | None:
    if not _are_names(asked):
        return None
    names = frozenset(asked)
    return lambda value: not isinstance(value, dict) or names <= value.keys()


def _properties(asked: object) -> Fits | None:
    if not isinstance(asked, dict):
        return None
    found = {name: quick_look(schema) for name, schema in asked.items()}
    looks = [(name, look) for name, look in found.items() if look is not None]
    if len(looks) < len(found):
        return None

    def fits(value: Any) -> bool:
        if isinstance(value, dict):
            for name, look in looks:
                if name in value and not look(value[name]):
                    return False
        return True

    return fits


def _items(asked: object) -> Fits | None:
    look = quick_look(asked)
    return look and (lambda value: not isinstance(value, list) or all(map(look, value)))


def _are_names(asked: object) -> TypeGuard[list[str]]:
    return isinstance(asked, list) and all(isinstance(one, str) for one in asked) and len(set(asked)) == len(asked)


def _minimum(asked: object) -> Fits | None:
    return (lambda value: not isinstance(value, int | float) or value >= asked) if _is_number(asked) else None


def _maximum(asked: object) -> Fits | None:
    return (lambda value: not isinstance(value, int | float) or value <= asked) if _is_number(asked) else None


def _is_number(asked: object) -> TypeGuard[int | float]:
    return type(asked) in (int, float)


def _least(kind: type[list[Any] | str]) -> Callable[[object], Fits | None]:
    """A keyword by which a value of ``kind`` has no fewer elements, or characters."""
    return lambda asked: (
        (lambda value: not isinstance(value, kind) or len(value) >= asked) if _is_count(asked) else None
    )


def _most(kind: type[list[Any] | str]) -> Callable[[object], Fits | None]:
    """The same: no more."""
    return lambda asked: (
        (lambda value: not isinstance(value, kind) or len(value) <= asked) if _is_count(asked) else None
    )


def _is_count(asked: object) -> TypeGuard[int]:
    return type(asked) is int and asked >= 0


_KEYWORDS: Final[Mapping[str, Callable[[Any], Fits | None]]] = {
    "type": _type,
    "const": _const,
    "enum": _enum,
    "required": _required,
    "properties": _properties,
    "items": _items,
    "minimum": _minimum,
    "maximum": _maximum,
    "minLength": _least(str),
    "maxLength": _most(str),
    "minItems": _least(list),
    "maxItems": _most(list),
}
