# ruff: noqa: E501  # programs, one text each
"""What code Python brings in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HUB = "from huggingface_hub import hf_hub_download, snapshot_download\n"

REMOTE = {
    "A.from_pretrained('a/b', trust_remote_code=True)": ["high remote-code 2:1"],
    "A.from_pretrained('a/b', trust_remote_code=True, revision='main')": ["high remote-code 2:1"],
    f"A.from_pretrained('a/b', trust_remote_code=True, revision='{COMMIT}')": ["low remote-code 2:1"],
    f"A.from_pretrained('a/b', trust_remote_code=True, code_revision='{COMMIT}')": ["low remote-code 2:1"],
    "A.from_pretrained('./models/own', trust_remote_code=True)": ["medium remote-code 2:1"],
    "A.from_pretrained('a/b', **{'trust_remote_code': True})": ["high remote-code 2:50"],
    "pipeline('text-generation', 'a/b', trust_remote_code=True)": ["high remote-code 2:1"],
    "load_dataset('a/b', trust_remote_code=True)": ["high remote-code 2:1"],
    "vllm.LLM(model='a/b', trust_remote_code=True)": ["high remote-code 2:1"],
    "args.trust_remote_code = True": ["high remote-code 2:1"],
    "kwargs['trust_remote_code'] = True": ["high remote-code 2:1"],
    "subprocess.run(['vllm', 'serve', 'a/b', '--trust-remote-code'])": ["high remote-code 2:16"],
    "subprocess.run('vllm serve a/b --trust-remote-code', shell=True)": ["high remote-code 2:1"],
    "def f(name, trust_remote_code=True): pass": ["medium remote-code 2:13"],
    "parser.add_argument('--trust-remote-code', default=True)": ["medium remote-code 2:1"],
    "torch.hub.load('o/r', 'm', trust_repo=True)": ["high remote-code 2:1"],
    "torch.hub.load('o/r:v1', 'm', trust_repo=True)": ["medium remote-code 2:1"],
    f"torch.hub.load('o/r:{COMMIT}', 'm', trust_repo=True)": ["low remote-code 2:1"],
    "torch.hub.load('o/r', 'm')": ["medium remote-code 2:1"],
    "D.from_pretrained('a/b', custom_pipeline='c/d')": ["medium remote-code 2:1"],
    "evaluate.load('someone/metric')": ["medium remote-code 2:1"],
    "A.from_pretrained('a/b', trust_remote_code=False)": [],
    "A.from_pretrained('a/b')": [],
    "def f(n, trust_remote_code=False): A.from_pretrained(n, trust_remote_code=trust_remote_code)": [],
    "A.from_pretrained('a/b', trust_remote_code=args.trust_remote_code)": [],
    "parser.add_argument('--trust-remote-code', action='store_true')": [],
    "OPTIONS = ['--trust-remote-code', '--dtype']": [],
    "torch.hub.load('/srv/repo', 'm', source='local')": [],
    "evaluate.load('accuracy')": [],
}
IMPORTS = (
    "import evaluate, subprocess, torch, vllm; from transformers import AutoModel as A, pipeline;"
    " from datasets import load_dataset; from diffusers import DiffusionPipeline as D\n"
)


@pytest.mark.parametrize(("line", "expected"), REMOTE.items())
def test_code_of_repositories(line: str, expected: list[str], found: Callable[..., list[str]]) -> None:
    assert found("serve.py", IMPORTS + line + "\n") == expected


def test_what_a_condition_in_a_library_decides_is_medium(found: Callable[..., list[str]]) -> None:
    source = "def load(name, trust):\n    kw = {}\n    if trust:\n        kw['trust_remote_code'] = True\n"
    assert found("library.py", source) == ["medium remote-code 4:9"]


NATIVE = {
    "tf.load_op_library('/opt/ops.so')": ["low native-library 4:1"],
    "tf.load_op_library('./ops.so')": ["medium native-library 4:1"],
    "torch.ops.load_library('/tmp/ops.so')": ["high native-library 4:1"],
    "torch.classes.load_library(hf_hub_download('a/b', 'ops.so'))": ["high native-library 4:1"],
    "ort.SessionOptions().register_custom_ops_library('ops/x.so')": ["medium native-library 4:1"],
    "ctypes.CDLL('./x.so')": ["medium native-library 4:1"],
    "ctypes.cdll.LoadLibrary('/dev/shm/x.so')": ["high native-library 4:1"],
    "ctypes.CDLL('libc.so.6')": [],
    "ctypes.CDLL('/usr/lib/libm.so')": [],
    "ctypes.CDLL(os.path.join(os.path.dirname(__file__), 'x.so'))": [],
    "ctypes.CDLL(str(pathlib.Path(__file__).parent / 'x.so'))": [],
}
PATHS = {
    "sys.path.insert(0, '/tmp/code')": ["medium library-path 4:1"],
    "sys.path.append(snapshot_download('a/b'))": ["high library-path 4:1"],
    "sys.path.append('..')": [],
    "sys.path.insert(0, os.path.dirname(__file__))": [],
}
COMPUTED = {
    "importlib.import_module(json.load(open('c.json'))['module'])": ["low computed-code 4:1"],
    "importlib.import_module(requests.get('https://x.example').text)": ["medium computed-code 4:1"],
    "importlib.util.spec_from_file_location('m', hf_hub_download('a/b', 'm.py'))": ["high computed-code 4:1"],
    "runpy.run_path('/tmp/x.py')": ["medium computed-code 4:1"],
    "exec(open('settings.py').read())": ["low computed-code 4:1"],
    "exec(open(hf_hub_download('a/b', 'm.py')).read())": ["high computed-code 4:1"],
    "importlib.import_module(f'plugins.{name}')": [],
    "importlib.import_module('json')": [],
    "exec('x = 1')": [],
}
ALLOWED = {
    "torch.serialization.add_safe_globals([os.system])": ["high dangerous-safe-global 4:1"],
    "torch.serialization.add_safe_globals([getattr])": ["medium dangerous-safe-global 4:1"],
    "skops.io.load('m', trusted=skops.io.get_untrusted_types(file='m'))": ["high dangerous-safe-global 4:1"],
    "skops.io.load('m', trusted=True)": ["high dangerous-safe-global 4:1"],
    "torch.serialization.add_safe_globals([argparse.Namespace])": [],
    "torch.serialization.add_safe_globals([MyClass])": [],
    "skops.io.load('m', trusted=['my.Class'])": [],
    "mlflow.pyfunc.load_model('models:/m/3')": [],
    "mlflow.pyfunc.load_model('https://x.example/m')": ["medium downloaded-load 4:1"],
    "mlflow.sklearn.load_model('http://x.example/m')": ["high downloaded-load 4:1"],
}
MODULES = (
    "import argparse, ctypes, importlib, importlib.util, json, mlflow, os, pathlib, requests, runpy, skops.io, sys, torch\n"
    "import tensorflow as tf, onnxruntime as ort\n" + HUB
)


@pytest.mark.parametrize(("line", "expected"), (NATIVE | PATHS | COMPUTED | ALLOWED).items())
def test_libraries_paths_and_lists(line: str, expected: list[str], found: Callable[..., list[str]]) -> None:
    assert found("serve.py", MODULES + line + "\n") == expected
