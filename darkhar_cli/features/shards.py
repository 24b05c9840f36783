"""A part of a data set's clips for one of several processes that fill the feature cache together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from darkhar_cli.errors import BadRequest

if TYPE_CHECKING:
    import pandas as pd

_ALLOWED = "allowed is K/N with K from 0 to N - 1: of N shards the one with number K, for instance shard=0/4"


@dataclass(frozen=True)
class Shard:
    """One of `count` parts, by number from 0; which clips are in it depends on their content and lengths alone."""

    number: int = 0
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Return the shard that a text such as `0/4` names.

        Raises:
            BadRequest: it names none.
        """
        found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text.strip("'\""))
        if found is None or int(found[1]) >= int(found[2]):
            raise BadRequest(f"shard={text}: {_ALLOWED}")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def rows(self, table: pd.DataFrame) -> list[int]:
        """Return the row numbers of the shard's clips (`digest`, `n_frames`), ascending.

        Clips are dealt in the order of their lengths, so that shards differ by one clip and about one clip's frames;
        clips of the same bytes, which share their features, are in the same shard.
        """
        unique = table.drop_duplicates("digest").sort_values(["n_frames", "digest"])
        mine = unique["digest"].iloc[self.number :: self.count]
        return table.index[table["digest"].isin(mine)].tolist()


def read_shards(words: Sequence[str]) -> tuple[list[Shard], list[str]]:
    """Return the shards that words `shard=...` ask for (one of everything without), and the other words.

    Raises:
        BadRequest: a text that names no shard, one twice, or shards of different counts.
    """
    texts = [text for word in words if word.startswith("shard=") for text in word.partition("=")[2].split(",")]
    shards = [Shard.parse(text) for text in texts] or [Shard()]
    twice = next((shard for shard in shards if shards.count(shard) > 1), None)
    if twice:
        raise BadRequest(f"shard={twice} is given twice; give each once")
    if len({shard.count for shard in shards}) > 1:
        raise BadRequest(f"shard={','.join(texts)}: shards of different counts overlap; give all the same N of K/N")
    return shards, [word for word in words if not word.startswith("shard=")]
