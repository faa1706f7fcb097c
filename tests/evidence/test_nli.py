"""A model from a folder as a verifier: real onnxruntime, a real tokenizer, and a graph that compares words."""

import math
import re
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import onnx
import pytest
from django.conf import settings as site
from hypothesis import given
from hypothesis import settings as bounds
from hypothesis import strategies as st
from onnxruntime.quantization import quantize_dynamic
from pytest_django import Settings

from audit.stakes import Stakes
from evidence.gate import GatePolicy, judge
from evidence.typed.scoring import CALIBRATION
from evidence.verdicts import Outcome, Reason, Verdict
from evidence.verifiers import registry
from evidence.verifiers.nli import ModelUnusable, NliScorer, batches, from_folder
from evidence.verifiers.scored import ScoredVerifier
from evidence.verifiers.windows import Window
from evidence.verifying import VerifierFault
from prometheus_site import checks
from tests.evidence import tinymodels
from tests.evidence.material import passage, statement
from tests.evidence.tinymodels import BINARY, CLAIM, NLI, PASSAGE, folder, graph

ROOT = Path(__file__).resolve().parents[2]
SURE, UNSURE = 0.995067, 0.002467
NOT = "The dose is not 5 mg"
OTHER = "The dose is 7 mg"


@pytest.fixture
def scorer(tmp_path: Path) -> NliScorer:
    return from_folder(folder(tmp_path / "model"))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> NliScorer:
    return from_folder(folder(tmp_path_factory.mktemp("model")))


# Scores.


@pytest.mark.parametrize("labels", [NLI, NLI[::-1], ("neutral", "entailment", "contradiction")])
def test_a_model_says_supported_contradicted_or_neither_whatever_the_order_of_its_classes(
    tmp_path: Path, labels: tuple[str, ...]
) -> None:
    scorer = from_folder(folder(tmp_path, labels))
    assert not scorer.binary
    assert scorer.score([(PASSAGE, CLAIM), (PASSAGE, NOT), (PASSAGE, OTHER)]) == [
        (SURE, UNSURE),
        (UNSURE, SURE),
        (UNSURE, UNSURE),
    ]


@pytest.mark.parametrize("labels", [BINARY, BINARY[::-1], ("entailment",)])
def test_a_binary_model_contradicts_nothing(tmp_path: Path, labels: tuple[str, ...]) -> None:
    scorer = from_folder(folder(tmp_path, labels))
    (support, against), (denied, none) = scorer.score([(PASSAGE, CLAIM), (PASSAGE, NOT)])
    assert scorer.binary
    assert support > 0.99 > 0.01 > denied
    assert against == none == 0.0


@pytest.mark.parametrize("model", [graph(sides=True), graph(small=True)], ids=["sides", "small"])
def test_a_model_is_given_the_inputs_it_asks_for(tmp_path: Path, model: onnx.ModelProto) -> None:
    scorer = from_folder(folder(tmp_path, model=model))
    assert scorer.score([(PASSAGE, CLAIM), (PASSAGE, NOT)]) == [(SURE, UNSURE), (UNSURE, SURE)]


def test_no_pairs_have_no_scores_and_load_nothing(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no graph")
    tinymodels.write(tmp_path, "config.json", tinymodels.config())
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    assert from_folder(tmp_path).score([]) == []


def test_words_of_any_script_are_compared(scorer: NliScorer) -> None:
    pairs = [("投与 量 5 mg", "投与 量 5 mg"), ("Доза 5 mg", "доза 7 mg"), ("größe 5", "größer 5"), ("größe", "GRÖSSE")]
    supported = [yes > 0.9 for yes, _ in scorer.score(pairs[:3])]
    assert supported == [True, False, False]
    with pytest.raises(VerifierFault, match="a token that the model does not know"):
        scorer.score(pairs[3:])


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_a_passage_without_a_word_says_nothing_and_a_claim_without_one_is_a_fault(scorer: NliScorer, text: str) -> None:
    assert scorer.score([(text, CLAIM)]) == [(0.0, 0.0)]
    with pytest.raises(VerifierFault, match="no token"):
        scorer.score([(PASSAGE, text)])


@bounds(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from([CLAIM, NOT, OTHER, PASSAGE, PASSAGE * 9, "patients rest"]), min_size=1, max_size=20))
def test_a_score_depends_on_its_own_pair_and_on_no_neighbour(shared: NliScorer, texts: list[str]) -> None:
    pairs = [(text, CLAIM) for text in texts]
    assert shared.score(pairs) == [shared.score([pair])[0] for pair in pairs]


