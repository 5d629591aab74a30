"""The load generator beside Locust's: `python -m benchmarks.workload`."""
