"""Figures of the clips and the configuration that words name."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from matplotlib.figure import Figure

from darkhar_cli import console
from darkhar_cli.data.clip_dataset import Clips
from darkhar_cli.extractors.person.keypoints import MoveNet
from darkhar_cli.files.tables import write_csv
from darkhar_cli.launch.pictures import PLAIN, RECORDED, Asked, Chain, chosen_clips, open_clips
from darkhar_cli.names import several
from darkhar_cli.report import clips_shown, enhancement_card
from darkhar_cli.report.figures import class_counts, from_clips, model_diagram
from darkhar_cli.report.person_seen import net_at_hand
from darkhar_cli.report.terminal import grid_of

_MEASURED = 6  # clips that the card is measured on


@dataclass
class FiguresOfClips:
    """Draws what is asked for.

    Attributes:
        asked: samplers and enhancements.
        clips: that are drawn.
        measured: that the card is measured on.
        data_set: they are of; None of files.
    """

    asked: Asked
    clips: Sequence[clips_shown.ClipShown]
    measured: Sequence[clips_shown.ClipShown]
    data_set: Clips | None

    @classmethod
    def opened(cls, asked: Asked, files: Sequence[Path], names: Sequence[str], count: int) -> "FiguresOfClips":
        """Return it with its clips: files, those of the data set that are named, or so many.

        Raises:
            DarkharError: a file or the data set is not what it should be.
        """
        if files:
            own = [clips_shown.of_file(file) for file in files]
            return cls(asked, own, own, None)
        data_set = open_clips(asked)
        drawn = chosen_clips(data_set, names, count)
        return cls(asked, drawn, drawn if names else chosen_clips(data_set, [], max(count, _MEASURED)), data_set)

    @cached_property
    def net(self) -> MoveNet | None:
        """Return MoveNet, where its weights are on this machine."""
        found = net_at_hand()
        if found is None:
            console.note(
                "MoveNet's weights are not on this machine: flow is drawn in the box of what moves, "
                "keypoint confidence is not measured"
            )
        return found

    @property
    def lit(self) -> tuple[str, Chain]:
        """Return the first chain that is asked for, by which frames can be seen."""
        return next(iter(self.asked.chains.items()), (RECORDED, PLAIN))

    def draw(self, only: Sequence[str]) -> dict[str, Figure]:
        """Return the figures of these names.

        Raises:
            DarkharError: a sampler refuses a clip, or a clip cannot be read.
        """
        drawn: dict[str, Figure] = {}
        for clip, word in zip(self.clips, from_clips.file_names(self.clips), strict=True):
            console.note(f"drawing {clip.id}")
            if "samplers" in only:
                seed = int(self.asked.config["seed"])
                drawn[f"samplers_{word}"] = from_clips.sampled(clip, self.asked.samplers, self.lit, seed)
            if "enhancement" in only:
                drawn[f"enhancement_{word}"] = from_clips.enhanced(clip, self.asked.pictures_of())
            if "person" in only:
                drawn[f"person_{word}"] = from_clips.person(clip, self.lit, self.net)
        if "class_counts" in only and self.data_set is not None:
            drawn["class_counts"] = class_counts.draw(self.data_set.table)
        if "model" in only:
            drawn["model"] = model_diagram.draw(
                self.asked.config, len(self.data_set.classes) if self.data_set else None
            )
        return drawn

    def show_card(self, place: Path) -> None:
        """Print the enhancement card and write it into a folder.

        Raises:
            FailedWork: a clip cannot be read, or the table cannot be written.
        """
        with console.progress("enhancement card", len(self.measured)) as progress:
            chains = self.asked.pictures_of()
            cards = enhancement_card.measure_cards(chains, self.measured, self.net, progress.advance)
        columns = [*enhancement_card.TITLES.values()][: None if self.net else -1]
        kind = "synthetic clip" if self.data_set is not None and self.data_set.synthetic else "clip"
        title = f"enhancement card, {several(len(self.measured), kind)}, before → after"
        grid = grid_of(title, columns, enhancement_card.ABOUT)
        grid.columns[0].justify = "left"
        for card in cards:
            grid.add_row(*(cell.replace(" → ", "→") for cell in card.cells()[: len(columns)]))  # 80 columns are few
        console.out.print(grid)
        write_csv(place / "enhancement_card.csv", enhancement_card.cards_table(cards))
