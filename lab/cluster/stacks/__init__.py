"""Stacks that run already: met once for a story, or followed for a page."""
