"""What Python globals do when they are called, named or given state: the table for judges and guards.

Default deny: a name that is not in the table is unknown, and the judge says so. `lookup` answers by exact
module and qualified name first, then by the few rules of `names`, and says which rule answered.
"""

from __future__ import annotations

from telamon.kits.callables.capabilities import Effect, Known, Rule, Use
from telamon.kits.callables.names import lookup
from telamon.kits.callables.table import version

__all__ = ["Effect", "Known", "Rule", "Use", "lookup", "version"]
