"""Active checks: `verdict` decides, `check` asks."""
