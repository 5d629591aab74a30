"""What nodes run: our demo app, or copies of somebody's own."""
