"""Levers and shocks that a scenario puts on the clock, one file each.

A new instrument is one new file here: a subclass of ``base.Instrument`` named like its file, with
``type: Literal["<file name>"] = "<file name>"``, its fields with a docstring each (unit, range), and
``changes``, which yields dated changes for a block of replications. The file format, its schema
and its error messages find it by themselves.
"""
