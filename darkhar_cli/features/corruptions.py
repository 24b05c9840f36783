"""How clips are changed before anything else is done with them, to see what it costs in scoring, or to train on."""

from darkhar_cli.data.corruption import Darkening
from darkhar_cli.features.other_background import OtherBackground

Corruption = Darkening | OtherBackground
