"""No tracker: what a run leaves is in its folder."""

from darkhar_cli.registry import register
from darkhar_cli.trackers.contract import Tracker


@register("tracker", "none")
class NoTracker(Tracker):
    """Tells nobody."""
