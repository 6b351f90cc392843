"""Evaluation: what the memory does, measured on a database of its own."""
