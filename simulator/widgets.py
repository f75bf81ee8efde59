"""Interactive panels for notebooks: ``from simulator.widgets import WhatIf``."""

from __future__ import annotations

from simulator.api.widgets import WhatIf

__all__ = ["WhatIf"]
