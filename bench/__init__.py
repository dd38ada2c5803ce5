"""How fast calhooks is, always beside a baseline of the same run: `make bench`, or `python -m bench`."""
