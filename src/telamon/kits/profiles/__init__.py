"""Profiles: the names that one file needs when it is loaded, and the uses it makes of them, bound to its digest.

A profile grants names to the file whose bytes have its digest (`fits`), and to no other. Judges, loaders and guards
ask `permits` or `granted`.
"""

from telamon.kits.profiles.form import (
    Profile,
    ProfiledName,
    digest_of,
    fits,
    granted,
    is_nameable,
    is_of,
    permits,
    require_distinct,
)

__all__ = [
    "Profile",
    "ProfiledName",
    "digest_of",
    "fits",
    "granted",
    "is_nameable",
    "is_of",
    "permits",
    "require_distinct",
]
