"""Models built from words."""

from typing import TYPE_CHECKING

from darkhar_cli.interface.words import Place, configuration, printing

if TYPE_CHECKING:
    from darkhar_cli.models.action_model import ActionModel


def build_model(*words: str, n_classes: int, config_dir: Place | None = None) -> "ActionModel":
    """Build the untrained end-to-end model of an experiment: uint8 clips (B, n, H, W, 3) -> logits (B, K) float32.

    Args:
        words: choices and settings as on the command line.
        n_classes: K.
        config_dir: a folder of your own options, as `--config-dir`.

    Raises:
        BadRequest: a word that is not valid, several streams, or an extractor without a Keras backend.

    Example:
        >>> import numpy as np
        >>> import darkhar_cli as dk
        >>> model = dk.build_model("experiment=smoke", "enhance=gamma", n_classes=6)
        >>> model(np.zeros((1, 4, 48, 64, 3), np.uint8)).shape
        TensorShape([1, 6])
    """
    from darkhar_cli.errors import BadRequest
    from darkhar_cli.native_stderr import quiet_start

    with printing(show=False, quiet=True):
        config = configuration(words, "build_model", config_dir)
        if config["streams"]:
            raise BadRequest("build_model builds one stream; give the words of one of them")
        with quiet_start():  # TensorFlow, and only now
            import keras

            from darkhar_cli.models import action_model
        keras.utils.set_random_seed(config["seed"])
        parts = {kind: action_model.part_of(config[kind]) for kind in ("sampler", "extractor", "classifier")}
        enhance = action_model.chain_of(config["enhance"])
        return action_model.build_model(enhance=enhance, n_classes=n_classes, seed=config["seed"], **parts)