@bounds(deadline=None, max_examples=100)
@given(st.lists(st.integers(3, 512), max_size=70), st.booleans())
def test_batches_hold_every_window_once_and_are_bounded(lengths: list[int], alone: bool) -> None:
    windows = [(place, Window(ids=(0,) * length, sides=(0,) * length)) for place, length in enumerate(lengths)]
    found = list(batches(windows, alone=alone))
    assert sorted(place for batch in found for place, _ in batch) == list(range(len(lengths)))
    assert all(len(batch) <= (1 if alone else 16) for batch in found)
    assert all(len(batch) * max(len(one.ids) for _, one in batch) <= 4096 for batch in found)


def test_a_graph_quantized_as_it_runs_scores_each_pair_alone(tmp_path: Path) -> None:
    folder(tmp_path)
    quantize_dynamic(tmp_path / "model.onnx", tmp_path / "model_quantized.onnx")
    tinymodels.write(tmp_path, "verifier.json", {"weights": "model_quantized.onnx"})
    scorer = from_folder(tmp_path)
    assert scorer.load().model.alone
    assert scorer.score([(PASSAGE, CLAIM)] * 2)[0][0] > 0.99


# Length.


def test_a_long_passage_is_read_in_overlapping_windows_to_its_end(scorer: NliScorer) -> None:
    filler = "patients rest daily. " * 60
    for text in (CLAIM + " . " + filler, filler + CLAIM, filler + CLAIM + " . " + filler):
        assert scorer.score([(text, CLAIM)])[0][0] == SURE
    assert scorer.score([(filler, CLAIM)]) == [(UNSURE, UNSURE)]


def test_windows_overlap_and_each_has_the_whole_claim(scorer: NliScorer) -> None:
    words = tuple(f"w{number}" for number in range(150))
    tinymodels.tokenizer(words).save(str(scorer.folder.root / "tokenizer.json"))
    reader = from_folder(scorer.folder.root).load().reader
    windows = reader.windows(" ".join(words), "w7 w8")
    claim = [len(tinymodels.SPECIAL) + number for number in (7, 8)]
    assert len(windows) > 3
    assert all(list(one.ids[-3:-1]) == claim and len(one.ids) <= 64 for one in windows)
    seen = [one.ids[1 : one.sides.index(1) - 1] for one in windows]
    assert all(left[-16:] == right[:16] for left, right in pairwise(seen))
    assert {token for one in seen for token in one} == set(range(5, 155))


def test_support_in_one_window_does_not_outvote_a_contradiction_in_another(scorer: NliScorer) -> None:
    text = CLAIM + " . " + "patients rest daily. " * 60 + NOT
    ((supported, contradicted),) = scorer.score([(text, CLAIM)])
    assert contradicted == SURE
    assert supported == pytest.approx(1 - SURE)


def test_a_claim_is_never_cut(scorer: NliScorer) -> None:
    longest = " ".join(["dose"] * 29)
    assert scorer.score([(PASSAGE, longest)])[0][0] == SURE
    with pytest.raises(VerifierFault, match="more tokens than 29"):
        scorer.score([(PASSAGE, longest + " dose")])


def test_a_passage_without_end_is_a_fault(scorer: NliScorer) -> None:
    with pytest.raises(VerifierFault, match="windows; at most 64 are read"):
        scorer.score([("patients rest " * 3000, CLAIM)])


# What is broken.


@pytest.mark.parametrize("gain", [math.nan, math.inf])
def test_logits_that_are_no_numbers_are_a_fault(tmp_path: Path, gain: float) -> None:
    scorer = from_folder(folder(tmp_path, model=graph(gain=gain)))
    with pytest.raises(VerifierFault, match="no finite number"):
        scorer.score([(PASSAGE, CLAIM)])


def test_a_model_with_other_classes_than_its_config_is_a_fault(tmp_path: Path) -> None:
    scorer = from_folder(folder(tmp_path, model=graph(BINARY)))
    with pytest.raises(VerifierFault, match="2 logits for 3 classes"):
        scorer.score([(PASSAGE, CLAIM)])


@pytest.mark.parametrize("content", [b"", b"no graph", b"\x00" * 4096])
def test_a_broken_graph_is_named_and_stays_unusable(tmp_path: Path, content: bytes) -> None:
    (folder(tmp_path) / "model.onnx").write_bytes(content)
    scorer = from_folder(tmp_path)
    for _ in range(2):
        with pytest.raises(ModelUnusable, match=r"model\.onnx cannot be loaded"):
            scorer.score([(PASSAGE, CLAIM)])


