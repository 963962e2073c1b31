"""Where pieces go: rows, users, repositories, files.

Files come first and their rows second. What is written outside of the transaction may be written again.
"""
