"""How many second tries the cluster can bear: a share of its requests, so that they can't storm."""


class RetryBudget:
    """A bucket of tries: `share` of each request flows in, up to `most`; a retry takes one out.

    Finagle's idea; Envoy has it too. Another try after a refused connection costs no backend
    anything and is not counted.
    """

    __slots__ = ("_counted", "_most", "_share", "_tokens")

    def __init__(self, share: float, most: float) -> None:
        self._share = share
        self._most = most
        self._tokens = most
        self._counted = 0

    def follow(self, share: float) -> None:
        """Earn another share from now on."""
        self._share = share

    def earn(self, requests: int) -> None:
        """Say how many requests were answered in all so far, a number that only grows."""
        self._tokens = min(self._most, self._tokens + (requests - self._counted) * self._share)
        self._counted = requests

    def spend(self) -> bool:
        """Take one; False when there is none left."""
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
