"""Speed and memory, each shown as a ratio of two things measured in one run; `make bench` prints the table."""

ROWS = {
    "notebook_convnext": "bank / notebook: ConvNeXt-T at 224, 8 frames, 12 clips, 3 folds, 10 epochs",
    "notebook_mobilenet": "bank / notebook: MobileNet 0.25, 16 frames, 24 clips, 3 folds, 10 epochs",
    "notebook_projected": "bank / notebook, projected: ConvNeXt-S, 32 frames, 150 clips, 3 folds, 10 epochs",
    "extraction": "decode + enhance + extract / engine alone, frames per second: ConvNeXt-T at 224",
    "openvino": "OpenVINO / model.predict, frames per second: ConvNeXt-T at 224",
    "histeq": "histeq on the host / keras_cv Equalization in a tf.function, one thread: 240x320 frames",
    "pose_flow": "10 ms / CPU time of a frame on one core, from its bytes to pose and flow: 240x320",
    "second_job": "a job with another head, fold count and seed / the first: MobileNet 0.25",
    "heads": "compiled loop / Keras train_on_batch, both traced: LSTM on 8 frames of 256 features",
    "folds": "a fold from the traced step / from a model built anew",
    "memory": "peak memory of extraction: 1,000 clips / 100 clips",
    "memory_estimate": "estimated / measured peak memory of five runs, the worst of them",
    "sweep_memory": "memory after 100 jobs of a sweep / after 5 jobs, trained end to end",
    "one_camera": "30 s / the leak report of 10,000 clips of one fixed camera, in less than 500 MB",
    "scale": "10 s / the start of a second run on 2,000 generated clips (DARKHAR_SCALE_CLIPS), every stage beside it",
    "start_up": "darkhar --help / 0.5 s, and a config error / 1 s",
}
