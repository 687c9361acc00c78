"""The policy: one file in, one frozen snapshot out, which drives every control."""

from telamon.policy.compiler import Policy
from telamon.policy.errors import BaselineError, PolicyError, Problem, SecretError
from telamon.policy.loader import default, load, locate

__all__ = ["BaselineError", "Policy", "PolicyError", "Problem", "SecretError", "default", "load", "locate"]
