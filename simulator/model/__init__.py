"""The SimPy world: one block of replications of one resolved scenario."""

from simulator.model.block import CommoditiesMeet, one_by_one, simulate

__all__ = ["CommoditiesMeet", "one_by_one", "simulate"]
