"""Calibration: what the episodes of the past say about the behavioural inputs."""
