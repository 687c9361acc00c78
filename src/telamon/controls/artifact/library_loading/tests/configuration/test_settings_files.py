# ruff: noqa: E501, Q003, S108  # programs, one text each
"""What scripts, images, settings of servers and notebooks configure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from telamon.controls.artifact.library_loading.checker import LibraryLoadingChecker
from telamon.controls.artifact.library_loading.configuration.documents import judge_document
from telamon.controls.artifact.library_loading.configuration.hit import Hit
from telamon.controls.artifact.library_loading.settings import LibraryLoadingSettings
from telamon.core.records import Finding, Outcome, Verdict
from telamon.core.subjects import Subject, SubjectKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HELM = 'spec:\n  containers:\n  - env:\n    - name: TRUST_REMOTE_CODE\n      value: "true"\n    {{- if .Values.x }}\n'

RISKY = {
    "Dockerfile": ("FROM x\nENV TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1\n", ["high unrestricted-load 2:5"]),
    "old.Dockerfile": ("FROM x\nENV HF_DATASETS_TRUST_REMOTE_CODE true\n", ["high remote-code 2:5"]),
    "exec.Dockerfile": ("FROM x\nCMD [\"vllm\", \"serve\", \"--trust-remote-code\"]\n", ["high remote-code 2:24"]),
    "continued.Dockerfile": ("FROM x\nCMD vllm serve \\\n  --trust-remote-code\n", ["high remote-code 3:3"]),
    "serve.sh": ("#!/bin/sh\nexport LD_PRELOAD=/tmp/x.so\nvllm serve a/b\n", ["high library-path 2:8"]),
    "flag.sh": ("python -m vllm.entrypoints.openai.api_server --model a/b --trust_remote_code\n", ["high remote-code 1:58"]),
    "pinned.sh": (f"vllm serve a/b --trust-remote-code --revision {COMMIT}\n", ["low remote-code 1:16"]),
    "docker.sh": ("docker run -e TRUST_REMOTE_CODE=true -e VLLM_ALLOW_INSECURE_SERIALIZATION=1 tgi\n",
                  ["high remote-code 1:15", "high unrestricted-load 1:41"]),
    "sglang.sh": ("python -m sglang.launch_server --enable-custom-logit-processor\n", ["high open-model-server 1:32"]),
    "triton.sh": ("tritonserver --backend-directory=/tmp/backends\n", ["high open-model-server 1:14"]),
    "compose.yml": ("services:\n  llm:\n    command: --model a/b --trust-remote-code\n", ["high remote-code 3:26"]),
    "list.yaml": ("services:\n  llm:\n    command:\n      - --model\n      - a/b\n      - --trust-remote-code\n", ["high remote-code 6:9"]),
    "environment.yaml": ("services:\n  llm:\n    environment:\n      TRUST_REMOTE_CODE: 1\n", ["high remote-code 4:26"]),
    "items.yaml": ("services:\n  llm:\n    environment:\n      - LD_LIBRARY_PATH=./lib\n", ["medium library-path 4:9"]),
    "pod.yaml": ("spec:\n  containers:\n  - env:\n    - name: TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD\n      value: \"1\"\n", ["high unrestricted-load 5:14"]),
    "shell.yaml": ("spec:\n  command: [sh, -c, \"vllm serve a/b --trust-remote-code\"]\n", ["high remote-code 2:21"]),
    "chart.yaml": (HELM, ["high remote-code 5:15"]),
    ".github/workflows/ci.yml": ("jobs:\n  t:\n    steps:\n    - run: |\n        pip list\n        vllm serve a/b --trust-remote-code\n", ["high remote-code 6:24"]),
    "vllm.yaml": ("model: a/b\ntrust-remote-code: true\n", ["high remote-code 2:20"]),
    "pinned.yaml": (f"model: a/b\ntrust_remote_code: true\nrevision: {COMMIT}\n", ["low remote-code 2:20"]),
    "task.json": ('{"environment": [{"name": "TRUST_REMOTE_CODE", "value": "true"}]}', ["high remote-code 1:57"]),
    "engine.json": ('{"model": "a/b",\n "trust_remote_code": true}', ["high remote-code 2:23"]),
    ".env": ("# TRUST_REMOTE_CODE=1\nTRUST_REMOTE_CODE=true\n", ["high remote-code 2:1"]),
    ".env.production": ("PYTHONPATH=/tmp/app\n", ["medium library-path 1:1"]),
    "app.service": ("[Service]\nEnvironment=\"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1\"\nExecStart=/usr/bin/vllm serve a \\\n  --trust-remote-code\n",
                    ["high unrestricted-load 2:14", "high remote-code 4:3"]),
    "Makefile": ("serve:\n\tvllm serve a/b --trust-remote-code\n", ["high remote-code 2:17"]),
    "supervisord.conf": ("[program:x]\ncommand=vllm serve a/b --trust-remote-code\n", ["high remote-code 2:24"]),
    "config.toml": ("[engine]\ntrust_remote_code = true\n", ["high remote-code 2:1"]),
    "config.properties": ("management_address=http://0.0.0.0:8081\ninstall_py_dep_per_model=true\n",
                          ["high open-model-server 1:1", "medium open-model-server 2:1"]),
    "config.pbtxt": ('parameters: {\n key: "EXECUTION_ENV_PATH"\n value: {string_value: "/tmp/env.tar.gz"}\n}\n', ["high open-model-server 3:1"]),
    "evil.pth": ("/tmp/code\nimport evil\n", ["high library-path 1:1", "low start-hook 2:1"]),
}  # fmt: skip


@pytest.mark.parametrize("name", RISKY)
def test_risky_settings_are_found(name: str, found: Callable[..., list[str]]) -> None:
    text, expected = RISKY[name]
    assert found(name, text) == expected


ORDINARY = {
    "Dockerfile": "FROM vllm/vllm-openai\n# ENV TRUST_REMOTE_CODE=1\nENV LD_LIBRARY_PATH=/usr/local/cuda/lib64:$LD_LIBRARY_PATH\nCMD [\"vllm\", \"serve\"]\n",
    "serve.sh": "# --trust-remote-code is not needed\nvllm serve a/b --no-trust-remote-code\necho 'add --trust-remote-code'\n",
    "off.sh": "TRUST_REMOTE_CODE=false python serve.py --trust_remote_code False\n",
    "preload.sh": "export LD_PRELOAD=/usr/lib/libjemalloc.so LD_PRELOAD=libtcmalloc.so\n",
    "compose.yml": "services:\n  llm:\n    command: [--model, a/b]\n    environment:\n      TRUST_REMOTE_CODE: \"false\"\n",
    "vllm.yaml": "model: a/b\ntrust-remote-code: false\n",
    "docs.yaml": "description: use --trust-remote-code only for code that you have read\n",
    ".env": "TRUST_REMOTE_CODE=0\nPYTHONPATH=/opt/app\nPYTHONPATH=$HOME/src\n",
    "config.properties": "management_address=http://127.0.0.1:8081\nallowed_urls=https://models.example.com/\n",
    "config.pbtxt": 'backend: "python"\nparameters: {key: "EXECUTION_ENV_PATH" value: {string_value: "$$TRITON_MODEL_DIRECTORY/e.tar.gz"}}\n',
    "src.pth": "/opt/app/src\n",
    "config.json": '{"architectures": ["LlamaForCausalLM"], "use_cache": true}',
    "app.service": "[Service]\nEnvironment=PATH=/usr/bin\nExecStart=/usr/bin/python -m app\n",
}  # fmt: skip


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_settings_are_clean(
    name: str, found: Callable[..., list[str]], check: Callable[..., list[Finding | Outcome]]
) -> None:
    assert found(name, ORDINARY[name]) == []
    [outcome] = check(name, ORDINARY[name])
    assert isinstance(outcome, Outcome)
    assert outcome.verdict is Verdict.CLEAN


def test_cells_of_notebooks_are_places(check: Callable[..., list[Finding | Outcome]]) -> None:
    cells = [
        {"cell_type": "markdown", "source": "text"},
        {"cell_type": "code", "source": ["!vllm serve a/b --trust-remote-code\n", "import torch as t\n"]},
        {"cell_type": "code", "source": "x = 1\nt.load('m', weights_only=False)"},
        {"cell_type": "code", "source": "%%bash\nexport TRUST_REMOTE_CODE=1"},
    ]
    notebook = {"cells": cells, "metadata": {"language_info": {"name": "python"}}, "nbformat": 4}
    places = {str(one.location) for one in check("n.ipynb", json.dumps(notebook)) if isinstance(one, Finding)}
    assert places == {"n.ipynb!cell 2:1:1", "n.ipynb!cell 3:2:1", "n.ipynb!cell 4:2:8"}


def test_what_is_not_understood_is_not_clean(check: Callable[..., list[Finding | Outcome]]) -> None:
    [outcome] = check("serve.py", "import torch\ntorch.load('m', weights_only=False\n")
    assert isinstance(outcome, Outcome)
    assert outcome.verdict is Verdict.NOT_UNDERSTOOD


def test_an_alias_bomb_costs_nothing() -> None:
    lines = ["a0: &a0 [TRUST_REMOTE_CODE=1]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    assert [hit.line for hit in judge_document("\n".join(lines)) if isinstance(hit, Hit)] == [1]


@pytest.mark.parametrize("name", ["model.pkl", "README.md", "model.safetensors", "data.csv", "LICENSE", "x.unknown"])
def test_files_that_configure_nothing_are_not_taken(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"TRUST_REMOTE_CODE=1\n")
    checker = LibraryLoadingChecker(LibraryLoadingSettings())
    subject = Subject(kind=SubjectKind.FILE, name=name, path=path)
    assert not checker.takes(subject)
    [outcome] = checker.check(subject)
    assert isinstance(outcome, Outcome)
    assert outcome.verdict is Verdict.NOT_APPLICABLE


def test_a_script_without_a_suffix_is_taken_where_it_can_be_executed(tmp_path: Path) -> None:
    path = tmp_path / "serve"
    path.write_text("#!/usr/bin/env bash\nvllm serve a/b --trust-remote-code\n")
    path.chmod(0o755)
    checker = LibraryLoadingChecker(LibraryLoadingSettings())
    subject = Subject(kind=SubjectKind.FILE, name="bin/serve", path=path)
    assert checker.takes(subject)
    assert [one.location.line for one in checker.check(subject) if isinstance(one, Finding)] == [2]


@pytest.mark.parametrize(
    ("folder_mode", "mode", "expected"),
    [
        (0o755, 0o644, []), (0o755, 0o664, []), (0o755, 0o666, ["file"]), (0o777, 0o644, ["folder"]), (0o1777, 0o644, []),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["ops.so", "libx.so.1", "site-packages/p/__init__.py"])
def test_libraries_that_everybody_can_change_are_high(
    name: str, folder_mode: int, mode: int, expected: list[str], tmp_path: Path
) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    path.chmod(mode)
    path.parent.chmod(folder_mode)
    subject = Subject(kind=SubjectKind.FILE, name=name, path=path)
    found = [one for one in LibraryLoadingChecker(LibraryLoadingSettings()).check(subject) if isinstance(one, Finding)]
    path.parent.chmod(0o755)
    assert [one.subject for one in found] == expected
    assert {one.severity for one in found} <= {"high"}


def test_every_finding_names_a_remedy_and_techniques(check: Callable[..., list[Finding | Outcome]]) -> None:
    for name, (text, _) in RISKY.items():
        for one in check(name, text):
            if isinstance(one, Finding):
                assert one.remedy
                assert one.techniques
