"""What commands read from their command lines."""

from __future__ import annotations

from django.core.management import CommandError


def whole_number(option: str, value: object, least: int) -> int:
    """Return a whole number as given to an option. Raises CommandError, which names the option."""
    text = str(value).strip()
    if not (text.isascii() and text.isdigit()) or int(text) < least:
        raise CommandError(f"{option} takes whole numbers from {least}, not {value!r}.")
    return int(text)
