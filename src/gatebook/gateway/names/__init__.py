"""Names and places of people in prose, found by Presidio in a process of its own."""
