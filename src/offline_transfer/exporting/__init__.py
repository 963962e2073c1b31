"""Exports groups and projects into an archive: rows become objects, one relation after another.

`create` takes an export on, `process` finds what belongs to it, `portable` does one group or project, or one batch of a large
relation in it, and `finish` writes what makes an archive of the objects. Every step can run again: what is done is in rows, and
what a dead attempt left in the store is replaced or removed.
"""
