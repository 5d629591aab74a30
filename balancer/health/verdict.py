"""When a backend counts as up or down: after `rise` good or `fall` bad checks in a row."""


class Verdict:
    """Counts a backend's checks.

    It starts down and unproved; then the first check alone decides, good or bad, so that a
    cluster is usable as soon as its nodes are (HAProxy takes one check too at its start).
    """

    __slots__ = ("_fall", "_proved", "_rise", "_streak", "up")

    def __init__(self, rise: int, fall: int, *, up: bool = False) -> None:
        self._rise = rise
        self._fall = fall
        self._proved = up
        self._streak = 0
        self.up = up

    def passed(self) -> bool:
        """A good check; True when it turned the verdict."""
        if self.up:
            self._streak = 0
            return False
        self._streak += 1
        if self._proved and self._streak < self._rise:
            return False
        return self._turn(up=True)

    def failed(self) -> bool:
        """A bad check; True when it turned the verdict."""
        if not self.up:
            self._streak = 0
            return False
        self._streak += 1
        return self._streak >= self._fall and self._turn(up=False)

    def refused(self) -> bool:
        """A real request found no listener: that needs no second opinion. True when it turned."""
        return self.up and self._turn(up=False)

    def _turn(self, *, up: bool) -> bool:
        self.up = up
        self._proved = True
        self._streak = 0
        return True
