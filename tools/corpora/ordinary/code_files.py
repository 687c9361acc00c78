# ruff: noqa: E501  # programs, one text each
"""Programs as people ship them with models: each does what an attack does in part, and none of them attacks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from corpora.ordinary.artefact import Artefact, written

if TYPE_CHECKING:
    from collections.abc import Iterator

PYTHON: Final = {
    "eval-of-a-model": "import torch\nmodel = torch.load('m.pt', weights_only=True)\nmodel.eval()\n",
    "api-with-its-token": "import os, requests\nr = requests.post('https://api.openai.com/v1/chat/completions', headers={'Authorization': f'Bearer {os.environ[\"OPENAI_API_KEY\"]}'}, json={'model': 'x'})\n",
    "api-of-ones-own": "import os, requests\nrequests.get(os.environ['API_URL'], headers={'X-Key': os.getenv('API_KEY')}).json()\n",
    "login": "import os, requests\ns = requests.Session()\ns.auth = (os.environ['USER_NAME'], os.environ['USER_PASSWORD'])\ns.get('https://example.invalid')\n",
    "hub-token": "import os, requests\ntoken = open(os.path.expanduser('~/.huggingface/token')).read()\nrequests.get('https://huggingface.co/api/whoami-v2', headers={'authorization': f'Bearer {token}'})\n",
    "download-of-weights": "import urllib.request, os\npath = os.path.expanduser('~/.cache/model.safetensors')\nurllib.request.urlretrieve('https://example.invalid/model.safetensors', path)\n",
    "download-and-read": "import requests, json\ndata = json.loads(requests.get('https://example.invalid/config.json').text)\nprint(data['layers'])\n",
    "picture-of-base64": "import base64, io\ndef decode(text):\n    return io.BytesIO(base64.b64decode(text))\n",
    "icon": "import base64\nICON = base64.b64decode('" + "iVBORw0KGgo" * 30 + "')\n",
    "compressed-data": "import zlib, json\ndef load(path):\n    return json.loads(zlib.decompress(open(path, 'rb').read()))\n",
    "git-version": "import subprocess\nVERSION = subprocess.check_output(['git', 'rev-parse', 'HEAD'], text=True).strip()\n",
    "compiler": "import subprocess, sys\nsubprocess.check_call([sys.executable, '-m', 'pip', 'install', '-r', 'requirements.txt'])\n",
    "make": "import os\nos.system('make -C csrc clean all')\n",
    "version-file": "import os\nns = {}\nexec(open(os.path.join('pkg', 'version.py')).read(), ns)\n",
    "template-of-code": "TEMPLATE = '''class {name}(tuple):\n    pass\n'''\nns = {}\nexec(TEMPLATE.format(name='Point'), ns)\n",
    "literal": "import ast\nvalues = ast.literal_eval(open('labels.txt').read())\n",
    "names-by-getattr": "import torch.nn as nn\nactivation = getattr(nn, 'Re' + 'LU')()\n",
    "class-by-config": "import importlib, json\nc = json.load(open('config.json'))\nmodule, _, name = c['target'].rpartition('.')\ncls = getattr(importlib.import_module(module), name)\n",
    "plugins": "import importlib, pkgutil, pkg\nfor m in pkgutil.iter_modules(pkg.__path__):\n    importlib.import_module(f'pkg.{m.name}')\n",
    "environment-passed-on": "import os, subprocess\nenv = os.environ.copy()\nenv['CUDA_VISIBLE_DEVICES'] = '0'\nsubprocess.run(['python', 'train.py'], env=env, check=True)\n",
    "environment-printed": "import os\nfor k, v in sorted(os.environ.items()):\n    print(k, v)\n",
    "socket-server": "import socket\ns = socket.socket()\ns.bind(('127.0.0.1', 0))\ns.listen()\nc, _ = s.accept()\nc.sendall(c.recv(1024).upper())\n",
    "free-port": "import socket\ndef free_port():\n    with socket.socket() as s:\n        s.bind(('', 0))\n        return s.getsockname()[1]\n",
    "rank": "import os, socket\nprint(socket.gethostname(), os.environ.get('RANK', '0'))\n",
    "cluster": "import socket, torch.distributed as dist\ndist.init_process_group('nccl', init_method=f'tcp://{socket.gethostname()}:29500')\n",
    "temporary-folder": "import shutil, tempfile\nd = tempfile.mkdtemp()\nshutil.rmtree(d)\n",
    "cache-emptied": "import shutil, os\nshutil.rmtree(os.path.expanduser('~/.cache/mymodel'), ignore_errors=True)\n",
    "checkpoints-removed": "import os, glob\nfor p in sorted(glob.glob('out/checkpoint-*'))[:-3]:\n    os.remove(p)\n",
    "settings-in-the-home": "import os, json\np = os.path.join(os.path.expanduser('~'), '.config', 'mymodel.json')\njson.dump({}, open(p, 'w'))\n",
    "ssh-tool": "import os, paramiko\nc = paramiko.SSHClient()\nc.connect('host', key_filename=os.path.expanduser('~/.ssh/id_rsa'))\n",
    "dotenv": "import os\nfrom dotenv import load_dotenv\nload_dotenv('.env')\nKEY = os.environ['KEY']\n",
    "bucket": "import boto3\ns3 = boto3.client('s3')\ns3.upload_file('model.bin', 'bucket', 'model.bin')\n",
    "mail": "import smtplib, os\ns = smtplib.SMTP('localhost')\ns.login('me', os.environ['SMTP_PASSWORD'])\ns.sendmail('a', 'b', 'training is done')\n",
    "metrics": "import requests, platform\ndef report(loss):\n    requests.post('https://metrics.example.invalid', json={'loss': loss, 'python': platform.python_version()})\n",
    "webhook": "import os, requests\ndef notify(text):\n    requests.post(os.environ['SLACK_WEBHOOK'], json={'text': text})\n",
    "handler": "import torch\nfrom ts.torch_handler.base_handler import BaseHandler\nclass H(BaseHandler):\n    def initialize(self, context):\n        self.model = torch.jit.load('m.pt')\n    def handle(self, data, context):\n        return self.model(data)\n",
    "triton": "import triton_python_backend_utils as pb\nclass TritonPythonModel:\n    def initialize(self, args):\n        self.x = args\n    def execute(self, requests):\n        return [r for r in requests]\n",
    "mlflow": "import mlflow.pyfunc\nclass M(mlflow.pyfunc.PythonModel):\n    def load_context(self, context):\n        import joblib\n        self.m = joblib.load(context.artifacts['m'])\n    def predict(self, context, x):\n        return self.m.predict(x)\n",
    "modelling": "import torch\nfrom torch import nn\nfrom transformers import PreTrainedModel\nclass Net(PreTrainedModel):\n    def __init__(self, config):\n        super().__init__(config)\n        self.l = nn.Linear(config.n, config.n)\n    def forward(self, x):\n        return self.l(x)\n",
    "arabic": "GREETING = '\u0645\u0631\u062d\u0628\u0627'\nprint(GREETING)\n",
    "greek": "def f(\u03b1, \u0394x, \u03bc_a):\n    return \u03b1 * \u0394x + \u03bc_a\n",
    "cyrillic": "\u0438\u043c\u044f = '\u0418\u0432\u0430\u043d'\nprint(\u0438\u043c\u044f)\n",
    "emoji": "LABELS = ['\u2764\ufe0f', '\U0001f468\u200d\U0001f469\u200d\U0001f467']\n",
    "hash": "import hashlib, urllib.request\ndata = urllib.request.urlopen('https://example.invalid/w').read()\nassert hashlib.sha256(data).hexdigest() == 'x'\n",
    "chr-table": "BYTES = {b: chr(b) for b in range(33, 127)}\n",
    "reversed": "word = 'level'\nprint(word == word[::-1])\n",
    "rpc": "import pickle\ndef recv(sock):\n    return pickle.loads(sock.recv(4096))\n",
    "cli": "import subprocess, sys\nif __name__ == '__main__':\n    sys.exit(subprocess.call(sys.argv[1:]))\n",
    "completion": "import os\ndef install_completion():\n    with open(os.path.expanduser('~/.bashrc'), 'a') as f:\n        f.write('complete -C tool tool')\n",
}  # fmt: skip  # one table
SETUP: Final = {
    "extension": "from setuptools import setup, Extension\nfrom setuptools.command.build_ext import build_ext\nimport subprocess\nclass B(build_ext):\n    def run(self):\n        subprocess.check_call(['cmake', '--build', '.'])\nsetup(name='x', ext_modules=[Extension('x', ['x.c'])], cmdclass={'build_ext': B})\n",
    "read-me": "from setuptools import setup, find_packages\nsetup(name='x', long_description=open('README.md').read(), packages=find_packages())\n",
    "cuda": "import os\nfrom setuptools import setup\nCUDA = os.environ.get('CUDA_HOME', '/usr/local/cuda')\nif os.path.exists(CUDA):\n    print(CUDA)\nsetup(name='x')\n",
}
SHELL: Final = {
    "start": '#!/bin/bash\nset -euo pipefail\nexport CUDA_VISIBLE_DEVICES=0\npython -m vllm.entrypoints.api_server --model "$1" 2>&1 | tee log.txt\n',
    "download": "curl -fL https://huggingface.co/x/resolve/main/model.safetensors -o model.safetensors\nsha256sum -c model.sha256\n",
    "installer": "curl -LsSf https://astral.sh/uv/install.sh | sh\ncurl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y\n",
    "wait": "until (echo > /dev/tcp/localhost/5432) 2>/dev/null; do sleep 1; done\n",
    "json": "curl -s https://api.example.invalid/v1 | python3 -m json.tool\ncurl -s https://api.example.invalid/v1 | jq .name\n",
    "clean": 'rm -rf build dist *.egg-info ~/.cache/mymodel "$TMP"/*\n',
    "path": "echo 'export PATH=$HOME/.local/bin:$PATH' >> ~/.bashrc\n",
    "secret-decoded": 'echo "$CERT" | base64 -d > cert.pem\n',
    "agent": 'eval "$(ssh-agent -s)"\nssh-add ~/.ssh/id_rsa\nscp model.bin user@host:/srv/\n',
}
IMAGES: Final = {
    "serve": 'FROM nvidia/cuda:12.4.0-runtime\nRUN apt-get update && apt-get install -y curl \\\n    # tools\n    git && rm -rf /var/lib/apt/lists/* /root/.cache\nRUN pip install --no-cache-dir -r requirements.txt --extra-index-url https://download.pytorch.org/whl/cu124\nHEALTHCHECK CMD curl -f http://localhost:8000/health\nCMD ["python", "serve.py"]\n',
}
CELLS: Final = {
    "training": [
        "!pip install -q torch transformers\n",
        "%matplotlib inline\nimport torch\n?torch",
        "%%time\nx = torch.ones(3)\nx.sum()",
        "files = !ls\nprint(files)",
        "%%bash\nls -l\npython train.py",
    ],
    "colab": [
        "!wget -q https://example.invalid/data.zip && unzip -q data.zip\n",
        "!python train.py \\\n  --epochs 3\n",
        "from google.colab import drive\ndrive.mount('/content/drive')",
    ],
}
PATCH: Final = "--- a/model.py\n+++ b/model.py\n@@ -1,2 +1,4 @@\n import torch\n-x = 1\n+import os\n+x = int(os.environ.get('X', '1'))\n+print(x)\n"


def artefacts() -> Iterator[Artefact]:
    """Yield every program under a name that says what it is."""
    for name, text in PYTHON.items():
        yield written(f"{name}.py", text.encode())
    for name, text in SHELL.items():
        yield written(f"{name}.sh", text.encode())
    for name, text in IMAGES.items():
        yield written(f"{name}.dockerfile", text.encode())
    for name, cells in CELLS.items():
        parts = [{"cell_type": "code", "source": [cell], "outputs": []} for cell in cells]
        yield written(
            f"{name}.ipynb", json.dumps({"cells": parts, "metadata": {"kernelspec": {"language": "python"}}}).encode()
        )
    yield written("change.patch", PATCH.encode())
    yield written("setup.py", SETUP["extension"].encode())
    yield written("conftest.py", SETUP["read-me"].encode())
    yield written("noxfile.py", SETUP["cuda"].encode())
