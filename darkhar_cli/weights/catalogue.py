"""Every file of pretrained weights that an extractor may need: its sources, licence, size and hash."""

from dataclasses import dataclass
from typing import Any

OF_KEYPOINTS = ("movenet", "pose", "flow", "pose_flow")
_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications"
_KAGGLE = "https://www.kaggle.com/models/google/movenet"


@dataclass(frozen=True)
class Source:
    """One place that a file can be downloaded from.

    Attributes:
        kind: `kaggle`, `npm` or `keras`: what downloads it.
        file: the name that it is kept under.
        address: Kaggle's handle, npm's package with its version, or a URL.
        page: where a person gets it.
        size: bytes of the file; 0: unknown.
        sha256: of the file; empty: unpinned, the first download's is recorded.
        md5: of the file, where its publisher gives no better hash.
        note: what else is to be known of it.
    """

    kind: str
    file: str
    address: str
    page: str
    size: int = 0
    sha256: str = ""
    md5: str = ""
    note: str = ""


@dataclass(frozen=True)
class Weights:
    """Pretrained weights of one network.

    Attributes:
        word: what is typed behind `darkhar fetch`.
        title: what people call it.
        extractors: which need it.
        settings: their parameters that choose it among the extractor's weights.
        licence: as its publisher states it.
        sources: tried in this order.
        patterns: further names that it is known by, in a folder of models.
        excluded: patterns of names that are other weights.
        parameters: how many numbers it holds; 0: unknown.
    """

    word: str
    title: str
    extractors: tuple[str, ...]
    licence: str
    sources: tuple[Source, ...]
    settings: tuple[tuple[str, Any], ...] = ()
    patterns: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    parameters: int = 0

    @property
    def command(self) -> str:
        """Return the words that fetch it."""
        several = sum(one.word == self.word for one in CATALOGUE) > 1
        chosen = [f"{key}={value}" for key, value in self.settings if several]
        return " ".join(["darkhar fetch", self.word, *chosen])


def _keras(
    name: str, title: str, path: str, parameters: int, size: int, licence: str = "Apache-2.0", **known: Any
) -> Weights:
    settings = known.pop("settings", ())
    url = f"{_KERAS}/{path}"
    source = Source("keras", path.rsplit("/", 1)[1], url, url, size, **known)
    return Weights(name, title, (name,), licence, (source,), settings=settings, parameters=parameters)


# Hashes: of MoveNet, of the files themselves; of networks of keras.applications, as Keras has them in its source (it
# has none of MobileNet). Sizes: what the servers announce.
CATALOGUE = (
    Weights(
        "movenet",
        "MoveNet Lightning",
        OF_KEYPOINTS,
        "Apache-2.0",
        (
            Source(
                "kaggle",
                "movenet_lightning_int8.tflite",
                "google/movenet/tfLite/singlepose-lightning-tflite-int8/1",
                f"{_KAGGLE}/tfLite/singlepose-lightning-tflite-int8",
                2_894_840,
                "cd7cc22fa946e5d146a7b98d496853e1923e22828d3972d579973f27f91bb105",
            ),
            Source(
                "npm",
                "movenet_lightning_float32.tflite",
                "@vladmandic/human@3.3.6",
                "https://www.npmjs.com/package/@vladmandic/human",
                note="a package of 28.6 MB, MIT, pinned; its float16 network is converted to TFLite here",
            ),
        ),
        settings=(("variant", "lightning"),),
        patterns=("*movenet*.tflite",),
        excluded=("*thunder*", "*multipose*"),
    ),
    Weights(
        "thunder",
        "MoveNet Thunder",
        OF_KEYPOINTS,
        "Apache-2.0",
        (
            Source(
                "kaggle",
                "movenet_thunder_float16.tflite",
                "google/movenet/tfLite/singlepose-thunder-tflite-float16/1",
                f"{_KAGGLE}/tfLite/singlepose-thunder-tflite-float16",
                12_584_128,
                "41641538679ec79b07d4101e591dda47d098c09af29607674b2a40b8a3798dd3",
            ),
        ),
        settings=(("variant", "thunder"),),
        patterns=("*movenet*thunder*.tflite",),
    ),
    _keras(
        "convnext_small",
        "ConvNeXt-Small",
        "convnext/convnext_small_notop.h5",
        49_454_688,
        198_551_472,
        "MIT (Meta's; the port to Keras Apache-2.0)",
        sha256="6fc8009faa2f00c1c1dfce59feea9b0745eb260a7dd11bee65c8e20843da6eab",
    ),
    _keras(
        "convnext_tiny",
        "ConvNeXt-Tiny",
        "convnext/convnext_tiny_notop.h5",
        27_820_128,
        111_650_432,
        "MIT (Meta's; the port to Keras Apache-2.0)",
        sha256="d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
    ),
    _keras(
        "mobilenet",
        "MobileNet v1",
        "mobilenet/mobilenet_1_0_224_tf_no_top.h5",
        3_228_864,
        17_225_924,
        settings=(("alpha", 1.0),),
    ),
    _keras(
        "mobilenet",
        "MobileNet v1, width 0.75",
        "mobilenet/mobilenet_7_5_224_tf_no_top.h5",
        1_832_976,
        0,
        settings=(("alpha", 0.75),),
    ),
    _keras(
        "mobilenet",
        "MobileNet v1, width 0.5",
        "mobilenet/mobilenet_5_0_224_tf_no_top.h5",
        829_536,
        0,
        settings=(("alpha", 0.5),),
    ),
    _keras(
        "mobilenet",
        "MobileNet v1, width 0.25",
        "mobilenet/mobilenet_2_5_224_tf_no_top.h5",
        218_544,
        2_108_140,
        settings=(("alpha", 0.25),),
        sha256="dbdb03ee2a22fd895301636cd328b234bb3a9952358f436d82f46b81e0d5b0bf",
    ),
    _keras(
        "mobilenet_v3_small",
        "MobileNet v3 Small",
        "mobilenet_v3/weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5",
        939_120,
        0,
        md5="d3e8ec802a04aa4fc771ee12a9a9b836",
    ),
    _keras(
        "efficientnet_v2_b0",
        "EfficientNet v2 B0",
        "efficientnet_v2/efficientnetv2-b0_notop.h5",
        5_919_312,
        24_274_472,
        md5="893217f2bb855e2983157299931e43ff",
    ),
)
