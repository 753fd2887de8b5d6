"""What follows from what is known: rosters, the PyMC model and its fit, complete worlds."""
