"""What was measured, as a table, as JSON, against the bars, and against an earlier run."""
import json
import statistics
from dataclasses import dataclass
from pathlib import Path

from throughput import Figures

OURS = "maildedup"


def median(values: list[float]) -> float:
    """Of the rounds."""
    return statistics.median(values)


def ratio(figures: Figures, metric: str, peer: str) -> float | None:
    """Ours to a peer's: the median of the ratios of each round, in which both met the same machine."""
    servers = figures.get(metric, {})
    if not servers.get(OURS) or not servers.get(peer):
        return None
    ratios = [ours / theirs for ours, theirs in zip(servers[OURS], servers[peer]) if theirs]
    return median(ratios) if ratios else None


@dataclass(frozen=True)
class Bar:
    """What we want to reach. Against a peer `limit` is a ratio; against another metric of ours as well."""

    metric: str
    at_least: float | None = None
    at_most: float | None = None
    peer: str | None = None
    other: str | None = None

    def value(self, figures: Figures) -> float | None:
        """What was reached; None when it was not measured."""
        if self.peer:
            return ratio(figures, self.metric, self.peer)
        ours = figures.get(self.metric, {}).get(OURS)
        if not ours or not self.other:
            return median(ours) if ours else None
        others = figures.get(self.other, {}).get(OURS)
        return median([a / b for a, b in zip(ours, others) if b]) if others else None

    def line(self, figures: Figures) -> str:
        """For people."""
        value = self.value(figures)
        limit = f"≥ {self.at_least:g}" if self.at_least is not None else f"≤ {self.at_most:g}"
        of = f" / {self.peer or self.other}" if self.peer or self.other else ""
        if value is None:
            return f"  ?        (wanted {limit:8})  {self.metric}{of}"
        reached = value >= self.at_least if self.at_least is not None else value <= self.at_most
        return f"  {'yes' if reached else 'NO ':3} {value:8.2f} (wanted {limit:8})  {self.metric}{of}"


def _relayed(sessions: str, what: str) -> str:
    return f"relay: ordinary-10k, {sessions}: {what}"


BARS = [
    *(Bar(_relayed(sessions, "mails/s"), at_least=4, peer="postfix") for sessions in ("10 sessions", "100 sessions")),
    Bar(_relayed("1 session", "mails/s"), at_least=1.5, peer="postfix"),
    *(Bar(_relayed(sessions, "relayed/s"), at_least=3, peer="postfix") for sessions in ("10 sessions", "100 sessions")),
    Bar(_relayed("100 sessions", "p99 ms"), at_most=0.5, peer="postfix"),
    *(Bar(_relayed(sessions, "CPU µs/mail"), at_most=0.5, peer="postfix")
      for sessions in ("1 session", "10 sessions", "100 sessions")),
    *(Bar(f"storm: report-15k, {sessions}: mails/s", at_least=0.9, peer="smtp-sink")
      for sessions in ("10 sessions", "100 sessions")),
    *(Bar(f"storm: report-15k, {sessions}, reused: mails/s", at_least=0.6, peer="smtp-sink")
      for sessions in ("10 sessions", "100 sessions")),
    *(Bar(f"password resets beside a storm over {sessions} sessions: p99 ms", at_most=3,
          other="password resets alone: p99 ms") for sessions in (10, 100)),
    Bar("memory, idle: MiB", at_most=30),
    Bar("memory, 1,000 connections more: MiB", at_most=32),
    Bar("memory, 1,000,000 errors and 100,000 queued mails: MiB", at_most=100),
    Bar("memory, peak with 100 mails of 25 MiB: MiB", at_most=128),
    Bar("decision, 1,000,000 errors: CPU µs", at_most=1.3, other="decision, 1,000 errors: CPU µs"),
    Bar("start-up, 1,000,000 errors and 100,000 queued mails: s", at_most=3),
    # A fleet may cost 3 %.
    *(Bar(f"fleet, storm: {case}: CPU µs/mail", at_least=1 / 1.03, peer="maildedup in a fleet")
      for case in ("report-15k, 100 sessions", "report-15k, 100 sessions, reused",
                   "report-kinds, 100 sessions, 1000 different")),
]


def table(figures: Figures) -> str:
    """Medians, and ours to each peer's."""
    lines, group = [], None
    for metric, servers in figures.items():
        if metric.rpartition(": ")[0] != group:
            group = metric.rpartition(": ")[0]
            lines.append(f"\n{group}")
        cells = []
        for name, values in servers.items():
            cell = f"{name} {_number(median(values))}"
            if name != OURS and (found := ratio(figures, metric, name)) is not None:
                cell += f" (ours {found:.2f} ×)"
            cells.append(cell)
        lines.append(f"  {metric.rpartition(': ')[2]:20} {'   '.join(cells)}")
    return "\n".join(lines)


def bars(figures: Figures) -> str:
    """Each with what was reached."""
    return "\n".join(bar.line(figures) for bar in BARS)


def save(figures: Figures, about: dict, path: Path) -> None:
    """As JSON: the values of all rounds."""
    path.write_text(json.dumps({"about": about, "figures": figures}, indent=1, ensure_ascii=False) + "\n")


def compared(figures: Figures, baseline: Path) -> str:
    """What became better or worse than in an earlier run by more than a tenth.

    Where a peer took part its ratio to us is compared, since machines differ from day to day.
    """
    before: Figures = json.loads(baseline.read_text())["figures"]
    lines = []
    for metric, servers in figures.items():
        if OURS not in servers or OURS not in before.get(metric, {}):
            continue
        peer = next((name for name in ("postfix", "smtp-sink") if ratio(before, metric, name)), None)
        then, now = ((ratio(before, metric, peer), ratio(figures, metric, peer)) if peer
                     else (median(before[metric][OURS]), median(servers[OURS])))
        if then and now is not None and abs(now / then - 1) > 0.1:
            lines.append(f"  {100 * (now / then - 1):+6.0f} %  {metric}{f' / {peer}' if peer else ''}: "
                         f"{_number(then)} → {_number(now)}")
    return "\n".join(lines) or "  nothing by more than a tenth"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
