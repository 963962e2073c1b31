"""Where pieces come from: the records of an object, its files, or one document."""
