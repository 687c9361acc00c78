"""Text forms: encodings whose bytes must be the same everywhere."""