def test_weights_outside_the_graph_are_refused_since_nobody_hashed_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder(tmp_path)
    model = onnx.load(tmp_path / "model.onnx")
    onnx.save(model, tmp_path / "model.onnx", save_as_external_data=True, location="model.onnx_data", size_threshold=0)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelUnusable, match="without external data"):
        from_folder(tmp_path).load()


def test_a_graph_that_asks_for_what_is_not_given_is_refused(tmp_path: Path) -> None:
    model = graph()
    model.graph.input.append(onnx.helper.make_tensor_value_info("pixel_values", onnx.TensorProto.FLOAT, [1]))
    with pytest.raises(ModelUnusable, match="asks for attention_mask, input_ids, pixel_values; integers named"):
        from_folder(folder(tmp_path, model=model)).load()


@pytest.mark.parametrize(
    ("picked_by", "reason"), [("input_ids", "onnxruntime raised"), ("attention_mask", "logits of shape")]
)
def test_a_graph_that_fails_or_returns_no_rows_is_a_fault(tmp_path: Path, picked_by: str, reason: str) -> None:
    model = graph()
    model.graph.node.append(onnx.helper.make_node("Gather", ["table", picked_by], ["picked"]))
    del model.graph.output[:]
    model.graph.output.append(onnx.helper.make_tensor_value_info("picked", onnx.TensorProto.FLOAT, ["n", "t", "c"]))
    with pytest.raises(VerifierFault, match=reason):
        from_folder(folder(tmp_path, model=model)).score([(PASSAGE, CLAIM)])


def test_a_graph_with_several_outputs_has_to_say_which_are_its_logits(tmp_path: Path) -> None:
    model = graph()
    model.graph.output.append(onnx.helper.make_tensor_value_info("three", onnx.TensorProto.FLOAT, ["n", 3]))
    assert from_folder(folder(tmp_path / "named", model=model)).score([(PASSAGE, CLAIM)]) == [(SURE, UNSURE)]
    model.graph.node[-1].output[0] = model.graph.output[0].name = "scores"
    with pytest.raises(ModelUnusable, match="returns scores, three; one of them has to be called logits"):
        from_folder(folder(tmp_path / "unnamed", model=model)).load()


def test_a_tokenizer_that_cannot_tell_two_texts_apart_is_refused(tmp_path: Path) -> None:
    folder(tmp_path)
    tokenizer = tinymodels.tokenizer()
    tokenizer.post_processor = None
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(ModelUnusable, match="puts no mark between passage and claim"):
        from_folder(tmp_path).load()


def test_a_broken_tokenizer_is_named(tmp_path: Path) -> None:
    (folder(tmp_path) / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelUnusable, match=r"tokenizer\.json cannot be read"):
        from_folder(tmp_path).load()


@pytest.mark.parametrize(
    ("package", "weights", "cure"),
    [
        ("onnxruntime", "model.onnx", "python -m pip install --require-hashes --no-deps -r deploy/locks/nli.txt"),
        ("torch", "model.safetensors", "python -m pip install torch transformers safetensors, or export the model"),
    ],
)
def test_a_missing_package_is_named_before_the_first_score_with_the_command_that_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, weights: str, cure: str
) -> None:
    (folder(tmp_path) / "model.onnx").rename(tmp_path / weights)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModelUnusable, match=rf"need the packages {package}.*: {re.escape(cure)}"):
        from_folder(tmp_path)


# Names and processes.


def test_the_id_is_short_and_changes_with_a_file(tmp_path: Path) -> None:
    before = from_folder(folder(tmp_path)).id
    assert re.fullmatch(r"nli-1-onnx-[0-9a-f]{32}", before)
    folder(tmp_path, model=graph(gain=7.0))
    assert from_folder(tmp_path).id != before


def test_a_model_that_changed_under_a_process_is_not_loaded(scorer: NliScorer) -> None:
    folder(scorer.folder.root, model=graph(gain=7.0))
    with pytest.raises(ModelUnusable, match="is another file than when this process began"):
        scorer.score([(PASSAGE, CLAIM)])


