"""Names of item types in torch and numpy, as safetensors calls them."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

STORAGES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "BoolStorage": "BOOL",
        "ByteStorage": "U8",
        "CharStorage": "I8",
        "ShortStorage": "I16",
        "IntStorage": "I32",
        "LongStorage": "I64",
        "HalfStorage": "F16",
        "BFloat16Storage": "BF16",
        "FloatStorage": "F32",
        "DoubleStorage": "F64",
        "ComplexFloatStorage": "C64",
    }
)
"""Classes of `torch` that type a storage."""

TORCH: Final[Mapping[str, str]] = MappingProxyType(
    {
        "bool": "BOOL",
        "uint8": "U8",
        "int8": "I8",
        "int16": "I16",
        "uint16": "U16",
        "int32": "I32",
        "uint32": "U32",
        "int64": "I64",
        "uint64": "U64",
        "float16": "F16",
        "bfloat16": "BF16",
        "float32": "F32",
        "float64": "F64",
        "complex64": "C64",
        "float8_e4m3fn": "F8_E4M3",
        "float8_e5m2": "F8_E5M2",
        "float8_e4m3fnuz": "F8_E4M3FNUZ",
        "float8_e5m2fnuz": "F8_E5M2FNUZ",
        "float8_e8m0fnu": "F8_E8M0",
    }
)
"""Attributes of `torch` that are types."""

NUMPY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "?": "BOOL",
        "b1": "BOOL",
        "i1": "I8",
        "u1": "U8",
        "i2": "I16",
        "u2": "U16",
        "f2": "F16",
        "i4": "I32",
        "u4": "U32",
        "f4": "F32",
        "i8": "I64",
        "u8": "U64",
        "f8": "F64",
        "c8": "C64",
    }
)
"""numpy's type codes, without the byte order."""
