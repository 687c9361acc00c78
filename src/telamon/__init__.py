"""telamon: every mitigation of MITRE ATLAS as a working, enforced and proved control.

As a library: `telamon.open_checked(path)` gives a loader a file that every guard lets be loaded, `telamon.load(path)`
the tensors of a model that is loaded in a sandbox, and `telamon.guard()` guards all loads of the process. The types of
what this module offers stand in `__init__.pyi`, because what they need lies above everything that imports this module.
"""

from __future__ import annotations

__version__ = "0.1.0"

_HOMES = {
    "DeniedError": "telamon.checking.opening",
    "guard": "telamon.controls.artifact.library_loading.guarding.installing",
    "open_checked": "telamon.checking.opening",
    "load": "telamon.controls.artifact.library_loading.loading",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for: `import telamon` alone costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module `telamon` has no attribute `{name}`")
    from importlib import import_module  # noqa: PLC0415  # as above

    return getattr(import_module(_HOMES[name]), name)
