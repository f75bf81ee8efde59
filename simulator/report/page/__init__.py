"""The report people read: what it says, in blocks, and how the blocks become HTML or Markdown."""
