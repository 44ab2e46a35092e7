"""The truth: append-only streams of records, their payload keys, the tree over them and the means to check all that."""
