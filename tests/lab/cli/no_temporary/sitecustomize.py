"""As on a machine where a temporary file can be made nowhere, or only where no folder can be."""

import os
import tempfile

WHERE = os.environ["NOWHERE"]


def nowhere() -> str:
    if WHERE == "/dev/null":
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")
    return WHERE


tempfile.gettempdir = nowhere
