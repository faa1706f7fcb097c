"""Folders with a real, very small model of natural language inference, as the tests of the scorer need them.

The model compares words: a claim whose words all stand in the passage is entailed, contradicted where only one of the
two has "not", and neutral where a word is missing.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from onnx import ModelProto, checker, numpy_helper, parser, save
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

SPECIAL = ("[PAD]", "[CLS]", "[SEP]", "not", "[UNK]")
WORDS = ("the", "dose", "is", "5", "mg", "7", "daily", "patients", "rest", "größe", "größer", "投与", "量", "доза", ".")
NLI = ("entailment", "neutral", "contradiction")
BINARY = ("not_entailment", "entailment")
PASSAGE, CLAIM = "The dose is 5 mg daily.", "The dose is 5 mg"

GRAPH = """
<ir_version: 10, opset_import: ["" : 18]>
words (int64[n, t] input_ids, int64[n, t] attention_mask) => (float[n, c] logits)
<int64[1] separator = {2}, int64[1] no = {3}, int64[1] last_special = {4}, int64 along = {1},
 int64[1] one_axis = {1}, int64[1] two_axis = {2}, int64[1] first = {0}, int64[1] second = {1}, float[1] full = {1.0}>
{
    ends = Equal(input_ids, separator)
    counted = Cast<to = 7>(ends)
    side = CumSum<exclusive = 1>(counted, along)
    shown = Cast<to = 9>(attention_mask)
    in_passage = Equal(side, first)
    in_claim = Equal(side, second)
    known = Greater(input_ids, last_special)
    word = And(known, shown)
    passage_word = And(word, in_passage)
    claim_word = And(word, in_claim)
    rows = Unsqueeze(input_ids, two_axis)
    columns = Unsqueeze(input_ids, one_axis)
    same = Equal(rows, columns)
    column_in_passage = Unsqueeze(passage_word, one_axis)
    hit = And(same, column_in_passage)
    hits = Cast<to = 1>(hit)
    found = ReduceMax<keepdims = 0>(hits, two_axis)
    gap = Sub(full, found)
    asked = Cast<to = 1>(claim_word)
    lack = Mul(asked, gap)
    missing = ReduceMax(lack, one_axis)
    denied = Equal(input_ids, no)
    passage_denied = And(denied, in_passage)
    claim_denied = And(denied, in_claim)
    passage_no = Cast<to = 1>(passage_denied)
    claim_no = Cast<to = 1>(claim_denied)
    passage_says_no = ReduceMax(passage_no, one_axis)
    claim_says_no = ReduceMax(claim_no, one_axis)
    differs = Sub(passage_says_no, claim_says_no)
    turned = Abs(differs)
    present = Sub(full, missing)
    contradicts = Mul(present, turned)
    entails = Sub(present, contradicts)
    three = Concat<axis = 1>(entails, missing, contradicts)
    logits = MatMul(three, table)
}
"""


def graph(labels: Sequence[str] = NLI, *, gain: float = 6.0, sides: bool = False, small: bool = False) -> ModelProto:
    """Return the model with its outputs in the order of the labels; ``gain`` is how sure it is.

    ``sides`` makes it ask for token_type_ids, ``small`` for integers of 32 bits.
    """
    text = GRAPH
    if sides:
        text = text.replace("attention_mask) =>", "attention_mask, int64[n, t] token_type_ids) =>")
        text = text.replace("Equal(side, first)", "Equal(token_type_ids, first)")
        text = text.replace("Equal(side, second)", "Equal(token_type_ids, second)")
    if small:
        text = text.replace("int64", "int32").replace("int32 along", "int64 along").replace("<to = 7>", "<to = 6>")
        text = text.replace("int32[1] one_axis", "int64[1] one_axis").replace("int32[1] two_axis", "int64[1] two_axis")
    model = parser.parse_model(text)
    model.graph.initializer.append(numpy_helper.from_array(table(labels, gain=gain), "table"))
    checker.check_model(model)
    return model


def table(labels: Sequence[str], *, gain: float) -> np.ndarray:
    """Return which output each of entailed, neutral and contradicted goes to."""
    if len(labels) == 1:
        return np.array([[gain], [-gain], [-gain]], dtype=np.float32)
    if len(labels) == 2:
        yes = labels.index("entailment")
        return np.array(
            [[gain * (column == (yes if row == 0 else 1 - yes)) for column in (0, 1)] for row in range(3)],
            dtype=np.float32,
        )
    places = [labels.index(name) for name in NLI]
    return np.array([[gain * (column == place) for column in range(len(labels))] for place in places], dtype=np.float32)


def tokenizer(words: Sequence[str] = WORDS) -> Tokenizer:
    made = Tokenizer(WordLevel({word: place for place, word in enumerate((*SPECIAL, *words))}, unk_token="[UNK]"))
    made.normalizer = Lowercase()
    made.pre_tokenizer = Whitespace()
    made.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    return made


def config(labels: Sequence[str] = NLI, **more: object) -> dict[str, object]:
    names = {str(number): label for number, label in enumerate(labels)}
    numbers = {label: number for number, label in enumerate(labels)}
    return {"id2label": names, "label2id": numbers, "max_position_embeddings": 64, "pad_token_id": 0, **more}


def folder(
    place: Path, labels: Sequence[str] = NLI, *, model: ModelProto | None = None, at: str = "model.onnx"
) -> Path:
    """Write a whole folder and return it."""
    (place / at).parent.mkdir(parents=True, exist_ok=True)
    save(model or graph(labels), place / at)
    write(place, "config.json", config(labels))
    tokenizer().save(str(place / "tokenizer.json"))
    return place


def write(place: Path, name: str, content: object) -> None:
    (place / name).write_text(json.dumps(content), encoding="utf-8")
