"""The guard in the processes that a guarded one starts: through the environment and Python's own start-up."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from telamon.controls.artifact.library_loading.guarding.hook import AuditHook, Guarding
from telamon.controls.artifact.library_loading.guarding.overrides import cover
from telamon.controls.artifact.library_loading.guarding.records import VARIABLE, GuardRules

if TYPE_CHECKING:
    from collections.abc import Mapping

STARTUP: Final = str(Path(__file__).resolve().parent / "startup")  # holds a `sitecustomize`, which `site` imports


def guarded_environment(rules: GuardRules, environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which every Python installs the guard before anything else.

    Args:
        rules: What the guard goes by.
        environment: What the processes have besides.
    """
    path = [part for part in environment.get("PYTHONPATH", "").split(os.pathsep) if part not in {"", STARTUP}]
    return {**environment, "PYTHONPATH": os.pathsep.join([STARTUP, *path]), VARIABLE: rules.to_text()}


def guard_process(rules: GuardRules) -> Guarding:
    """Install the guard in this process and in those that it will start.

    Args:
        rules: What it goes by.
    """
    hook = AuditHook(rules)
    sys.addaudithook(hook.listener())
    hook.renew = cover(hook.look_up)
    if rules.must_follow:
        os.environ.update(guarded_environment(rules, os.environ))
    return Guarding(hook.enter, hook.leave)
