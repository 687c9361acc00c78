"""The two corpora that test the scanner: hostile files built byte by byte, and ordinary files of real libraries."""
