"""Restricts what a load may fetch and do, in your own programs and in a sandbox, and converts models without a load.

## What it does

`telamon.guard()` and `telamon run -- python serve.py` guard every load of a program and of the processes that it
starts, whichever library makes it: what unpicklers fetch must be known to make data or be allowed by the policy, and
while they load no program is run, no network reached and no file changed. `telamon run --sandbox` puts any command
behind a boundary of the kernel as well.

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

1. **By audit events.** CPython tells the guard of every name that an unpickler looks up, in every thread and whatever
   function was imported before, and of nearly everything that leaves the interpreter. The same table of callables as
   the scanner's says what a name does; the unknown is refused, and the message has the policy's line that would allow
   it. A hook cannot be removed.
2. **By who loads.** The function that called the unpickler, at the instruction where it waits, marks the load: what
   happens below it is the load's, what the import system does for a name that was allowed is not.
3. **In the sandbox, before a byte is read,** the process gives up its rights for good: Landlock for files and the
   network, seccomp for system calls, limits on memory, processor time and files, and no way to gain new privileges.
4. **What comes back** is a table of names, types and shapes with the raw numbers, checked for every size. Nothing is
   unpickled outside of the sandbox.
5. **A constant decides, a parameter does not.** A library that passes `trust_remote_code` on is no finding, and what a
   condition in a function decides is medium at most. Code of a repository is high, and low where the revision is a
   commit. A file of one's own that is loaded without restriction is medium, one that was fetched is high: data are
   followed from hubs, buckets and the network through variables, functions and files. What tests do is low.
6. **`torch.load` by the requirements beside it.** Before 2.6 it restricts nothing by itself.
7. **Where the kernel lacks a part** the result is `not-understood` and says `degraded` with what is missing;
   `require: sandbox` refuses instead.
4. **A file with a profile** (`telamon profile`, `profiles`) looks up what its profile has and nothing else, and is
   refused where it was changed.

## Example

```console
$ telamon convert model.pt model.safetensors
```

```console
$ telamon run -- python serve.py
```

```yaml
controls:
  library-loading:
    require: sandbox
    allow:
      - {name: "mycompany.models:Net", reason: "our own network class, reviewed"}
```

## Limits

* The guard sees Python's audit events, and native code raises none; what runs already, or is called after the load,
  is not a load. The sandbox is the boundary: `telamon load`, `telamon run --sandbox`.
* `builtins.getattr`, `type` and functions that are carried as code are refused, for the guard cannot see with what they
  will be called; some 2 % of ordinary files have them. Allow them by name where you trust the file.
* What processes of one program send each other is trusted, unless the policy says `processes: guarded`.
* Of configuration, constants are judged: what a program reads from its environment or its arguments is not known, and
  data are not followed from one file to another. Archives and files in them are not opened for it.
* Modes are those of the files where they lie; installed images have their own.
* The sandbox is Linux's (x86_64 and aarch64); elsewhere the load is degraded.
* Only tensors come back; estimators with their methods do not.

## References

* MITRE ATLAS AML.M0011 Restrict Library Loading.
* CPython, audit events table; PEP 578 Python Runtime Audit Hooks.
* Linux: landlock(7), seccomp(2), prctl(2) `PR_SET_NO_NEW_PRIVS`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from telamon.core.control import Control

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telamon.controls.artifact.library_loading.checker import LibraryLoadingChecker
    from telamon.controls.artifact.library_loading.guard import LibraryLoadingGuard
    from telamon.controls.artifact.library_loading.settings import LibraryLoadingSettings
    from telamon.core.commands import CommandReference
    from telamon.core.control import Experiment
    from telamon.core.records import Rule

COMMANDS = "telamon.controls.artifact.library_loading.load_commands"


class LibraryLoading(Control):
    """AML.M0011 Restrict Library Loading."""

    name: ClassVar[str] = "library-loading"
    mitigation: ClassVar[str] = "AML.M0011"

    def settings(self) -> type[LibraryLoadingSettings]:
        """The struct that the policy's section is read into."""
        from telamon.controls.artifact.library_loading.settings import LibraryLoadingSettings

        return LibraryLoadingSettings

    def guard(self) -> type[LibraryLoadingGuard]:
        """What a load may fetch and do."""
        from telamon.controls.artifact.library_loading.guard import LibraryLoadingGuard

        return LibraryLoadingGuard

    def experiments(self) -> Sequence[type[Experiment]]:
        """The attacks that prove the control."""
        from telamon.controls.artifact.library_loading.experiments import (
            MaliciousPackage,
            UnsafeArtefact,
            UserExecution,
        )

        return (UserExecution, UnsafeArtefact, MaliciousPackage)

    def rules(self) -> Sequence[Rule]:
        """Every rule that a finding of this control can carry."""
        from telamon.controls.artifact.library_loading.loading_rules import RULES

        return RULES

    def checker(self) -> type[LibraryLoadingChecker]:
        """The reader of a deployment's configuration."""
        from telamon.controls.artifact.library_loading.checker import LibraryLoadingChecker

        return LibraryLoadingChecker

    def commands(self) -> Sequence[CommandReference]:
        """`telamon load`, `telamon convert` and `telamon run`."""
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
            CommandReference(
                name="run",
                target="telamon.controls.artifact.library_loading.run_command:run",
                summary="Run a command with the guard in every Python of it.",
            ),
        )
