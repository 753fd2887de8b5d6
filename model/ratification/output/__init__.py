"""What people see: wording, terminal, JSON; and the store that keeps runs."""
