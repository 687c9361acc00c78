"""What the words mean: records, errors, subjects, settings and the contract of a control."""
