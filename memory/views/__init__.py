"""The dashboard: what a person sees of a memory, and how they correct it."""
