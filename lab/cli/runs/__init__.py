"""The verbs about runs that are stored already."""
