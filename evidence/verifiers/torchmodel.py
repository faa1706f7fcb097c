"""A model in safetensors, run by transformers and torch on one thread. Needs both packages."""

import inspect
from collections.abc import Sequence

import torch
from transformers import AutoModelForSequenceClassification
from transformers.utils.logging import disable_progress_bar

from evidence.verifiers.modelfolder import ModelFolder, ModelUnusable
from evidence.verifiers.windows import Window
from evidence.verifying import VerifierFault


class TorchModel:
    """A loaded model: windows in, logits out. May be used by several threads at once."""

    alone = False

    def __init__(self, folder: ModelFolder) -> None:
        """Raise ModelUnusable where transformers does not know the model, or a weight is missing."""
        folder.check()
        disable_progress_bar()
        self.padding = int(folder.config.get("pad_token_id") or 0)
        try:
            self.model, told = AutoModelForSequenceClassification.from_pretrained(
                str(folder.root),
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                dtype=torch.float32,
                output_loading_info=True,
            )
        except Exception as error:  # What a model's own class raises is of any kind.
            cure = "it has to be a sequence classification model that this version of transformers knows"
            raise ModelUnusable(f"{folder.root} cannot be loaded ({type(error).__name__}); {cure}") from error
        # transformers fills what is missing with random numbers, and only warns.
        if told["missing_keys"] or told["mismatched_keys"]:
            raise ModelUnusable(f"{folder.root} lacks weights of the model; fetch all of its files again")
        self.model.eval()
        torch.set_num_threads(1)
        takes = inspect.signature(self.model.forward).parameters
        self.sided = "token_type_ids" in takes and getattr(self.model.config, "type_vocab_size", 0) > 1

    def logits(self, windows: Sequence[Window]) -> list[list[float]]:
        """Return one row of logits for each window.

        Raises:
            VerifierFault: the model raised.
        """
        width = max(len(window.ids) for window in windows)
        gaps = [width - len(window.ids) for window in windows]
        given = {
            "input_ids": [[*one.ids, *[self.padding] * gap] for one, gap in zip(windows, gaps, strict=True)],
            "attention_mask": [[*[1] * len(one.ids), *[0] * gap] for one, gap in zip(windows, gaps, strict=True)],
        }
        if self.sided:
            given["token_type_ids"] = [[*one.sides, *[0] * gap] for one, gap in zip(windows, gaps, strict=True)]
        try:
            with torch.inference_mode():
                rows = self.model(**{name: torch.tensor(value) for name, value in given.items()}).logits.tolist()
        except Exception as error:  # As above.
            raise VerifierFault(f"the model raised {type(error).__name__}") from error
        return [[float(logit) for logit in row] for row in rows]
