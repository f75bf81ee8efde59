from __future__ import annotations

import os

from hypothesis import settings

# The same examples on every machine: a red test must be red again tomorrow.
settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("repeatable")

os.environ.setdefault("MPLBACKEND", "Agg")
