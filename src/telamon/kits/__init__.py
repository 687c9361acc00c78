"""Domain libraries that know nothing of controls."""
