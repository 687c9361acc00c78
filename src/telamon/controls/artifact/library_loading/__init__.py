"""Loads models where loading can do nothing else, and converts them without loading them.

## What it does

`telamon load MODEL TARGET` loads a model with the library that wrote it in a process that can read the model and the
installed libraries, and nothing more: no other file, no program, no network. Only tensors come back, through shared
memory, and are written as safetensors or npz. `telamon convert MODEL TARGET` turns torch, joblib and NumPy files into
safetensors on an abstract machine, without executing anything, and takes the sandbox where that does not go.

## Why it matters

Formats that hold programs have to be executed to be read by their own libraries. A list of allowed names is only as
good as the list. A process that may do nothing has nothing to lose.

## How it decides

1. **Before a byte is read** the process gives up its rights for good: Landlock for files and the network, seccomp for
   system calls, limits on memory, processor time and files, and no way to gain new privileges.
2. **What comes back** is a table of names, types and shapes with the raw numbers, checked for every size. Nothing is
   unpickled outside of the sandbox.
3. **Where the kernel lacks a part** the result is `not-understood` and says `degraded` with what is missing;
   `require: sandbox` refuses instead.
4. **A file with a profile** (`telamon profile`, `profiles`) looks up what its profile has and nothing else, and is
   refused where it was changed.

## Example

```console
$ telamon convert model.pt model.safetensors
```

```yaml
controls:
  library-loading:
    require: sandbox
```

## Limits

* Nothing guards the loads of your own program yet, and no configuration is checked.
* The sandbox is Linux's (x86_64 and aarch64); elsewhere the load is degraded.
* Only tensors come back; estimators with their methods do not.

## References

* MITRE ATLAS AML.M0011 Restrict Library Loading.
* Linux: landlock(7), seccomp(2), prctl(2) `PR_SET_NO_NEW_PRIVS`.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from telamon.core.control import Control

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from telamon.controls.artifact.library_loading.settings import LibraryLoadingSettings
    from telamon.core.commands import CommandReference

NO_GUARD = "the guard of a program's own loads is not built yet; the sandbox is a command that one takes instead"
COMMANDS = "telamon.controls.artifact.library_loading.load_commands"


class LibraryLoading(Control):
    """AML.M0011 Restrict Library Loading."""

    name: ClassVar[str] = "library-loading"
    mitigation: ClassVar[str] = "AML.M0011"
    declared: ClassVar[Mapping[str, str]] = MappingProxyType(
        dict.fromkeys(("AML.T0011", "AML.T0011.000", "AML.T0011.001"), NO_GUARD)
    )

    def settings(self) -> type[LibraryLoadingSettings]:
        """The struct that the policy's section is read into."""
        from telamon.controls.artifact.library_loading.settings import LibraryLoadingSettings

        return LibraryLoadingSettings

    def commands(self) -> Sequence[CommandReference]:
        """`telamon load` and `telamon convert`."""
        from telamon.core.commands import CommandReference

        return (
            CommandReference(
                name="load", target=f"{COMMANDS}:load", summary="Load a model in a sandbox and write its tensors."
            ),
            CommandReference(
                name="convert",
                target=f"{COMMANDS}:convert",
                summary="Turn a model into safetensors without executing it.",
            ),
        )
