"""Names that break formats: drawn from what breaks them."""

import random

ODD = ["\r", "\n", "\t", "\0", "\x1b", "\x7f", "\x85", "\u2028", "\u202e", "\u2066", "\udcff", "\ud800", "\uffff", "\\"]
ODD += [*"aZ 09$,;'\"[]{}<>&=+-@%:|#`~^_.()", "é", "e\u0301", "漢", "ع", "א", "😀", "\u200d", "\ufeff"]


def odd_names(seed: int, count: int) -> list[str]:
    """Return drawn names of what breaks formats."""
    draw = random.Random(seed)
    return ["".join(draw.choices(ODD, k=draw.randint(1, 9))) for _ in range(count)]
