"""How each answer is told: as JSON values, as rows for a table or CSV, and on a terminal."""
