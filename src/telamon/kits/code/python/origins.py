# ruff: noqa: E501  # patterns and tables, one thought a line
"""Which calls and names give data that somebody may want to steal, or that nobody has seen before it runs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from telamon.kits.code.python.values import Origin

if TYPE_CHECKING:
    from collections.abc import Mapping

# Files of secrets, by the ends of their paths in home directories and system folders.
SECRET_PATH: Final = re.compile(
    r"(?:^|[/\\~])\.ssh(?:[/\\](?!known_hosts|config\b|authorized_keys)|$)|\bid_(?:rsa|ed25519|ecdsa|dsa)\b(?!\.pub)"
    r"|\.aws[/\\]?(?:credentials|$)|(?:^|[/\\])\.aws$|\.netrc\b|\.git-credentials|\.docker[/\\]config\.json"
    r"|\.kube[/\\]config|\.pypirc|\.npmrc|\.config[/\\](?:gcloud|gh)\b|application_default_credentials\.json"
    r"|\.azure[/\\]|\.gnupg\b|/etc/shadow|\.bash_history|\.zsh_history|\.python_history|\.(?:electrum|bitcoin|ethereum)\b"
    r"|wallet\.dat|Exodus[/\\]|\.config[/\\]solana|keystore[/\\]UTC|\.huggingface[/\\]token|huggingface[/\\]token"
    r"|(?:Chrome|Chromium|Brave-Browser|Edge|Opera|google-chrome)\b.*(?:Login Data|Cookies|Local State|User Data)"
    r"|\bLogin Data\b|logins\.json|key4\.db|cookies\.sqlite|[Dd]iscord.*(?:leveldb|Local Storage)|Telegram Desktop[/\\]tdata"
    r"|Library[/\\]Keychains|/proc/(?:self|1)/environ|(?:^|[/\\~])\.env(?:\.\w+)?$|\.vault-token|\.my\.cnf|\.pgpass"
    r"|/var/run/secrets/kubernetes|/run/secrets/|\.config[/\\]op\b|\.password-store|\.cargo[/\\]credentials"
    r"|\.gem[/\\]credentials|credentials\.json$|\.anthropic|\.openai|169\.254\.169\.254|metadata\.google\.internal"
)
HOME_PATH: Final = re.compile(
    r"(?:~|/home|/root|/Users|C:\\Users)(?:[/\\]?\*{0,2}|[/\\](?:Documents|Desktop|Downloads|Pictures))[/\\]?\*{0,2}$"
)
ENVIRONMENT: Final = frozenset({"os.environ", "os.environb"})
VARIABLE_READERS: Final = frozenset(
    {"os.getenv", "os.getenvb", "os.environ.get", "os.environ.pop", "os.environ.setdefault", "os.environ.__getitem__"}
    | {"os.environb.get"}
)
ORIGINS: Final = {
    "pyperclip.paste": Origin.CLIPBOARD,
    "pandas.read_clipboard": Origin.CLIPBOARD,
    "win32clipboard.GetClipboardData": Origin.CLIPBOARD,
    "tkinter.Tk().clipboard_get": Origin.CLIPBOARD,
    "clipboard.paste": Origin.CLIPBOARD,
    "keyring.get_password": Origin.SECRET,
    "keyring.get_credential": Origin.SECRET,
    "browser_cookie3.load": Origin.SECRET,
    "browser_cookie3.chrome": Origin.SECRET,
    "browser_cookie3.firefox": Origin.SECRET,
    "win32crypt.CryptUnprotectData": Origin.SECRET,
    "secretstorage.get_default_collection": Origin.SECRET,
    "huggingface_hub.get_token": Origin.SECRET,
    "huggingface_hub.HfFolder.get_token": Origin.SECRET,
    "PIL.ImageGrab.grab": Origin.INPUT,
    "pyautogui.screenshot": Origin.INPUT,
    "pyscreenshot.grab": Origin.INPUT,
    "mss.mss().grab": Origin.INPUT,
    "mss.mss().shot": Origin.INPUT,
    "keyboard.record": Origin.INPUT,
    "keyboard.read_event": Origin.INPUT,
    "keyboard.read_key": Origin.INPUT,
    "platform.node": Origin.SYSTEM,
    "platform.uname": Origin.SYSTEM,
    "socket.gethostname": Origin.SYSTEM,
    "socket.getfqdn": Origin.SYSTEM,
    "getpass.getuser": Origin.SYSTEM,
    "os.getlogin": Origin.SYSTEM,
    "os.uname": Origin.SYSTEM,
    "uuid.getnode": Origin.SYSTEM,
}
_REQUESTS: Final = frozenset({"get", "post", "put", "request", "patch", "head", "options", "stream", "send", "delete"})
_CLIENTS: Final = frozenset(
    {
        "requests",
        "requests.sessions",
        "requests.api",
        "requests.Session()",
        "requests.session()",
        "httpx",
        "httpx.Client()",
    }
    | {"httpx.AsyncClient()", "aiohttp.ClientSession()", "urllib3.PoolManager()", "niquests", "curl_cffi.requests"}
    | {"grequests", "cloudscraper.create_scraper()", "requests_html.HTMLSession()"}
)
_FETCHING: Final = frozenset(
    {"urllib.request.urlopen", "urllib.request.urlretrieve", "urllib2.urlopen", "urllib.urlopen", "urllib.urlretrieve"}
    | {"urllib.request.build_opener().open", "urllib.request.URLopener().retrieve", "wget.download", "urllib3.request"}
    | {
        "socket.socket().recv",
        "socket.socket().recvfrom",
        "socket.create_connection().recv",
        "socket.socket().makefile",
    }
    | {"http.client.HTTPSConnection().getresponse", "http.client.HTTPConnection().getresponse", "pooch.retrieve"}
    | {"socket.socket().recv_into", "socket.create_connection().makefile", "ftplib.FTP().retrbinary", "gdown.download"}
    | {"xmlrpc.client.ServerProxy", "dns.resolver.resolve", "dns.resolver.query", "websocket.create_connection().recv"}
    | {
        "websockets.connect().recv",
        "asyncio.open_connection",
        "ssl.wrap_socket().recv",
        "urllib.request.FancyURLopener().open",
    }
)
_DECODING: Final = frozenset(
    {"codecs.decode", "builtins.bytes.fromhex", "builtins.bytearray.fromhex", "marshal.loads", "zlib.decompress"}
    | {"gzip.decompress", "bz2.decompress", "lzma.decompress", "binascii.unhexlify", "binascii.a2b_base64"}
    | {
        "binascii.a2b_hex",
        "cryptography.fernet.Fernet().decrypt",
        "Crypto.Cipher.AES.new().decrypt",
        "zlib.decompressobj().decompress",
    }
    | {"binascii.a2b_uu", "quopri.decodestring"}
)
_COMMANDS: Final = frozenset(
    {"subprocess.check_output", "subprocess.getoutput", "subprocess.getstatusoutput", "subprocess.run", "os.popen"}
    | {"subprocess.Popen", "commands.getoutput"}
)
# Questions about data, whose answers are none of it.
ANSWERS: Final = frozenset(
    f"builtins.{name}"
    for name in (
        [
            "len",
            "isinstance",
            "bool",
            "hash",
            "type",
            "id",
            "callable",
            "hasattr",
            "issubclass",
            "print",
            "range",
            "any",
            "all",
            "isinstance",
        ]
    )
) | {"os.path.exists", "os.path.isfile", "os.path.isdir", "os.path.getsize", "os.access", "os.stat", "hashlib.sha256"}
PATH_FUNCTIONS: Final = re.compile(r"(?:os\.path\.|pathlib\.(?:Pure)?(?:Posix|Windows)?Path|os\.fspath)(?!.*\(\))")
PATH_QUESTIONS: Final = frozenset(
    {"exists", "is_file", "is_dir", "mkdir", "stat", "unlink", "touch", "with_suffix", "joinpath", "endswith"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetching:
    """What else counts as data of the network, for judges to whom it matters.

    Attributes:
        giving: The last names of functions and methods that fetch something and give it, or the path of it.
        saving: The last names of those that save it to a path: its position among the arguments, and its keyword.
    """

    giving: frozenset[str] = frozenset()
    saving: Mapping[str, tuple[int, str]] = field(default_factory=lambda: MappingProxyType({}))


NO_FETCHING: Final = Fetching()


def origin_of(name: str) -> Origin | None:
    """Return where the result of a call comes from, by the callee's name."""
    base, _, method = name.rpartition(".")
    if name in _FETCHING or (base in _CLIENTS and method in _REQUESTS):
        return Origin.NETWORK
    if name in _DECODING or (base == "base64" and "decode" in method):
        return Origin.DECODED
    if name in _COMMANDS:
        return Origin.COMMAND
    return ORIGINS.get(name)


def is_client(name: str) -> bool:
    """Whether a name is a call that sends a request over HTTP."""
    base, _, method = name.rpartition(".")
    return base in _CLIENTS and method in _REQUESTS
