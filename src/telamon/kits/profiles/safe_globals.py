"""The line that lets torch's own restricted loader (`weights_only=True`) take a file, and no more than the file needs.

What torch allows by itself is `_get_allowed_globals` in torch/_weights_only_unpickler.py (torch 2.4 to 2.13).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from telamon.kits.callables import lookup

if TYPE_CHECKING:
    from collections.abc import Iterable

_BY_TORCH: Final = frozenset(
    {
        *(("collections", name) for name in ("OrderedDict", "Counter")),
        *(("builtins", name) for name in ("bytearray", "complex", "set")),
        *(("torch._utils", f"_rebuild_{name}") for name in ("tensor", "tensor_v2", "tensor_v3", "nested_tensor")),
        *(("torch._utils", f"_rebuild_{name}") for name in ("parameter", "parameter_with_state", "qtensor")),
        *(("torch._utils", f"_rebuild_{name}") for name in ("sparse_tensor", "wrapper_subclass")),
        *(("torch._utils", f"_rebuild_{name}") for name in ("meta_tensor_no_storage", "device_tensor_from_numpy")),
        ("torch._utils", "_rebuild_device_tensor_from_cpu_tensor"),
        ("torch._tensor", "_rebuild_from_type_v2"),
        ("torch.nn.parameter", "Parameter"),
        ("torch.serialization", "_get_layout"),
        ("torch.storage", "TypedStorage"),
        ("torch.storage", "UntypedStorage"),
        ("_codecs", "encode"),
    }
)
# Tensors and storages of each type, numbers' types, and schemes of quantization.
_TORCH: Final = re.compile(
    r"\w+(Tensor|Storage)|Tensor|Size|device|bool|bfloat16|u?int\d+|q(u?int)\w+|complex\d+|float\d+\w*|bits\w+|per_\w+"
)
_TORCH_MODULES: Final = frozenset({"torch", "torch.cuda", "torch.sparse", "torch.cuda.sparse"})
# Each number type of numpy has a class of its own, to which torch gives state.
_NUMBERS: Final = '*{type(numpy.dtype(code)) for code in "?bBhHiIlLqQefdFDSUVOMm"}'
_PLAIN: Final = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")  # what can be written down in a line of Python


def safe_globals(names: Iterable[tuple[str, str]]) -> tuple[str, tuple[str, ...]]:
    """Return the lines of Python that allow names to torch, and those names that nobody should allow it.

    The lines are empty where torch allows every name by itself. What stands in the table as more than data, such as
    `builtins.getattr`, is left out: torch allows a name to every later file, and whatever its arguments are.

    Args:
        names: Module and qualified name of what the file needs.
    """
    modules: set[str] = set()
    wanted: dict[str, None] = {}
    left_out: list[str] = []
    for module, name in sorted(names):
        if _is_allowed(module, name):
            continue
        known = lookup(module, name)
        if (known is not None and known.is_dangerous) or not _PLAIN.fullmatch(f"{module}.{name}"):
            left_out.append(f"{module}.{name}")
            continue
        current = module.replace("numpy.core", "numpy._core", 1) if module.startswith("numpy.core.") else module
        modules.add(current)
        shown = name if current == "builtins" else f"{current}.{name}"
        # numpy calls itself by its new name, the file by the old one; torch compares texts.
        wanted[f'({shown}, "{module}.{name}")' if current != module else shown] = None
        if (module, name) == ("numpy", "dtype"):
            wanted[_NUMBERS] = None
    if not wanted:
        return "", tuple(left_out)
    imports = ", ".join(sorted((modules | {"torch"}) - {"builtins"}))
    line = f"import {imports}\ntorch.serialization.add_safe_globals([{', '.join(wanted)}])\n"
    return line, tuple(left_out)


def _is_allowed(module: str, name: str) -> bool:
    return (module, name) in _BY_TORCH or (module in _TORCH_MODULES and _TORCH.fullmatch(name) is not None)
