"""Zip archives as the readers of this world see them: torch's miniz, Python's zipfile, streaming readers."""
