"""How our programs end."""

import gc
import sys
from typing import Never


def end(status: int) -> Never:
    """End the program. Python would search all that is left for what can be freed, for half a second: the memory goes anyway."""
    gc.freeze()
    sys.exit(status)
