"""What LiteRT has no public name for: a network's operations, in the order in which they are run."""

from typing import Any

_DENSE, _CONVOLUTION = "FULLY_CONNECTED", "CONV"


def before_last_dense(interpreter: Any) -> tuple[int, bool]:
    """Return the index of the tensor that the last dense layer takes, and whether it lies inside.

    Where convolutions come after it, or there is none, that is the first output.
    """
    last = int(interpreter.get_output_details()[0]["index"])
    for operation in reversed(interpreter._get_ops_details()):
        if operation["op_name"] == _DENSE:
            return int(operation["inputs"][0]), True
        if _CONVOLUTION in operation["op_name"]:
            return last, False
    return last, False