def test_threads_and_copies_share_one_model(scorer: NliScorer) -> None:
    copies = [scorer, from_folder(scorer.folder.root)] * 8
    with ThreadPoolExecutor(8) as pool:
        loaded = list(pool.map(lambda one: one.load(), copies))
        scores = list(pool.map(lambda one: tuple(one.score([(PASSAGE, CLAIM)] * 20)), copies))
    assert len({id(one) for one in loaded}) == 1
    assert set(scores) == {((SURE, UNSURE),) * 20}


FORK = """
import os, sys, threading
from pathlib import Path
from evidence.verifiers import registry
from evidence.verifiers.nli import RESIDENTS, from_folder
scorer = from_folder(Path(sys.argv[1]))
before = scorer.score([(sys.argv[2], sys.argv[3])])
RESIDENTS.turn.acquire()  # as if another thread were loading while this one forks
child = os.fork()
if child == 0:
    fresh = not RESIDENTS.known
    os._exit(0 if fresh and scorer.score([(sys.argv[2], sys.argv[3])]) == before else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_forked_child_loads_its_own(scorer: NliScorer) -> None:
    command = [sys.executable, "-c", FORK, str(scorer.folder.root), PASSAGE, CLAIM]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ran.stdout.strip() == "0", ran.stderr


IDLE = """
import sys
from pathlib import Path
from evidence.verifiers import registry
from evidence.verifiers.nli import from_folder
scorer = from_folder(Path(sys.argv[1]))
runtimes = {"onnxruntime", "tokenizers", "numpy", "torch", "transformers", "huggingface_hub"}
before = runtimes & sys.modules.keys()
scorer.score([(sys.argv[2], sys.argv[3])])
print(sorted(before), sorted(runtimes & sys.modules.keys()))
"""


def test_making_a_scorer_loads_no_runtime_and_scoring_no_downloader(scorer: NliScorer) -> None:
    command = [sys.executable, "-c", IDLE, str(scorer.folder.root), PASSAGE, CLAIM]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ran.stdout.strip() == "[] ['numpy', 'onnxruntime', 'tokenizers']", ran.stderr


def test_no_socket_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert from_folder(folder(tmp_path)).score([(PASSAGE, CLAIM)]) == [(SURE, UNSURE)]


# In the gate.


def test_the_settings_name_the_verifier_and_its_folder(scorer: NliScorer) -> None:
    named = {"PROMETHEUS_VERIFIER": "nli", "PROMETHEUS_VERIFIER_FOLDER": str(scorer.folder.root)}
    found = registry.made(named, built_in=site.PROMETHEUS_VERIFIERS)
    assert found is not None
    assert found.id == scorer.id


@pytest.mark.parametrize(
    ("place", "cure"),
    [("", "PROMETHEUS_VERIFIER_FOLDER is not set; name the folder"), ("/absent", "name a folder that this process's")],
)
def test_the_checks_say_what_is_wrong_with_the_folder(settings: Settings, place: str, cure: str) -> None:
    settings.PROMETHEUS_VERIFIER = {"PROMETHEUS_VERIFIER": "nli", "PROMETHEUS_VERIFIER_FOLDER": place}
    (found,) = checks.verifier_is_there(None)
    assert cure in found.msg


def test_in_the_gate_it_abstains_until_it_is_calibrated(scorer: NliScorer) -> None:
    claims, passages = [statement(CLAIM), statement(NOT), statement(OTHER)], [passage(PASSAGE)]
    verifier = ScoredVerifier(scorer)
    report = judge(claims, passages, stakes=Stakes.LOW, policy=GatePolicy(CALIBRATION), verifier=verifier)
    assert {claim.reason for claim in report.claims} == {Reason.NO_CALIBRATION}
    policy = GatePolicy(replace(CALIBRATION, verifier=verifier.id))
    report = judge(claims, passages, stakes=Stakes.LOW, policy=policy, verifier=verifier)
    assert [claim.verdict for claim in report.claims] == [
        Verdict.SUPPORTED,
        Verdict.CONTRADICTED,
        Verdict.INSUFFICIENT,
    ]


def test_in_the_gate_a_model_that_cannot_be_loaded_supports_nothing(scorer: NliScorer) -> None:
    (scorer.folder.root / "model.onnx").unlink()
    verifier = ScoredVerifier(scorer)
    policy = GatePolicy(replace(CALIBRATION, verifier=verifier.id))
    report = judge([statement(CLAIM)], [passage(PASSAGE)], stakes=Stakes.LOW, policy=policy, verifier=verifier)
    assert report.outcome is Outcome.NONE_SUPPORTED
    assert report.claims[0].reason is Reason.VERIFIER_UNAVAILABLE
