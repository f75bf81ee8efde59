"""Small worlds for tests of the model."""
