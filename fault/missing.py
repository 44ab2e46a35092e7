"""What a fault test needs and this machine does not have."""


class Missing(Exception):
    """The text names what is missing, so that a test that was not run is not taken for one that passed."""
