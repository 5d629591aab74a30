"""The lab: clusters, clients, faults, histories, claims, reports, and the command.

What a scenario needs of it is in `sessionlab` itself (`from sessionlab import Lab, scenario`).
"""
