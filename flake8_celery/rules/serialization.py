"""Rules of this band."""
