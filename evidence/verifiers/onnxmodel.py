"""A model in ONNX, run by onnxruntime on one thread. Needs the packages onnxruntime and numpy."""

import os
from collections.abc import Sequence

import numpy as np
import onnxruntime

from evidence.verifiers.modelfolder import ModelFolder, ModelUnusable
from evidence.verifiers.windows import Window
from evidence.verifying import VerifierFault

KINDS = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}
INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
# Scales its numbers by the largest of the whole batch, so that a pair's score would depend on its neighbours.
DYNAMIC = b"DynamicQuantizeLinear"


class OnnxModel:
    """A loaded graph: windows in, logits out. May be used by several threads at once."""

    def __init__(self, folder: ModelFolder) -> None:
        """Raise ModelUnusable where the graph cannot be loaded, or asks for other inputs than tokens."""
        graph, where = folder.read(folder.graph), folder.root / folder.graph
        self.alone = DYNAMIC in graph
        self.padding = int(folder.config.get("pad_token_id") or 0)
        try:
            self.session = onnxruntime.InferenceSession(graph, options(), providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors have no class in common.
            cure = "it has to be one ONNX file that onnxruntime's CPU provider runs, without external data"
            raise ModelUnusable(f"{where} cannot be loaded ({type(error).__name__}); {cure}") from error
        self.inputs = {item.name: KINDS.get(item.type) for item in self.session.get_inputs()}
        if not {"input_ids"} <= self.inputs.keys() <= INPUTS or None in self.inputs.values():
            asked = ", ".join(sorted(self.inputs))
            raise ModelUnusable(f"{where} asks for {asked[:200]}; integers named {', '.join(sorted(INPUTS))} are given")
        outputs = [item.name for item in self.session.get_outputs()]
        if "logits" not in outputs and len(outputs) != 1:
            raise ModelUnusable(f"{where} returns {', '.join(outputs)[:200]}; one of them has to be called logits")
        self.output = "logits" if "logits" in outputs else outputs[0]

    def logits(self, windows: Sequence[Window]) -> list[list[float]]:
        """Return one row of logits for each window.

        Raises:
            VerifierFault: onnxruntime raised, or returned what are no such rows.
        """
        width = max(len(window.ids) for window in windows)
        shape = (len(windows), width)
        given = {name: np.zeros(shape, dtype=kind) for name, kind in self.inputs.items()}
        given["input_ids"].fill(self.padding)
        for row, window in enumerate(windows):
            values = {"input_ids": window.ids, "attention_mask": 1, "token_type_ids": window.sides}
            for name, array in given.items():
                array[row, : len(window.ids)] = values[name]
        try:
            (found,) = self.session.run([self.output], given)
        except Exception as error:  # As above.
            raise VerifierFault(f"onnxruntime raised {type(error).__name__}") from error
        if found.ndim != 2 or len(found) != len(windows):
            raise VerifierFault(f"the model returned logits of shape {found.shape} for {len(windows)} windows")
        return [[float(logit) for logit in row] for row in found]


def options() -> onnxruntime.SessionOptions:
    """One thread, so that no thread is lost by a fork and workers leave each other's cores alone."""
    made = onnxruntime.SessionOptions()
    made.intra_op_num_threads = 1
    made.inter_op_num_threads = 1
    made.use_deterministic_compute = True
    made.log_severity_level = 4
    # A graph may name files with more weights, found from the current folder: nobody hashed those.
    made.add_session_config_entry("session.model_external_initializers_file_folder_path", os.devnull)
    return made
