"""The pipelines. A relation of records has one that is made out of its relation file; the modules here are what differs from that.

`common` is for groups and projects.
"""
