"""Archives on their way between stores: copied, encrypted or decrypted for the journey, and removed.

No instance is needed. What is copied is compared with its hash while it goes by, and the metadata go last, as in an export: a copy
that was broken off is no archive.
"""
