"""Models of real frameworks, the requests to each, and a check whether a server answers the same as the framework."""
