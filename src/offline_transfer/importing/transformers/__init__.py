"""What is done to pieces between their source and their rows.

`shims`, `prepare`, `people` and `rules` each know one thing that happens to a record: what older versions wrote otherwise, what one
relation needs beside its attributes, who stands for a user, what an import changes on purpose. They are no passes of their own.
Records are trees of hundreds of nodes, and walking them once for each would take most of the time of an import, so that `units`
applies all of them in one walk, compiled for each place in the relation tree (`plan.py`).
"""
