"""The reply rules as data: one file a category, each with the examples that are its tests."""
