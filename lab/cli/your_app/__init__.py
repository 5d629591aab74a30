"""The verbs that are about an app of the user's own."""
