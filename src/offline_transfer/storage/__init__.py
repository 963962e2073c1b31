"""Where archives and files lie: one contract (`store.Store`), and the stores that keep it.

`location.parse_location` turns what a person types into a store; everything else receives the store. No other room talks to a
bucket, and none writes into a directory that a person named.
"""
