"""How versions are ordered in each ecosystem: PEP 440 by `packaging`, and Semantic Versioning 2.0.0."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol, TypeAlias

from telamon.core.errors import TelamonError
from telamon.kits.advisories.records import Ecosystem

if TYPE_CHECKING:
    from packaging.version import Version

Key: TypeAlias = Any  # what compares: a `packaging` version, or a tuple
MAX_VERSION: Final = 256  # characters; the longest on PyPI has 130
# Semantic Versioning 2.0.0, item 2 and the grammar; a leading `v` or `=` is what npm's own reader takes too.
SEMVER: Final = re.compile(
    r"[v=]?\s{0,3}(0|[1-9]\d{0,15})\.(0|[1-9]\d{0,15})\.(0|[1-9]\d{0,15})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?"
)


class VersionError(TelamonError):
    """A version is none of its ecosystem, so that it has no place in the order.

    Remedy: Write the version as its ecosystem does, such as 1.2.3 on PyPI.
    """

    code: ClassVar[str] = "version-malformed"


class Order(Protocol):
    """How versions of an ecosystem compare."""

    def key(self, version: str) -> Key:
        """Return what compares as the version does, without what says nothing about what is in it.

        Raises:
            VersionError: It is no version.
        """

    def normal(self, version: str) -> str:
        """Return the one spelling of the version; equal versions have the same.

        Raises:
            VersionError: It is no version.
        """


class Pep440:
    """Versions of Python packages (PEP 440).

    The local part (`+cu121`) is left out: a build of a version has the code of that version.
    """

    def key(self, version: str) -> Key:
        """Return the public version."""
        parsed = pep440(version)
        return parsed if parsed.local is None else pep440(parsed.public)

    def normal(self, version: str) -> str:
        """Return the public version without zeros at its end."""
        parsed = self.key(version)
        release = list(parsed.release)
        while len(release) > 1 and not release[-1]:
            release.pop()
        rest = str(parsed).partition("!")[2] or str(parsed)
        own = ".".join(str(number) for number in parsed.release)
        epoch = f"{parsed.epoch}!" if parsed.epoch else ""
        return epoch + ".".join(str(number) for number in release) + rest.removeprefix(own)


class SemVer:
    """Versions of npm packages."""

    def key(self, version: str) -> Key:
        """Return the precedence of item 11: numbers below texts, fewer fields below more, none at all above."""
        matched = SEMVER.fullmatch(version[: MAX_VERSION + 1].strip())
        if matched is None:
            raise VersionError(f"expected a version such as `1.2.3`, found `{version[:40]}`")
        *numbers, pre = matched.groups()
        release = tuple(int(number) for number in numbers)
        if pre is None:
            return (*release, 1, ())
        fields = pre.split(".")
        return (*release, 0, tuple((0, int(f), "") if f.isdigit() else (1, 0, f) for f in fields))

    def normal(self, version: str) -> str:
        """Return it without a leading letter and build metadata."""
        self.key(version)
        return version.strip().lstrip("v= ").partition("+")[0]


@cache
def order_of(ecosystem: Ecosystem) -> Order:
    """Return the order of an ecosystem's versions."""
    return Pep440() if ecosystem is Ecosystem.PYPI else SemVer()


def pep440(version: str) -> Version:
    """Return a version as `packaging` reads it.

    Raises:
        VersionError: It is none of PEP 440.
    """
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415  # 10 ms, which few files are worth

    if len(version) > MAX_VERSION:
        raise VersionError(f"expected a version of at most {MAX_VERSION} characters, found {len(version)}")
    try:
        return Version(version)
    except InvalidVersion as error:
        raise VersionError(f"expected a version of PEP 440, found `{version[:40]}`") from error
    except ValueError as error:  # a number of more digits than Python converts (sys.set_int_max_str_digits)
        raise VersionError("expected a version with shorter numbers") from error
