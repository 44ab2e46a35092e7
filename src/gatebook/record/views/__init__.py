"""Records as other people's standards write them. Each view is of one version of one standard, and its name says which."""
