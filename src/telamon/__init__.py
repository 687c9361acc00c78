"""telamon: every mitigation of MITRE ATLAS as a working, enforced and proved control."""

__version__ = "0.1.0"
