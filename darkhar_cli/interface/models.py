"""Models built from words."""

from typing import TYPE_CHECKING

from darkhar_cli.interface.words import Place, configuration, printing

if TYPE_CHECKING:
    from darkhar_cli.models.action_model import ActionModel
    from darkhar_cli.models.fusion import FusedModel


def build_model(*words: str, n_classes: int, config_dir: Place | None = None) -> "ActionModel | FusedModel":
    """Build the untrained end-to-end model of an experiment: uint8 clips (B, n, H, W, 3) -> logits (B, K) float32.

    Several streams are fused late: the mean of their log-probabilities.

    Args:
        words: choices and settings as on the command line.
        n_classes: K.
        config_dir: a folder of your own options, as `--config-dir`.

    Raises:
        BadRequest: a word that is not valid, streams fused before the classifier, an extractor without Keras backend.

    Example:
        >>> import numpy as np
        >>> import darkhar_cli as dk
        >>> model = dk.build_model("experiment=smoke", "enhance=gamma", n_classes=6)
        >>> model(np.zeros((1, 4, 48, 64, 3), np.uint8)).shape
        TensorShape([1, 6])
    """
    from darkhar_cli.config.streams import streams_of
    from darkhar_cli.errors import BadRequest
    from darkhar_cli.native_stderr import quiet_start

    with printing(show=False, quiet=True):
        config = configuration(words, "build_model", config_dir)
        streams = streams_of(config)
        if len(streams) > 1 and config["fusion"] != "late":
            raise BadRequest(
                f"fusion={config['fusion']}: features side by side have no end-to-end model; "
                "give fusion=late, or the words of one stream"
            )
        with quiet_start():  # TensorFlow, and only now
            import keras

            from darkhar_cli.models import action_model, fusion
        keras.utils.set_random_seed(config["seed"])
        models = [
            action_model.build_model(
                *(action_model.part_of(parts["sampler"]), action_model.chain_of(parts["enhance"])),
                *(action_model.part_of(parts["extractor"]), action_model.part_of(parts["classifier"])),
                n_classes=n_classes,
                seed=config["seed"],
            )
            for parts in streams.values()
        ]
        return models[0] if len(models) == 1 else fusion.FusedModel(models)
