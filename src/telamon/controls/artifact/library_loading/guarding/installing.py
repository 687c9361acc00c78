"""`telamon.guard()`: the guard of this process, by the settings of the control."""

from __future__ import annotations

from telamon.controls.artifact.library_loading.guarding.children import guard_process
from telamon.controls.artifact.library_loading.guarding.hook import Guarding
from telamon.controls.artifact.library_loading.guarding.records import GuardRules
from telamon.controls.artifact.library_loading.settings import Children, LibraryLoadingSettings, Processes, Unknown
from telamon.core.records import Mode


def rules_of(settings: LibraryLoadingSettings) -> GuardRules:
    """Return what a guard goes by under settings; what `mode: off` means is for the caller."""
    return GuardRules(
        is_enforcing=settings.mode == Mode.ENFORCE,
        may_unknown=settings.unknown == Unknown.PERMIT,
        allowed=frozenset(each.name for each in settings.allow),
        must_follow=settings.children == Children.GUARDED,
        trusts_processes=settings.processes == Processes.TRUSTED,
        profiles={
            profile.digest.lower().removeprefix("sha256:"): frozenset(each.name for each in profile.names)
            for profile in settings.profiles
        },
    )


def guard(settings: LibraryLoadingSettings | None = None) -> Guarding:
    """Guard all loads of this process and of those that it starts, for the rest of its life.

    Whatever loads a pickle in it, by whichever library, may fetch only what makes data by telamon's table of callables,
    and what the settings allow; and while it loads it runs no program, reaches no network and changes no file. The
    result is a context manager as well: within its block that holds for everything, also for what is no pickle.

    A second call adds its settings to those of the first: what either refuses is refused. What the guard cannot see is
    native code; `telamon.load` loads in a sandbox.

    Args:
        settings: Of library-loading, such as `policy.settings("library-loading")`; by default the defaults, which
            enforce.

    Raises:
        LoadRefusedError: From then on, by whatever is refused.
    """
    in_force = settings or LibraryLoadingSettings()
    if in_force.mode == Mode.OFF:
        return Guarding(lambda: None, lambda: None)
    return guard_process(rules_of(in_force))
