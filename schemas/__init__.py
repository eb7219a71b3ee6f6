"""What data must look like: order sheets, the marketplace's bodies, and the code tables."""
