"""One class of tests for each attack that is known, with archives made for the purpose by `making`.

An archive here agrees with itself: hashes, counts and manifest are right, so that what refuses it is the defence in question.
"""
