"""A node that runs and never says that it is ready."""
