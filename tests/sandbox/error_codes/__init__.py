"""Every error code of the table: the call that gets it, or why no call does."""
