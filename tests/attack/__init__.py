"""Attacks on a real `python app.py`: `make attack` runs them all and prints what held."""
