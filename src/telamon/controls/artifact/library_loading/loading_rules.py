"""The rules of library-loading: configuration of a deployment that lets what is loaded run code."""

from __future__ import annotations

from typing import Final

from telamon.core.records import Rule, Severity

# User Execution; Unsafe AI Artifacts; AI Supply Chain Compromise: Model, AI Software.
ARTIFACT: Final = ("AML.T0011.000", "AML.T0010.003")
SOFTWARE: Final = ("AML.T0011", "AML.T0010.001")

UNRESTRICTED_LOAD: Final = Rule(
    id="M0011/unrestricted-load",
    summary="A loader's own restriction is switched off",
    severity=Severity.MEDIUM,
    description=(
        "`weights_only=False`, `allow_pickle=True`, `safe_mode=False`, `allow_dangerous_deserialization=True`, their "
        "environment variables, or a patched `torch.load`, let a model file run code when it is loaded. For a file "
        "that is fetched, and for a switch that holds for the whole process, the severity is high."
    ),
    remedy="Leave the restriction on; convert files that need it off (`telamon convert`).",
    techniques=ARTIFACT,
)
DOWNLOADED_LOAD: Final = Rule(
    id="M0011/downloaded-load",
    summary="What was fetched is loaded by a loader that runs what it says",
    severity=Severity.HIGH,
    description=(
        "Data of the network, of a hub or of an object store flows into pickle, joblib, dill or what is built on "
        "them. Whoever can change it there runs code here. Files of one's own are no finding."
    ),
    remedy="Fetch safetensors, or load it in a sandbox: `telamon.load(path)`.",
    techniques=ARTIFACT,
)
REMOTE_CODE: Final = Rule(
    id="M0011/remote-code",
    summary="Code of a model's repository is trusted",
    severity=Severity.HIGH,
    description=(
        "`trust_remote_code`, `torch.hub.load` and custom pipelines import Python that the model's repository holds. "
        "Without a revision that is a commit, it is whatever the repository holds that day; with one it is low."
    ),
    remedy="Take a model that the library itself knows, or pin `revision` to a commit whose code you have read.",
    techniques=("AML.T0011.000", "AML.T0010.001", "AML.T0010.003"),
)
YAML_LOAD: Final = Rule(
    id="M0011/unsafe-yaml-load",
    summary="YAML is loaded with tags that call",
    severity=Severity.MEDIUM,
    description="PyYAML's unsafe loaders and ruamel's `typ='unsafe'` call whatever a tag of the text names.",
    remedy="Use `yaml.safe_load(text)`.",
    techniques=ARTIFACT,
)
DANGEROUS_GLOBAL: Final = Rule(
    id="M0011/dangerous-safe-global",
    summary="A list of what is allowed when loading holds what runs code",
    severity=Severity.HIGH,
    description=(
        "`torch.serialization.add_safe_globals`, `safe_globals` or skops' `trusted` allow functions that run code, "
        "or all that the file itself names: then the restriction restricts nothing."
    ),
    remedy="Allow only the classes of your own that the file needs, by name; `telamon check` says which it names.",
    techniques=ARTIFACT,
)
NATIVE_LIBRARY: Final = Rule(
    id="M0011/native-library",
    summary="A native library is opened from where others can put one",
    severity=Severity.MEDIUM,
    description=(
        "Libraries of custom operators and others are opened by a path that is relative, writable by others, or "
        "fetched: their initialisers run at once, outside of all that Python could restrict."
    ),
    remedy="Open it by an absolute path in a folder that only the installer can write to.",
    techniques=SOFTWARE,
)
LIBRARY_PATH: Final = Rule(
    id="M0011/library-path",
    summary="Libraries are searched for where others can put one",
    severity=Severity.MEDIUM,
    description=(
        "`LD_PRELOAD`, `LD_LIBRARY_PATH`, `PYTHONPATH`, `sys.path` or a `.pth` file name a folder that anybody can "
        "write to, that depends on the working directory, or that was fetched."
    ),
    remedy="Name absolute folders that only the installer can write to.",
    techniques=SOFTWARE,
)
WRITABLE_LIBRARY: Final = Rule(
    id="M0011/writable-library",
    summary="An installed library can be changed by everybody",
    severity=Severity.HIGH,
    description="The mode of a library's file, or of the folder that it lies in, lets every user replace it.",
    remedy="Take the right away: `chmod o-w PATH`.",
    techniques=SOFTWARE,
)
START_HOOK: Final = Rule(
    id="M0011/start-hook",
    summary="A `.pth` file runs code whenever Python starts",
    severity=Severity.LOW,
    description="Lines that begin with `import` are executed by `site` at every start, whatever is run then.",
    remedy="Remove the line unless the package that installed it is one that you trust; or run `python -I -S`.",
    techniques=SOFTWARE,
)
COMPUTED_CODE: Final = Rule(
    id="M0011/computed-code",
    summary="Data chooses the code that is imported or run",
    severity=Severity.MEDIUM,
    description=(
        "The name of an imported module, or a text that is executed, comes out of a configuration file, the network "
        "or another file. Whoever can write to it chooses what runs."
    ),
    remedy="Look the name up in a dictionary of the modules that are allowed.",
    techniques=SOFTWARE,
)
OPEN_SERVER: Final = Rule(
    id="M0011/open-model-server",
    summary="A model server loads models for whoever asks",
    severity=Severity.MEDIUM,
    description=(
        "TorchServe registers models from any address over a management interface that all can reach "
        "(CVE-2023-43654), or installs what their archives require; Triton takes backends from a writable folder; "
        "SGLang unpickles functions of requests."
    ),
    remedy="Bind the management interface to 127.0.0.1 and name the addresses that models may come from.",
    techniques=ARTIFACT,
)
RULES: Final = (
    UNRESTRICTED_LOAD,
    DOWNLOADED_LOAD,
    REMOTE_CODE,
    YAML_LOAD,
    DANGEROUS_GLOBAL,
    NATIVE_LIBRARY,
    LIBRARY_PATH,
    WRITABLE_LIBRARY,
    START_HOOK,
    COMPUTED_CODE,
    OPEN_SERVER,
)
