"""The SimPy world: one block of replications of one resolved scenario."""

from simulator.model.world import simulate

__all__ = ["simulate"]
