"""One job's words -> its checked configuration; all mistakes in them are found before any is reported."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig

from darkhar_cli.config import config_files, schema, streams
from darkhar_cli.config.checked import JobConfig
from darkhar_cli.config.composition import blamed_choice, others_keys, plain, tree_of
from darkhar_cli.config.mistakes import Mistakes
from darkhar_cli.config.sweep_words import bare_key
from darkhar_cli.config.word_checks import check_key, check_name, groups_of
from darkhar_cli.errors import BadRequest


def check_names(parsed: Sequence[Override], verb: str, mistakes: Mistakes) -> set[str]:
    """Check the options that are chosen; return the groups of which a wrong one is."""
    wrong = set()
    for override in parsed:
        before = len(mistakes.found)
        with mistakes.kept():
            check_name(override, verb)
        if len(mistakes.found) > before:
            wrong.add(override.key_or_group)
    return wrong


class JobReader:
    """Composes and checks the jobs of one request; to be used where Hydra is initialized.

    Args:
        verb: whose configurations they are.
        extra: words that are always given.
        swept: the keys that a sweep varies.
    """

    def __init__(self, verb: str, extra: list[str], swept: Collection[str]):
        self.verb, self.extra, self.swept = verb, extra, swept
        self._trees: dict[tuple[str, ...], DictConfig] = {}  # jobs of a sweep choose the same options

    def job(self, words: list[str]) -> JobConfig:
        """Return one job's checked configuration.

        Raises:
            BadRequest: all that is not fully valid.
        """
        mistakes = Mistakes()
        parsed = dict(zip(words, OverridesParser.create().parse_overrides(words), strict=True))
        wrong = check_names(list(parsed.values()), self.verb, mistakes)
        if "experiment" in wrong or wrong >= {one.key_or_group.partition(".")[0] for one in parsed.values()}:
            mistakes.refuse()  # which options the keys belong to is not known, or there are no others
        chosen = {w: p for w, p in parsed.items() if p.key_or_group in groups_of(self.verb)}
        chosen = {word: one for word, one in chosen.items() if one.key_or_group not in wrong}
        base, others = self._base(chosen, mistakes)
        out = [f"~{group}.{key}" for group, keys in others.items() for key in keys]
        sound = [w for w, one in parsed.items() if one.key_or_group.partition(".")[0] not in wrong]
        files = config_files.used(self.verb, sound + self.extra)
        config_files.check_places(files)
        left = self._with_keys(parsed, base, wrong, mistakes)
        if not left:
            mistakes.refuse()  # at once: nothing else was typed
        try:
            tree = self._tree([*left, *out])
            config = plain(tree)
            self._check(config, wrong)
            made = streams.folds_shared(streams.filled(config), self.swept)
        except BadRequest as problem:
            for one in getattr(problem, "several", None) or [problem]:
                typed = one.place in {bare_key(word) for word in words} - set(groups_of(self.verb))
                mistakes.add(one if typed else config_files.blamed(one, files))
            mistakes.refuse()
        mistakes.refuse()
        streams.refuse_idle(config, {one.key_or_group.partition(".")[0] for one in parsed.values()})
        return JobConfig((*words, *out), made, tuple(out), tree)

    def _tree(self, words: list[str]) -> DictConfig:
        key = tuple(words)
        if key not in self._trees:
            self._trees[key] = tree_of(self.verb, [*words, *self.extra])
        return self._trees[key]

    def _base(self, chosen: Mapping[str, Override], mistakes: Mistakes) -> tuple[dict[str, Any], dict[str, list[str]]]:
        """Return what the chosen options stand for, and what an experiment sets for others than these."""
        try:
            base = plain(self._tree(list(chosen)))
            others = others_keys(self.verb, chosen, self.extra, base)
        except BadRequest as problem:
            mistakes.add(blamed_choice(self.verb, chosen, self.extra, problem))
            mistakes.refuse()
        for group, keys in others.items():
            base[group] = {key: value for key, value in base[group].items() if key not in keys}
        return base, others

    def _with_keys(
        self, parsed: Mapping[str, Override], base: Mapping[str, Any], wrong: set[str], mistakes: Mistakes
    ) -> list[str]:
        """Return the words without those whose key does not exist; a wrong option's keys are not judged."""
        left, known = [], set(wrong)
        for word, override in parsed.items():
            group, before = override.key_or_group.partition(".")[0], len(mistakes.found)
            if group in known:
                continue
            with mistakes.kept():
                check_key(override, base, self.verb)
            if len(mistakes.found) > before:
                wrong.add(group)
            else:
                left.append(word)
        return left

    def _check(self, config: Mapping[str, Any], wrong: Collection[str]) -> None:
        """Check values; of a group with a mistake nothing more is said, for one may follow from the other."""
        try:
            schema.check(config, self.verb)
        except BadRequest as problem:
            mistakes = Mistakes()
            for one in getattr(problem, "several", None) or [problem]:
                if one.place.partition(".")[0] not in wrong:
                    mistakes.add(one)
            mistakes.refuse()
