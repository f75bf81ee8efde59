"""Put a matplotlib figure into a page: no identifier twice, nothing from outside, readable without seeing it."""

from __future__ import annotations

import re
from typing import Final

from markupsafe import Markup, escape

_ID: Final = re.compile(r'\bid="([^"]+)"')
_LOCAL: Final = re.compile(r'(?:xlink:)?href="#([^"]+)"')
_URL: Final = re.compile(r"url\(#([^)]+)\)")
_DROPPED: Final = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>|<style\b.*?</style>|<defs>\s*</defs>", re.S
)
_HEAD: Final = re.compile(r"<svg\b[^>]*\bviewBox=\"([^\"]+)\"[^>]*>", re.S)
_DIGITS: Final = re.compile(r"(?<=[ ,\"(MLCQHVz-])(\d+\.\d{2})\d+")


def inlined(svg: str, key: str, title: str, description: str) -> Markup:
    """Return an SVG document as an element of an HTML page.

    Parameters
    ----------
    svg
        As matplotlib writes it, with its texts escaped.
    key
        Prefix of every identifier, unique in the page.
    title, description
        Accessible name and description.
    """
    body = _DROPPED.sub("", svg).strip()
    # In front of every identifier and every reference to one, so that figures cannot meet.
    used = set(_LOCAL.findall(body)) | set(_URL.findall(body))
    body = _ID.sub(lambda found: f'id="{key}-{found[1]}"' if found[1] in used else "", body)
    body = _LOCAL.sub(lambda found: f'href="#{key}-{found[1]}"', body)
    body = _URL.sub(lambda found: f"url(#{key}-{found[1]})", body)
    # A hundredth of a point is finer than any screen or printer.
    body = _DIGITS.sub(r"\1", body)
    body = re.sub(r"\s*\n\s*", "\n", body)
    body = re.sub(r"<g\s+>", "<g>", body)
    names = f"{key}-title {key}-description"
    return Markup(
        _HEAD.sub(
            lambda found: (
                f'<svg viewBox="{found[1]}" role="img" aria-labelledby="{names}">'
                f'<title id="{key}-title">{escape(title)}</title>'
                f'<desc id="{key}-description">{escape(description)}</desc>'
            ),
            body,
            count=1,
        )
    )
