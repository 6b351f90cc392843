"""How much one socket may ask for."""

from chat.exceptions import TooManyFrames


class FrameBudget:
    """A token bucket: `per_minute` frames a minute, and as many at once after a quiet minute."""

    def __init__(self, per_minute: int, now: float) -> None:
        self._capacity = float(per_minute)
        self._left = self._capacity
        self._at = now

    def spend(self, now: float) -> None:
        """Take one frame; `now` is a monotonic clock in seconds. Raises TooManyFrames."""
        self._left = min(self._capacity, self._left + (now - self._at) * self._capacity / 60)
        self._at = now
        if self._left < 1:
            raise TooManyFrames
        self._left -= 1
