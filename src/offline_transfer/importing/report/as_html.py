"""The report for people: one page without scripts, that reaches for nothing else and can be printed."""

import base64
import hashlib
from collections.abc import Iterator
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from offline_transfer import mail
from offline_transfer.importing.report.contents import Sections

_PACKAGE: Final = "offline_transfer.importing.report"


def pieces(sections: Sections) -> Iterator[bytes]:
    """The page, piece by piece. What comes from the archive stays text, on its line, without user information in URLs."""
    environment = Environment(
        loader=PackageLoader(_PACKAGE, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=mail.harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = environment.get_template("report.css").render()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = environment.get_template("report.html")
    for piece in page.generate(sections=sections, head=sections.head, style=style, digest=digest):
        yield piece.encode()
