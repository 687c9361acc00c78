"""Reads 7z archives, bounded (7zFormat.txt of 7-Zip): headers, the coders in general use, and every content."""
