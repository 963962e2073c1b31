"""Makes hostile archives. `python -m tests.attacks.making DIRECTORY` writes all of them, for looking at them by hand.

A maker takes a directory and gives the path of the archive that it wrote there.
"""
