"""The plan of an import: what it would do, found out before anything is written.

`making.make_plan` reads the archive and this instance. `destinations` says where everything would go, `relations` what would come,
`people` who would stand for whom, `soundness` what is wrong with the archive, `room` how much room and time it may take. `file` is
the plan as people edit it.
"""
