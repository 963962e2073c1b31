"""The revisions, each made from the models by `runner.generate` and then read."""
