"""Sourced facts: tables, their sources, and what is built from them.

Import the module of the subject (``chains``, ``projects``, ``inputs`` ...); nothing is read until it is asked for.
"""
