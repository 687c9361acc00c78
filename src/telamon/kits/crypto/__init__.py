"""Keys, signatures and what is signed."""
