"""The instant engine: the same posterior as the PyMC model's, by importance sampling in numpy."""
