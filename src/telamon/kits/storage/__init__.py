"""Files and databases that survive a crash in the middle of a write."""
