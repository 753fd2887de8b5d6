"""What people ask: who decides, what arithmetic says, how likely ratification is."""
