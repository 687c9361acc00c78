"""What projects depend on: readers of requirements, locks, environments, metadata and bills of materials."""
