"""Reading and writing of CBOR (RFC 8949) as far as an index of Pagefind needs it."""

from __future__ import annotations

from collections.abc import Iterator

_UNSIGNED, _TEXT, _ARRAY = 0, 3, 4
_SIZES = {24: 1, 25: 2, 26: 4, 27: 8}  # bytes of a number that follows its head


class CborError(ValueError):
    """Data of a kind that is not read here."""


def loads(data: bytes) -> int | str | list:
    """A value of numbers, texts and lists.

    Raises
    ------
    CborError
    """
    value, end = _value(data, 0)
    if end != len(data):
        raise CborError(f"{len(data) - end} bytes after the value")
    return value


def _value(data: bytes, at: int) -> tuple[int | str | list, int]:
    """The value at a place, and the place after it."""
    kind, number = data[at] >> 5, data[at] & 31
    at += 1
    if number in _SIZES:
        number, at = int.from_bytes(data[at:at + _SIZES[number]]), at + _SIZES[number]
    elif number > max(_SIZES):
        raise CborError(f"length {number} at {at}")
    if kind == _UNSIGNED:
        return number, at
    if kind == _TEXT:
        return data[at:at + number].decode(), at + number
    if kind != _ARRAY:
        raise CborError(f"kind {kind} at {at}")
    items = []
    for _ in range(number):
        item, at = _value(data, at)
        items.append(item)
    return items, at


def dumps(value: int | str | list) -> bytes:
    """The bytes of a value of numbers, texts and lists."""
    return b"".join(_parts(value))


def _parts(value: int | str | list) -> Iterator[bytes]:
    if isinstance(value, int):
        yield _head(_UNSIGNED, value)
    elif isinstance(value, str):
        text = value.encode()
        yield _head(_TEXT, len(text))
        yield text
    else:
        yield _head(_ARRAY, len(value))
        for item in value:
            yield from _parts(item)


def _head(kind: int, number: int) -> bytes:
    """The beginning of a value, as short as it can be."""
    if number < min(_SIZES):
        return bytes([kind << 5 | number])
    mark, size = next((mark, size) for mark, size in _SIZES.items() if number < 256 ** size)
    return bytes([kind << 5 | mark]) + number.to_bytes(size)
