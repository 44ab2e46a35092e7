"""Set-up of a checkout: standard library only, because it runs before anything is installed."""
