"""An interactive panel for one scenario: controls of its events, the fan chart and the verdict of a commodity."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from html import escape
from typing import Any, Final

from simulator.analysis.frames import optional
from simulator.api.background import Latest
from simulator.api.controls import Control, EventControls, Value, controls_of
from simulator.api.results import Result, result_of
from simulator.api.spelled import as_python, as_yaml
from simulator.api.what_if import Answer, Asked, Runs, changed, figure, verdict
from simulator.errors import SimulatorError, UsageError
from simulator.experiment.blocks import refuse_odd_replications
from simulator.metrics.yardsticks import criteria
from simulator.scenario.loader import Scenario
from simulator.scenario.resolution import resolve

_WIDE: Final = {"description_width": "initial"}
_SHARE_STEP: Final = 0.05


class WhatIf:
    """A panel that answers what-ifs about one commodity of a scenario.

    Every control of an event is applied when it is released. The answer is a preview, labelled with its futures and its
    interval, on the same random futures as the scenario as loaded; a full run is made when asked for. Work is done
    beside the kernel, so that other cells can run, and the latest change wins. All controls are native elements with
    labels, reached and moved by keyboard.

    Parameters
    ----------
    scenario
        The scenario the what-ifs start from.
    commodity
        Commodity shown first; the first of the scenario where None.
    yardstick
        Yardstick shown first.
    preview
        Futures of a preview, a positive multiple of 16.
    full
        Futures of a full run, a positive multiple of 16.
    seed
        Root seed.

    Raises
    ------
    UsageError
        If ipywidgets is not installed, or the commodity or yardstick is not one of the scenario's.

    Examples
    --------
    >>> panel = WhatIf(Scenario.load("scenarios/baseline.yaml"), commodity="gallium", preview=16)
    >>> panel.move("us_ban_suspension", "renewal_probability", 0.0)
    >>> print(panel.yaml)
    # Save it beside scenarios/baseline.yaml.
    extends: baseline.yaml
    events:
      - id: us_ban_suspension
        renewal_probability: 0.0
    <BLANKLINE>
    >>> panel.result.replications
    16
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        commodity: str | None = None,
        yardstick: str = "reliance",
        preview: int = 256,
        full: int = 1024,
        seed: int = 0,
    ) -> None:
        self._w = optional("ipywidgets", "WhatIf", "notebook")
        for number in (preview, full):
            refuse_odd_replications(number)
        case = resolve(scenario)
        commodities = [chain.commodity for chain in case.chains]
        yardsticks = [item.yardstick for item in criteria(case.target)]
        for name, known in ((commodity, commodities), (yardstick, yardsticks)):
            if name is not None and name not in known:
                raise UsageError(f"{name!r} is not in {scenario.name!r}; known are {', '.join(known)}")
        self._base, self._preview, self._full, self._seed = scenario, preview, full, seed
        self._settings: dict[tuple[str, str], Value] = {}
        self._runs, self._work = Runs(), Latest[Answer]()
        self._answer: Answer | None = None
        self._controls: dict[tuple[str, str], Any] = {}
        self._build(commodities, commodity or commodities[0], yardsticks, yardstick)
        self._fill()
        self._ask(self._preview)

    # ------------------------------------------------------------------ what a cell sees

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return self.widget._repr_mimebundle_(**kwargs)

    def __repr__(self) -> str:
        return f"<WhatIf on {self._base.name!r}: {self.commodity}, {len(self._settings)} values changed>"

    @property
    def commodity(self) -> str:
        """Commodity shown."""
        return str(self._commodity.value)

    @property
    def yardstick(self) -> str:
        """Yardstick shown."""
        return str(self._yardstick.value)

    @property
    def scenario(self) -> Scenario:
        """The scenario with the controls as they stand.

        Raises
        ------
        UsageError
            If they do not go together; the panel says so too.
        """
        return changed(self._base, self._settings)

    @property
    def result(self) -> Result:
        """The run shown.

        Raises
        ------
        UsageError
            If none is finished yet; ``await panel.settled()`` waits for it.
        """
        if self._answer is None:
            raise UsageError("no run is finished yet; `await panel.settled()` waits for it")
        return result_of(self._answer.after)

    @property
    def yaml(self) -> str:
        """The what-if as a scenario file."""
        return as_yaml(self.scenario)

    @property
    def python(self) -> str:
        """The what-if as a script."""
        return as_python(self.scenario, self.commodity, self._preview, self._seed)

    async def settled(self) -> None:
        """Wait until what was asked for is shown: ``await panel.settled()``."""
        await self._work.settled()

    def move(self, event: str, field: str, value: Value) -> None:
        """Move a control, as a click would; ``field`` is ``on`` for the switch of an event.

        Raises
        ------
        UsageError
            If the panel has no such control for the commodity shown.
        """
        control = self._controls.get((event, field))
        if control is None:
            known = ", ".join(f"{one}.{name}" for one, name in self._controls)
            raise UsageError(f"no control {event}.{field} for {self.commodity}; known are {known}")
        control.value = value

    def full_run(self) -> None:
        """Run all futures of the what-if shown, as the button does."""
        self._ask(self._full)

    # ------------------------------------------------------------------ building

    def _build(self, commodities: list[str], commodity: str, yardsticks: list[str], yardstick: str) -> None:
        w = self._w
        self._commodity = w.Dropdown(options=commodities, value=commodity, description="Commodity", style=_WIDE)
        self._yardstick = w.Dropdown(options=yardsticks, value=yardstick, description="Yardstick", style=_WIDE)
        self._levers = w.VBox()
        self._verdict, self._figure = w.HTML(), w.HTML()
        self._status, self._bar = w.HTML(), w.IntProgress(0, 0, 1, description="Futures", style=_WIDE)
        self._bar.layout.visibility = "hidden"
        self._text = w.Textarea(rows=8, description="Text", layout=w.Layout(width="95%", display="none"))
        self._clipboard = w.Output(layout=w.Layout(height="0", overflow="hidden"))
        buttons = [
            self._button(f"Full run of {self._full:,} futures", "Run all futures of this what-if", self.full_run),
            self._button("Stop", "Give up what is running", self._stop),
            self._button("Reset", "Back to the scenario as loaded", self._reset),
            self._button("Copy as YAML", "This what-if as a scenario file", lambda: self._show("yaml")),
            self._button("Copy as Python", "This what-if as a script", lambda: self._show("python")),
        ]
        self._commodity.observe(lambda _: self._other_commodity(), "value")
        self._yardstick.observe(lambda _: self._draw(), "value")
        left = w.VBox(
            [
                w.HBox([self._commodity, self._yardstick]),
                self._levers,
                w.HBox(buttons, layout=w.Layout(flex_flow="wrap")),
            ],
            layout=w.Layout(flex="1 1 26em"),
        )
        right = w.VBox(
            [w.HBox([self._status, self._bar]), self._figure, self._verdict],
            layout=w.Layout(flex="1 1 26em", min_width="0"),
        )
        top = w.HBox([left, right], layout=w.Layout(flex_flow="wrap", align_items="flex-start"))
        self.widget = w.VBox([top, self._text, self._clipboard])
        self.widget.add_class("oresight-what-if")

    def _button(self, text: str, tooltip: str, pressed: Callable[[], None]) -> Any:
        button = self._w.Button(description=text, tooltip=tooltip, layout=self._w.Layout(width="auto"))
        button.on_click(lambda _: pressed())
        return button

    def _fill(self) -> None:
        """Make the controls of the commodity shown; what has been changed stays changed."""
        w = self._w
        self._controls.clear()
        events = controls_of(self._base, self.commodity)
        current, past = ([item for item in events if item.begun is begun] for begun in (False, True))
        parts: list[Any] = [self._event(item) for item in current]
        if past:
            older = w.VBox([self._event(item) for item in past])
            parts.append(
                w.Accordion([older], titles=(f"In force before the start ({len(past)})",), selected_index=None)
            )
        if any(control.drawn for item in events for control in item.others):
            parts.append(w.HTML("<small>* Drawn anew in every future; its middle is shown until you move it.</small>"))
        if not parts:
            parts.append(w.HTML("<p>No event of this scenario concerns this commodity.</p>"))
        self._levers.children = tuple(parts)

    def _event(self, item: EventControls) -> Any:
        w = self._w
        switch = w.Checkbox(
            value=self._now(item.switch), description=item.title, indent=False, tooltip=item.switch.help,
            layout=w.Layout(width="auto"),
        )  # fmt: skip
        self._watch(item.switch, switch)
        rows = [self._control(control) for control in item.others]
        return w.VBox([switch, w.VBox(rows, layout=w.Layout(margin="0 0 0.4em 1.6em"))])

    def _control(self, control: Control) -> Any:
        w = self._w
        common: dict[str, Any] = {
            "value": self._now(control),
            "description": f"{control.label}{'*' if control.drawn else ''}",
            "tooltip": control.help,
            "style": {"description_width": "11em"},
            "layout": w.Layout(width="98%"),
        }
        if control.kind == "day":
            made = w.DatePicker(**common)
        else:
            most = 1.0 if control.kind == "share" else 1e12
            step = {"step": _SHARE_STEP} if control.kind == "share" else {}
            made = w.BoundedFloatText(min=0.0, max=most, continuous_update=False, **step, **common)
        self._watch(control, made)
        return self._with_slider(made) if control.kind == "share" else made

    def _with_slider(self, number: Any) -> Any:
        """Return a number with a slider for the mouse; the number itself is what the keyboard reaches and reads."""
        w = self._w
        slider = w.FloatSlider(
            value=number.value, min=0.0, max=1.0, step=_SHARE_STEP, continuous_update=False, readout=False,
            tabbable=False, tooltip=number.tooltip, layout=w.Layout(flex="1 1 6em", min_width="6em"),
        )  # fmt: skip
        number.layout = w.Layout(flex="0 0 auto", width="18em")
        slider.observe(lambda change: setattr(number, "value", change["new"]), "value")
        number.observe(lambda change: setattr(slider, "value", change["new"]), "value")
        return w.HBox([number, slider], layout=w.Layout(width="98%"))

    def _now(self, control: Control) -> Value:
        return self._settings.get((control.event, control.field), control.value)

    def _watch(self, control: Control, widget: Any) -> None:
        self._controls[control.event, control.field] = widget
        widget.observe(lambda change: self._moved(control, change["new"]), "value")

    # ------------------------------------------------------------------ what happens

    def _moved(self, control: Control, value: Value | None) -> None:
        key = (control.event, control.field)
        if value is None or (value == control.value and not control.drawn):
            self._settings.pop(key, None)
        else:
            self._settings[key] = value
        self._ask(self._preview)

    def _other_commodity(self) -> None:
        self._fill()
        self._ask(self._preview)

    def _reset(self) -> None:
        self._settings.clear()
        self._fill()
        self._ask(self._preview)

    def _ask(self, replications: int) -> None:
        try:
            asked = Asked(self.scenario, self.commodity, replications, self._seed)
        except SimulatorError as error:
            self._work.drop()
            self._failed(error)
            return
        self._say(f"Simulating {replications:,} futures ...")
        self._bar.value, self._bar.max = 0, replications
        self._bar.layout.visibility = "visible"
        self._work.ask(
            lambda progress: self._runs.answer(self._base, asked, progress),
            done=self._done,
            failed=self._failed,
            told=self._told,
        )

    def _told(self, done: int, total: int) -> None:
        self._bar.max, self._bar.value = total, done

    def _done(self, answer: Answer) -> None:
        self._answer = answer
        self._draw()
        self._idle("")

    def _draw(self) -> None:
        if self._answer is None:
            return
        self._figure.value = figure(self._answer, self.yardstick)
        self._verdict.value = verdict(self._answer, self.yardstick, self._full)

    def _failed(self, error: Exception) -> None:
        text = str(error) if isinstance(error, SimulatorError) else f"{type(error).__name__}: {error}"
        self._idle(f"<pre style='white-space:pre-wrap' role='alert'>{escape(text)}</pre>")

    def _stop(self) -> None:
        self._work.drop()
        self._idle("Stopped; what is shown is the last run that was finished.")

    def _idle(self, text: str) -> None:
        self._bar.layout.visibility = "hidden"
        self._say(text)

    def _say(self, text: str) -> None:
        self._status.value = f"<div role='status' aria-live='polite'>{text}</div>"

    def _show(self, language: str) -> None:
        """Show the what-if as text, and put it on the clipboard where the browser lets us."""
        try:
            text: str = getattr(self, language)
        except SimulatorError as error:
            self._failed(error)
            return
        self._text.description = language.upper() if language == "yaml" else language.capitalize()
        self._text.value = text
        self._text.layout.display = ""
        self._clipboard.outputs = (_clipboard_output(text),)


def _clipboard_output(text: str) -> Mapping[str, Any]:
    """Return an output that copies a text; it does nothing where scripts or the clipboard are refused."""
    script = f"navigator.clipboard && navigator.clipboard.writeText({json.dumps(text)}).catch(() => {{}});"
    return {"output_type": "display_data", "data": {"application/javascript": script}, "metadata": {}}
