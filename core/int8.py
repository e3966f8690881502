"""A network in 8-bit integers: NNCF calibrates the ranges of its activations on samples.

Weights and activations of convolutions become integers; what comes behind the last of them stays in floating point.
Needs `nncf`, which is among the development requirements; running the result does not.
"""

import logging
from collections.abc import Sequence
from typing import Any

from core.errors import InputError


def quantized(model: Any, samples: Sequence[Any], keep: Sequence[str] = ()) -> Any:
    """The integer form of an OpenVINO model. InputError without nncf, or of a model that is in integers already.

    samples: inputs as the model takes them. keep: regular expressions of operations that stay in floating point too.
    """
    try:
        import nncf
        from nncf.quantization.advanced_parameters import AdvancedQuantizationParameters
        from nncf.quantization.range_estimator import RangeEstimatorParametersSet
    except ModuleNotFoundError:
        raise InputError("nncf is not installed. pip install -r requirements-dev.txt") from None
    if any(operation.get_type_name() == "FakeQuantize" for operation in model.get_ops()):
        raise InputError("the network is in 8-bit integers already; begin with one that is not")
    nncf.set_log_level(logging.ERROR)  # else a line for each activation without a histogram of its own
    return nncf.quantize(
        model,
        nncf.Dataset(samples),
        preset=nncf.QuantizationPreset.MIXED,  # some activations reach below zero
        subset_size=len(samples),
        # A few large activations must not stretch the scale of all, and small networks live on their biases: together
        # these lose the detector a half point of average precision where NNCF's faster defaults lose two or three.
        fast_bias_correction=False,
        advanced_parameters=AdvancedQuantizationParameters(
            activations_range_estimator_params=RangeEstimatorParametersSet.HISTOGRAM
        ),
        ignored_scope=nncf.IgnoredScope(names=_behind_convolutions(model), patterns=list(keep), validate=False),
    )


def _behind_convolutions(model: Any) -> list[str]:
    """Names of the operations that no convolution follows: the arithmetic from the last features to the outputs."""
    before = set()
    for operation in reversed(model.get_ordered_ops()):
        name = operation.get_friendly_name()
        if "Convolution" in operation.get_type_name() or name in before:
            before.add(name)
            before.update(value.get_source_output().get_node().get_friendly_name() for value in operation.inputs())
    skip = {"Constant", "Parameter", "Result", "Convert", "ShapeOf"}
    return [
        operation.get_friendly_name()
        for operation in model.get_ordered_ops()
        if operation.get_friendly_name() not in before and operation.get_type_name() not in skip
    ]
