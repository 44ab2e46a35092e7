"""The authorization server for AI clients, in the keeper: its clients, what people let them do, and the tokens that they get for it."""
