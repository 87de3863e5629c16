"""What was measured, held to its targets, as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from servers import NGINX, POCKETREPO, PYPISERVER

COLUMNS = (NGINX, POCKETREPO, PYPISERVER)


@dataclass(frozen=True)
class Target:
    """What PocketRepo's figure, divided by that of ``of`` (its own figure as it is for ""), must be: at most, or
    at least where ``least`` is set. ``must`` is the bar, ``ambitious`` what a prototype has reached."""

    of: str
    must: float
    ambitious: float
    least: bool = False

    def reached(self, ratio: float, bar: float) -> bool:
        return ratio >= bar if self.least else ratio <= bar


@dataclass(frozen=True)
class Line:
    """One measure: for each server a figure a round. A ratio is the median of the rounds' ratios, since what
    else the machine does changes from round to round."""

    title: str
    unit: str
    rounds: dict[str, list[float]]
    targets: tuple[Target, ...] = field(default=())

    def figure(self, server: str) -> float | None:
        return median(self.rounds[server]) if self.rounds.get(server) else None

    def ratio(self, of: str) -> float | None:
        own, other = self.rounds[POCKETREPO], self.rounds.get(of)
        if not of:
            return median(own)
        if not other:
            return None
        return median(mine / (theirs or 0.005) for mine, theirs in zip(own, other, strict=True))

    def verdict(self, target: Target) -> str:
        ratio = self.ratio(target.of)
        if ratio is None:
            return ""
        if target.reached(ratio, target.ambitious):
            return "ambitious"
        return "must" if target.reached(ratio, target.must) else "MISSED"

    def rows(self) -> list[list[str]]:
        """A row for each target, or one without; the figures stand in the first."""
        figures = [_number(self.figure(server)) for server in COLUMNS]
        rows: list[list[str]] = []
        targets: tuple[Target | None, ...] = self.targets or (None,)
        for target in targets:
            first = [self.title, self.unit, *figures] if not rows else ["", "", "", "", ""]
            if target is None:
                others = [(of, self.ratio(of)) for of in (NGINX, PYPISERVER)]
                ratios = ", ".join(f"{_number(ratio)}x {of}" for of, ratio in others if ratio is not None)
                rows.append([*first, ratios, "", "", ""])
                continue
            ratio = self.ratio(target.of)
            sign = "≥" if target.least else "≤"
            reached = "" if ratio is None else _number(ratio) + (f"x {target.of}" if target.of else "")
            bars = [f"{sign} {_number(bar)}" for bar in (target.must, target.ambitious)]
            rows.append([*first, reached, *bars, self.verdict(target)])
        return rows

    def as_json(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "unit": self.unit,
            "rounds": self.rounds,
            "targets": [
                {**vars(target), "ratio": self.ratio(target.of), "verdict": self.verdict(target)}
                for target in self.targets
            ],
        }


HEADER = ["measure", "unit", *COLUMNS, "PocketRepo is at", "must", "ambitious", "reached"]


def render(lines: Sequence[Line]) -> str:
    """A Markdown table that reads well as it is."""
    rows = [HEADER, *(row for line in lines for row in line.rows())]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADER))]
    rule = ["-" * width for width in widths]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in (rows[0], rule, *rows[1:])
    )


def missed(lines: Sequence[Line]) -> list[str]:
    """The measures that are below their bar."""
    return [line.title for line in lines if any(line.verdict(target) == "MISSED" for target in line.targets)]


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
