"""Active checks: `rise_fall` decides, `probe` asks, `monitor` has both for all backends."""
