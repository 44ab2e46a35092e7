"""Identity providers as others than they see them: what they say of themselves, their keys, and the requests that fetch both. Workers import this."""
