"""The HTTP API over the book: JSON in, JSON out, every reading on the record. Versions live side by side under `/v1`."""
