"""What failures show."""

import traceback


def whole_text(error: BaseException) -> str:
    """All that a log or a crash report would show of an error."""
    return "".join(traceback.format_exception(error)) + repr(error.__context__) + repr(error.__cause__)
