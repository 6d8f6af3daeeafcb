"""Models of real frameworks, what each is asked, and whether a server answers what the framework answers."""
