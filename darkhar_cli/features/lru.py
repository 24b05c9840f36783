"""The entries of a bank that were read last, as many as fit."""

from collections import OrderedDict

from darkhar_cli.features.feature_cache import Entry


class Recent:
    """The entries read last, as many as fit into `room` bytes."""

    def __init__(self, room: int):
        self.room = room
        self._entries: OrderedDict[str, Entry] = OrderedDict()

    def get(self, name: str) -> Entry | None:
        """Return an entry, if it is still there."""
        if name in self._entries:
            self._entries.move_to_end(name)
        return self._entries.get(name)

    def put(self, name: str, entry: Entry) -> None:
        """Keep an entry; those not used for longest make room."""
        self.drop(name)
        self._entries[name] = entry
        self.room -= entry.features.nbytes
        while self.room < 0 and len(self._entries) > 1:
            self.room += self._entries.popitem(last=False)[1].features.nbytes

    def drop(self, name: str) -> None:
        """Forget an entry."""
        if name in self._entries:
            self.room += self._entries.pop(name).features.nbytes
