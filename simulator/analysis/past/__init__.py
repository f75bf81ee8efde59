"""The model held against what really happened: episodes, predictions in the observations' units, and their scores."""
