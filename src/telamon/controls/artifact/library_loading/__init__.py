"""Loads models where loading can do nothing else, and converts them without loading them.

## What it does

`telamon load MODEL TARGET` loads a model with the library that wrote it in a process that can read the model and the
installed libraries, and nothing more: no other file, no program, no network. Only tensors come back, through shared
memory, and are written as safetensors or npz. `telamon convert MODEL TARGET` turns torch, joblib and NumPy files into
safetensors on an abstract machine, without executing anything, and takes the sandbox where that does not go.

`telamon check PATH` reads a deployment, its programs and its settings, for what lets a load do more than it must:

| Files | What is judged |
|---|---|
| Python, notebooks | restrictions switched off (`weights_only`, `allow_pickle`, `safe_mode`), fetched pickles |
| | code of repositories (`trust_remote_code`), loaders of YAML, native libraries, search paths, imports |
| Shell, Dockerfiles, Makefiles, systemd | options of servers, variables (`TORCH_FORCE_...`, `LD_PRELOAD`) |
| Compose, Kubernetes, workflows, `.env`, INI, TOML, JSON | the same, and the keys of servers' own settings |
| TorchServe's `config.properties`, Triton's `config.pbtxt` | who may register models, and from where |
| `.pth` files, native libraries, `site-packages` | code at the start of Python, and what everybody can write to |

## Why it matters

Formats that hold programs have to be executed to be read by their own libraries. A list of allowed names is only as
good as the list. A process that may do nothing has nothing to lose.

## How it decides

1. **Before a byte is read** the process gives up its rights for good: Landlock for files and the network, seccomp for
   system calls, limits on memory, processor time and files, and no way to gain new privileges.
2. **What comes back** is a table of names, types and shapes with the raw numbers, checked for every size. Nothing is
   unpickled outside of the sandbox.
3. **A constant decides, a parameter does not.** A library that passes `trust_remote_code` on is no finding, and what a
   condition in a function decides is medium at most. Code of a repository is high, and low where the revision is a
   commit. A file of one's own that is loaded without restriction is medium, one that was fetched is high: data are
   followed from hubs, buckets and the network through variables, functions and files. What tests do is low.
4. **`torch.load` by the requirements beside it.** Before 2.6 it restricts nothing by itself.
5. **Where the kernel lacks a part** the result is `not-understood` and says `degraded` with what is missing;
   `require: sandbox` refuses instead.

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

* Nothing guards the loads of your own program yet.
* Of configuration, constants are judged: what a program reads from its environment or its arguments is not known, and
  data are not followed from one file to another. Archives and files in them are not opened for it.
* Modes are those of the files where they lie; installed images have their own.
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

    from telamon.controls.artifact.library_loading.checker import LibraryLoadingChecker
    from telamon.controls.artifact.library_loading.settings import LibraryLoadingSettings
    from telamon.core.commands import CommandReference
    from telamon.core.records import Rule

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

    def rules(self) -> Sequence[Rule]:
        """Every rule that a finding of this control can carry."""
        from telamon.controls.artifact.library_loading.loading_rules import RULES

        return RULES

    def checker(self) -> type[LibraryLoadingChecker]:
        """The reader of a deployment's configuration."""
        from telamon.controls.artifact.library_loading.checker import LibraryLoadingChecker

        return LibraryLoadingChecker

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
