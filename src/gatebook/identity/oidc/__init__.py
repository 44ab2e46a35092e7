"""Sign-in of people at OpenID Connect providers, and the signals with which those end it. In the keeper only."""
