"""Several machines on one: network namespaces of the tests' own, with the services of a cluster."""
