"""What must hold whatever happens: nothing ordered twice, nothing lost, no row answered wrongly."""
