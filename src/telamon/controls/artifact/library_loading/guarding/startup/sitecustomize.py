"""What `site` imports when a Python below a guarded process starts: the guard, then what stood here without it."""

import os
import sys
from importlib import import_module

STATUS = 3  # the exit code for what could not be judged


def _begin() -> None:
    folder = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120  # before pathlib, in every start
    root = os.path.normpath(os.path.join(folder, *[os.pardir] * 6))  # noqa: PTH118  # likewise
    sys.path.insert(0, root)  # for a Python in which telamon is not installed, or another one
    try:
        from telamon.controls.artifact.library_loading.guarding.children import guard_process  # noqa: PLC0415
        from telamon.controls.artifact.library_loading.guarding.records import (  # noqa: PLC0415
            VARIABLE,
            GuardRules,
        )

        guard_process(GuardRules.from_text(os.environ[VARIABLE]))
    except BaseException as error:  # noqa: BLE001  # a process without the guard must not begin
        os.write(2, f"telamon: the guard could not be installed: {type(error).__name__}: {error}\n".encode())
        os._exit(STATUS)
    sys.path.remove(root)
    sys.path[:] = [part for part in sys.path if os.path.abspath(part) != folder]  # noqa: PTH100  # as above
    own = sys.modules.pop("sitecustomize")
    try:
        import_module(__name__)  # the next one, which this one stands before
    except ModuleNotFoundError as error:
        if error.name != "sitecustomize":
            raise
        sys.modules["sitecustomize"] = own  # the import system looks for it when we are done


if __name__ == "sitecustomize":  # and not when its documentation is read
    _begin()
