"""Receivers of memory's domain events that the chat cares for."""
