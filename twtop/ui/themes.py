"""The themes: the terminal's own sixteen colours, or those that a theme of Textual has in their place.

The looks of `twtop.ui.styles` are of sixteen colours in every theme. ``ansi-dark`` leaves them to the
terminal, which costs the fewest bytes; ``ansi-light`` too, but takes darker ones for those that a light
background swallows. The other themes say what each of the sixteen is, and the background.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import BUILTIN_THEMES, Theme

from twtop.ui.actions import Actions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twtop.core.options import ScreenOptions

LEAST_CONTRAST: Final = 4.5
"""Of text and background: what WCAG 2.2, success criterion 1.4.3, demands."""

_STEPS: Final = 20
_ON_LIGHT: Final = {"yellow": "magenta", "green": "blue", "cyan": "blue"}
"""Xterm's yellow, green and cyan have contrasts of 1.7 to 2.1 on white, and most terminals' hardly more."""


class _Darker(LineFilter):
    """Takes darker colours of the terminal."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return segments that can be read on a light background."""
        return [Segment(text, style and _darker(style), control) for text, style, control in segments]


class _Grounded(LineFilter):
    """Gives the theme's text and background to what has no colours."""

    def __init__(self, theme: TerminalTheme) -> None:
        super().__init__()
        text, background = theme.foreground_color, theme.background_color
        self._plain = Style(color=RichColor.from_triplet(text), bgcolor=RichColor.from_triplet(background))

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return segments that all have colours."""
        return [Segment(text, self._on(style), control) for text, style, control in segments]

    @lru_cache(maxsize=1024)  # noqa: B019 - there are as many as there are themes
    def _on(self, style: Style | None) -> Style:
        return self._plain + style if style else self._plain


class ThemeActions(Actions, inherit_bindings=False):
    """Draws with the colours of the theme, which the palette can change."""

    @property
    def ansi_theme(self) -> TerminalTheme:
        """What stands for each of the sixteen colours where they are not left to the terminal."""
        return palette(self.theme)

    def watch_theme(self, name: str) -> None:
        """Leave colours to the terminal, or not; without colours they are taken out afterwards."""
        self.ansi_color = self.no_color or self.current_theme.ansi

    def refresh_css(self, animate: bool = True) -> None:
        """Take the colours of the theme; before there is a screen, nothing was drawn with others."""
        if self._screen_stack:
            super().refresh_css(animate)
        else:
            self.stylesheet.set_variables(self.get_css_variables())

    def chosen(self) -> ScreenOptions:
        """Return the options with the theme of now."""
        return replace(super().chosen(), theme=self.theme)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return what is done to all that is drawn."""
        filters = super().get_line_filters()
        if not self.native_ansi_color:
            return [*filters, _grounded(self.theme)]
        return [*filters, _DARKER] if self.theme == "ansi-light" else filters


_DARKER: Final = _Darker()


@cache
def _grounded(name: str) -> _Grounded:
    return _Grounded(palette(name))


@lru_cache(maxsize=1024)
def _darker(style: Style) -> Style:
    name = style.color.name if style.color else ""
    return style + Style(color=_ON_LIGHT[name]) if name in _ON_LIGHT else style


@cache
def palette(name: str) -> TerminalTheme:
    """Return the sixteen colours of one of Textual's themes, each readable on its background."""
    theme = BUILTIN_THEMES[name]
    background, foreground = ends(theme)
    colors = (
        background,
        *(
            readable(Color.parse(color or theme.primary), background, foreground)
            for color in (
                theme.error,
                theme.success,
                theme.warning,
                theme.primary,
                theme.secondary,
                theme.accent,
            )
        ),
        foreground,
    )
    normal = [color.rgb for color in colors]
    grey = readable(background.blend(foreground, 0.4), background, foreground).rgb
    return TerminalTheme(background.rgb, foreground.rgb, normal, [grey, *normal[1:]])


def ends(theme: Theme) -> tuple[Color, Color]:
    """Return background and text of a theme."""
    made = theme.to_color_system().generate()
    background = Color.parse(made["background"])
    return background, background + Color.parse(made["foreground"])


def readable(color: Color, background: Color, foreground: Color) -> Color:
    """Return a colour that can be read on the background: moved towards the text's own, if need be."""
    for step in range(_STEPS + 1):
        moved = color.blend(foreground, step / _STEPS)
        if contrast(moved, background) >= LEAST_CONTRAST:
            return moved
    return foreground


def contrast(one: Color, other: Color) -> float:
    """Return the contrast of two colours, 1 to 21; WCAG 2.2, "contrast ratio"."""
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(color: Color) -> float:
    """Return the relative luminance, 0 to 1; WCAG 2.2."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
