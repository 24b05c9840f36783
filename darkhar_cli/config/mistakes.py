"""Several mistakes of one request, reported together."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from darkhar_cli.errors import BadRequest


class Mistakes:
    """What is wrong with a request, in order; each message once."""

    def __init__(self) -> None:
        self.found: list[BadRequest] = []

    def add(self, problem: BadRequest) -> None:
        """Keep one mistake, or each of several."""
        for one in getattr(problem, "several", None) or [problem]:
            if str(one) not in map(str, self.found):
                self.found.append(one)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep the refusal of a block, which ends there."""
        try:
            yield
        except BadRequest as problem:
            self.add(problem)

    def refuse(self) -> None:
        """Raise what was found, if anything was.

        Raises:
            BadRequest: the mistake, or all of them, one a line.
        """
        if self.found:
            raise together(self.found)


class SeveralMistakes(BadRequest):
    """All that is wrong with a request; `several` holds each mistake."""

    def __init__(self, several: Sequence[BadRequest]):
        super().__init__(f"{len(several)} mistakes:\n" + "\n".join(f"  {one}" for one in several))
        self.several = list(several)


def together(found: Sequence[BadRequest]) -> BadRequest:
    """Return one refusal for all of these; a single one stays as it is."""
    return found[0] if len(found) == 1 else SeveralMistakes(found)
