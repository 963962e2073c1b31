"""The archive format, without database or network: keys, objects and what describes them.

Everything here works on iterators of byte blocks, so memory is one block whatever the size of an object. What comes from an
archive is hostile until it has passed through this room. `docs/format.md` is the specification.
"""
