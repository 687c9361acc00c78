"""Advisories in OSV form: read, kept as a snapshot that is looked up offline, and matched with versions."""
