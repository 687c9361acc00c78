# ruff: noqa: E501  # programs, one text each
"""What Python loads, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

HUB = "from huggingface_hub import hf_hub_download, snapshot_download\n"
COMMIT = "0123456789abcdef0123456789abcdef01234567"

UNRESTRICTED = {
    "a constant path": ("import torch\ntorch.load('m.pt', weights_only=False)\n", "medium unrestricted-load 2:1"),
    "a fetched path": (
        f"import torch\n{HUB}torch.load(hf_hub_download('a/b', 'm.pt'), weights_only=False)\n",
        "high unrestricted-load 3:1",
    ),
    "an alias": ("from torch import load as l\nx = l('m.pt', weights_only=False)\n", "medium unrestricted-load 2:5"),
    "a constant in a variable": (
        "import torch\nSAFE = False\ntorch.load('m.pt', weights_only=SAFE)\n",
        "medium unrestricted-load 3:1",
    ),
    "another loader": (
        "from lightning import LightningModule as M\nM.load_from_checkpoint('m', weights_only=False)\n",
        "medium unrestricted-load 2:1",
    ),
    "arguments kept in a dictionary": (
        "kw = {'weights_only': False}\n",
        "medium unrestricted-load 1:23",
    ),
    "NumPy": ("import numpy as np\nnp.load('a.npy', allow_pickle=True)\n", "medium unrestricted-load 2:1"),
    "NumPy by position": ("import numpy as np\nnp.load('a.npy', None, True)\n", "medium unrestricted-load 2:1"),
    "NumPy of a download": (
        "import io, numpy, requests\nnumpy.load(io.BytesIO(requests.get('https://x.example/a').content), allow_pickle=True)\n",
        "high unrestricted-load 2:1",
    ),
    "Keras": ("import keras\nkeras.models.load_model('m.keras', safe_mode=False)\n", "medium unrestricted-load 2:1"),
    "Keras for the process": (
        "import keras\nkeras.config.enable_unsafe_deserialization()\n",
        "high unrestricted-load 2:1",
    ),
    "LangChain": (
        "from langchain_community.vectorstores import FAISS\nFAISS.load_local('i', e, allow_dangerous_deserialization=True)\n",
        "medium unrestricted-load 2:1",
    ),
    "the environment": (
        "import os\nos.environ['TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD'] = '1'\n",
        "high unrestricted-load 2:1",
    ),
    "the environment by default": (
        "import os\nos.environ.setdefault('TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD', '1')\n",
        "high unrestricted-load 2:1",
    ),
    "the environment of a worker": (
        "run(env={'TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD': '1'})\n",
        "high unrestricted-load 1:46",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), UNRESTRICTED.values(), ids=UNRESTRICTED)
def test_switched_off_restrictions_are_found(source: str, expected: str, found: Callable[..., list[str]]) -> None:
    assert found("serve.py", source) == [expected]


PATCHES = {
    "a partial": "import functools, torch\ntorch.load = functools.partial(torch.load, weights_only=False)\n",
    "a function": (
        "import torch\noriginal = torch.load\ndef load(*a, **k):\n    k['weights_only'] = False\n    return original(*a, **k)\n"
        "torch.load = load\n"
    ),
    "an attribute set by its name": "import torch\nsetattr(torch, 'load', lambda *a: old(*a, weights_only=False))\n",
    "under another name": "import torch as t\nt.serialization.load = lambda f: old(f, weights_only=False)\n",
}  # fmt: skip


@pytest.mark.parametrize("source", PATCHES.values(), ids=PATCHES)
def test_a_patched_torch_load_is_high(source: str, found: Callable[..., list[str]]) -> None:
    assert any(line.startswith("high unrestricted-load") for line in found("serve.py", source))


def test_a_patch_that_is_taken_back_is_no_second_one(found: Callable[..., list[str]]) -> None:
    source = "import torch\norig_load = torch.load\ntorch.load = lambda f: orig_load(f, weights_only=True)\ntorch.load = orig_load\n"
    assert found("serve.py", source) == ["medium unrestricted-load 3:1"]


@pytest.mark.parametrize(
    ("requirements", "expected"),
    [
        ("torch==2.5.1\n", ["medium unrestricted-load 2:1"]),
        ("torch==2.5.1+cu121\n", ["medium unrestricted-load 2:1"]),
        ("numpy\ntorch<2.6  # old\n", ["medium unrestricted-load 2:1"]),
        ("torch~=2.3.0\n", ["medium unrestricted-load 2:1"]),
        ("torch>=2.0\n", ["low unrestricted-load 2:1"]),
        ("torch>=2.6\n", []),
        ("torch==2.7.1\n", []),
        ("torchvision==0.15\n", []),
        ("numpy\n", []),
    ],
)
def test_torch_load_without_an_argument_goes_by_the_requirements(
    requirements: str, expected: list[str], found: Callable[..., list[str]]
) -> None:
    assert found("serve.py", "import torch\ntorch.load('m.pt')\n", requirements__txt=requirements) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject__toml", '[project]\ndependencies = [\n  "torch>=1.13,<2.3",\n]\n'),
        ("uv__lock", '[[package]]\nname = "torch"\nversion = "2.4.0"\n'),
        ("environment__yml", "dependencies:\n  - torch=2.1\n"),
    ],
)
def test_other_files_state_versions_too(name: str, text: str, found: Callable[..., list[str]]) -> None:
    assert found("serve.py", "import torch\ntorch.load('m.pt')\n", **{name: text}) == ["medium unrestricted-load 2:1"]


FETCHED = {
    "joblib of the hub": f"import joblib\n{HUB}joblib.load(hf_hub_download('a/b', 'm.pkl'))\n",
    "pickle of a folder of the hub": f"import pickle\n{HUB}d = snapshot_download('a/b')\npickle.load(open(d + '/m.pkl', 'rb'))\n",
    "pickle of a response": "import pickle, requests\npickle.loads(requests.get('https://x.example/m').content)\n",
    "pickle of an opened address": "import pickle, urllib.request as u\npickle.load(u.urlopen('https://x.example/m'))\n",
    "pickle of a retrieved file": (
        "import pickle\nfrom urllib.request import urlretrieve\nurlretrieve('https://x.example/m', 'model.pkl')\n"
        "with open('model.pkl', 'rb') as f:\n    pickle.load(f)\n"
    ),
    "an unpickler": "import pickle, urllib.request as u\npickle.Unpickler(u.urlopen('https://x.example/m')).load()\n",
    "dill of a bucket": (
        "import boto3, dill\nboto3.client('s3').download_file('b', 'k', '/srv/model.pkl')\ndill.load(open('/srv/model.pkl', 'rb'))\n"
    ),
    "dill of a bucket by keyword": (
        "import boto3, dill\nboto3.client('s3').download_file(Bucket='b', Key='k', Filename='/srv/model.pkl')\n"
        "dill.load(open('/srv/model.pkl', 'rb'))\n"
    ),
    "cloudpickle of a blob": (
        "import cloudpickle\nfrom google.cloud import storage\n"
        "cloudpickle.loads(storage.Client().bucket('b').blob('m').download_as_bytes())\n"
    ),
    "pandas of an address": "import pandas as pd\npd.read_pickle('https://x.example/f.pkl')\n",
    "through a function": (
        f"import joblib\n{HUB}def get(name):\n    return hf_hub_download('a/b', name)\ndef load(path):\n    return joblib.load(path)\n"
        "load(get('m.pkl'))\n"
    ),
    "reinforcement learning": (
        "from stable_baselines3 import PPO\nfrom huggingface_sb3 import load_from_hub\nPPO.load(load_from_hub('a/b', 'm.zip'))\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("source", FETCHED.values(), ids=FETCHED)
def test_pickles_that_were_fetched_are_high(source: str, found: Callable[..., list[str]]) -> None:
    assert [line.rpartition(" ")[0] for line in found("serve.py", source)] == ["high downloaded-load"]


YAML = {
    "yaml.load(f)": ["medium unsafe-yaml-load 2:1"],
    "yaml.load(f, Loader=yaml.Loader)": ["medium unsafe-yaml-load 2:1"],
    "yaml.load(f, yaml.UnsafeLoader)": ["medium unsafe-yaml-load 2:1"],
    "yaml.unsafe_load(f)": ["medium unsafe-yaml-load 2:1"],
    "yaml.full_load(f)": ["low unsafe-yaml-load 2:1"],
    "yaml.load(f, Loader=yaml.FullLoader)": ["low unsafe-yaml-load 2:1"],
    "yaml.unsafe_load(requests.get('https://x.example').text)": ["high unsafe-yaml-load 2:1"],
    "ruamel.yaml.YAML(typ='unsafe')": ["medium unsafe-yaml-load 2:1"],
    "yaml.safe_load(f)": [],
    "yaml.load(f, Loader=yaml.SafeLoader)": [],
    "yaml.load(f, yaml.CSafeLoader)": [],
    "ruamel.yaml.YAML(typ='safe').load(f)": [],
}


@pytest.mark.parametrize(("call", "expected"), YAML.items())
def test_loaders_of_yaml_are_told_apart(call: str, expected: list[str], found: Callable[..., list[str]]) -> None:
    assert found("serve.py", f"import requests, yaml, ruamel.yaml\n{call}\n") == expected


ORDINARY = {
    "restricted": "import torch\ntorch.load('m.pt', weights_only=True)\n",
    "passed on": "import torch\ndef load(path, weights_only=False):\n    return torch.load(path, weights_only=weights_only)\n",
    "decided by an attribute": "import torch\nclass A:\n    safe = False\n    def f(self, p):\n        torch.load(p, weights_only=self.safe)\n",
    "a file of one's own": "import joblib, pickle\njoblib.load('model.joblib')\npickle.load(open('m.pkl', 'rb'))\n",
    "a path from the command line": "import joblib, sys\njoblib.load(sys.argv[1])\n",
    "NumPy restricted": "import numpy as np\nnp.load('a.npy', allow_pickle=False)\n",
    "NumPy that writes": "import numpy as np\nnp.save('a.npy', a, allow_pickle=True)\n",
    "a checkpoint that keeps weights only": "ModelCheckpoint(save_weights_only=False)\n",
    "Keras restricted": "import keras\nkeras.models.load_model('m.keras', safe_mode=True)\n",
    "another load": "import json\njson.load(open('x'))\nclass T:\n    def load(self): ...\nT().load()\n",
    "safetensors of the hub": f"from safetensors.torch import load_file\n{HUB}load_file(hf_hub_download('a/b', 'm.safetensors'))\n",
    "the environment made strict": "import os\nos.environ['TORCH_FORCE_WEIGHTS_ONLY_LOAD'] = '1'\n",
    "only words": "# torch.load(weights_only=False)\nTEXT = 'trust_remote_code=True'\n",
}  # fmt: skip


@pytest.mark.parametrize("source", ORDINARY.values(), ids=ORDINARY)
def test_ordinary_programs_are_clean(source: str, found: Callable[..., list[str]]) -> None:
    assert found("serve.py", source) == []


def test_a_digest_that_is_checked_makes_a_fetched_state_lower(found: Callable[..., list[str]]) -> None:
    source = (
        "from torch.hub import load_state_dict_from_url as l\nl('https://x.example/a-1.pth')\n"
        "l('https://x.example/a-1.pth', check_hash=True)\nl('http://x.example/a.pth')\nl('https://x.example/a.pth', weights_only=True)\n"
    )
    assert found("serve.py", source) == [
        "medium downloaded-load 2:1", "low downloaded-load 3:1", "high downloaded-load 4:1"
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["tests/test_x.py", "conftest.py", "pkg/tests/data.py", "test_serve.py"])
def test_what_tests_do_is_low(name: str, found: Callable[..., list[str]]) -> None:
    source = "from transformers import AutoModel as A\nA.from_pretrained('a/b', trust_remote_code=True)\n"
    assert found(name, source) == ["low remote-code 2:1"]
