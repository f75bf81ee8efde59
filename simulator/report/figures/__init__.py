"""Figures of results: each file holds one, as the numbers it shows and a function that draws them on Axes."""
