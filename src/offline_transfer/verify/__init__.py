"""Looking at archives: open one, inspect it, verify it, and compare two.

What is found is a value (`findings.Finding`), never a log line. `reader.Archive` is also how an import reads.
"""
