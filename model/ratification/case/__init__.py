"""What is known: electorate, evidence, bylaws, priors, scenarios, and the folders they live in."""
