"""Who is calling: access tokens, the directory that knows them, one-time links and console sessions."""
