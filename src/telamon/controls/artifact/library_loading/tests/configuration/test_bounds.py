# ruff: noqa: E501, S108  # texts, one thought a line
"""Whatever a file holds, it is judged in bounded time and nothing is raised."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telamon.controls.artifact.library_loading.configuration.files import Form, judge
from telamon.controls.artifact.library_loading.configuration.hit import Hit
from telamon.controls.artifact.library_loading.configuration.requirements import TorchRelease, release_of

WORDS = (
    "TRUST_REMOTE_CODE", "LD_PRELOAD", "--trust-remote-code", "=", ":", " ", "\n", "\\\n", "true", "/tmp/x", "- ", "'", '"', "#",
    "torch.load(", "weights_only=False", ")", "import torch\n", "[", "]", "{", "}", "<<E\n", "E\n", "$(", "export ", "ENV ", "\ufffc", "\t",
)  # fmt: skip
TEXTS = st.lists(st.sampled_from(WORDS) | st.text(max_size=4), max_size=30).map("".join)


def _unknown() -> TorchRelease:
    return TorchRelease.UNKNOWN


@given(form=st.sampled_from(Form), text=TEXTS)
def test_any_text_is_judged_with_places_in_it(form: Form, text: str) -> None:
    lines = len(text.splitlines()) + 1
    for one in judge(form, "config.properties", text.encode("utf-8", "replace"), _unknown):
        if isinstance(one, Hit):
            assert one.line is None or 1 <= one.line <= lines + 1
            assert one.column is None or one.column >= 1
            assert "\n" not in one.message


@given(text=st.text() | TEXTS.map(lambda text: f"torch{text}"))
def test_any_requirements_state_something(text: str) -> None:
    assert release_of(text) in TorchRelease


FLOODS = {
    "continued lines": (Form.LINES, "TRUST_REMOTE_CODE=1 \\\n" * 40_000),
    "empty continued lines": (Form.LINES, "TRUST_REMOTE_CODE=1\n" + "\\\n" * 400_000),
    "nested here documents": (Form.SHELL, "".join(f"cat <<E{n}\nLD_PRELOAD=/tmp/x\n" for n in range(20_000))),
    "nested lists": (Form.DOCUMENT, "a: LD_PRELOAD\nb: " + "[" * 400_000),
    "nested blocks": (Form.DOCUMENT, "LD_PRELOAD:\n" + "".join(" " * n + "a:\n" for n in range(1200))),
    "many options": (Form.SHELL, "vllm " + "--trust-remote-code " * 9_000),
    "many dictionaries": (Form.PYTHON, "x = {'trust_remote_code': True}\n" * 15_000),
    "open texts of Triton": (Form.TRITON, "EXECUTION_ENV_PATH " * 40_000),
}  # fmt: skip


@pytest.mark.parametrize("name", FLOODS)
def test_floods_cost_a_bounded_time(name: str) -> None:
    form, text = FLOODS[name]
    start = time.process_time()
    assert sum(1 for _ in judge(form, "x", text.encode(), _unknown)) >= 0
    assert time.process_time() - start < 10  # seconds; a busy machine takes a fifth of it
