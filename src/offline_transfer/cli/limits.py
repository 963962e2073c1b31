"""`--limit`: what an archive may ask of us, for those who trust where it comes from."""

from collections.abc import Sequence
from dataclasses import asdict, replace

from offline_transfer.archive.limits import Limits
from offline_transfer.cli.errors import LimitOptionError


def limits_of(given: Sequence[str] | None) -> Limits:
    """The limits with those that were typed as NAME=NUMBER in place of the defaults."""
    limits = Limits()
    known = asdict(limits)
    for item in given or ():
        name, _, number = item.partition("=")
        if name not in known or not (number.isascii() and number.isdecimal()) or int(number[:20]) == 0:
            raise LimitOptionError(given=ascii(item[:200])[1:-1], known=", ".join(known))
        limits = replace(limits, **{name: int(number[:20])})
    return limits
