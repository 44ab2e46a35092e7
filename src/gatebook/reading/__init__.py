"""The reading room: the one way from a face to the book. It forces the reader's scope and puts each reading on the record before rows go out."""
