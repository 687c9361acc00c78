from __future__ import annotations

import pytest

from telamon.kits.callables import Effect, Use, lookup

HARMLESS = {Effect.DATA, Effect.INSTANTIATES_ARGUMENT}

# Callables of published advisories against pickle scanners, and of their test suites.
ADVISORIES = [
    ("CVE-2025-1716", "pip", "main"),
    ("CVE-2025-1716", "pip._internal", "main"),
    ("CVE-2025-71322", "pty", "spawn"),
    ("CVE-2025-71339", "numpy.f2py.crackfortran", "_eval_length"),
    ("CVE-2025-71351", "timeit", "timeit"),
    ("CVE-2015-20107", "mailcap", "findmatch"),
    ("CVE-2020-14343", "yaml", "full_load"),
    ("CVE-2024-3660", "keras.utils.generic_utils", "func_load"),
    ("CVE-2024-39705", "nltk.data", "load"),
    ("CVE-2023-39631", "numexpr", "evaluate"),
    ("GHSA-3gf5-cxq9-w223", "idlelib.pyshell", "ModifiedInterpreter.runcode"),
    ("GHSA-3vg9-h568-4w9m", "idlelib.debugobj", "ObjectTreeItem.SetText"),
    ("GHSA-4675-36f9-wf6r", "ctypes", "CDLL"),
    ("GHSA-46h3-79wf-xr6c", "_operator", "attrgetter"),
    ("GHSA-49gj-c84q-6qm9", "cProfile", "run"),
    ("GHSA-4r9r-ch6f-vxmx", "torch.utils.bottleneck.__main__", "run_cprofile"),
    ("GHSA-4whj-rm5r-c2v8", "torch.utils.bottleneck.__main__", "run_autograd_prof"),
    ("GHSA-5hwf-rc88-82xm", "_aix_support", "_read_cmd_output"),
    ("GHSA-5qwp-399c-mjwf", "trace", "Trace.run"),
    ("GHSA-6556-fwc2-fg2p", "numpy.f2py.crackfortran", "_eval_length"),
    ("GHSA-6ggj-6f2q-f7mx", "_interpreters", "run_string"),
    ("GHSA-6ggj-6f2q-f7mx", "_xxsubinterpreters", "run_string"),
    ("GHSA-6vqj-c2q5-j97w", "profile", "Profile.runctx"),
    ("GHSA-6w4w-5w54-rjvr", "idlelib.autocomplete", "AutoComplete.get_entity"),
    ("GHSA-7cq8-mj8x-j263", "idlelib.autocomplete", "AutoComplete.fetch_completions"),
    ("GHSA-84r2-jw7c-4r5q", "pydoc", "locate"),
    ("GHSA-84r2-jw7c-4r5q", "operator", "methodcaller"),
    ("GHSA-86cj-95qr-2p4f", "torch._dynamo.guards", "GuardBuilder.get"),
    ("GHSA-8r4j-24qv-fmq9", "idlelib.calltip", "Calltip.fetch_tip"),
    ("GHSA-955r-x9j8-7rhh", "_operator", "methodcaller"),
    ("GHSA-955r-x9j8-7rhh", "builtins", "__import__"),
    ("GHSA-9w88-8rmg-7g2p", "cProfile", "runctx"),
    ("GHSA-9xph-j2h6-g47v", "idlelib.calltip", "get_entity"),
    ("GHSA-cj3c-v495-4xqh", "code", "InteractiveInterpreter.runcode"),
    ("GHSA-f4x7-rfwp-v3xw", "torch.fx.experimental.symbolic_shapes", "ShapeEnv.evaluate_guards_expression"),
    ("GHSA-f54q-57x4-jg88", "lib2to3.pgen2.grammar", "Grammar.loads"),
    ("GHSA-f745-w6jp-hpxx", "torch.utils.collect_env", "run"),
    ("GHSA-fqq6-7vqf-w3fg", "doctest", "debug_script"),
    ("GHSA-g344-hcph-8vgg", "trace", "Trace.runctx"),
    ("GHSA-g38g-8gr9-h9xp", "uuid", "_get_command_stdout"),
    ("GHSA-g38g-8gr9-h9xp", "imaplib", "IMAP4_stream"),
    ("GHSA-g38g-8gr9-h9xp", "_osx_support", "_read_output"),
    ("GHSA-g38g-8gr9-h9xp", "_pyrepl.pager", "pipe_pager"),
    ("GHSA-g38g-8gr9-h9xp", "test.support.script_helper", "assert_python_ok"),
    ("GHSA-h3qp-7fh3-f8h4", "torch.utils.data.datapipes.utils.decoder", "basichandlers"),
    ("GHSA-j343-8v2j-ff7w", "idlelib.pyshell", "ModifiedInterpreter.runcommand"),
    ("GHSA-jgw4-cr84-mqxg", "asyncio.unix_events", "_UnixSubprocessTransport._start"),
    ("GHSA-jhph-76pp-mggw", "torch.utils.collect_env", "run_and_read_all"),
    ("GHSA-m273-6v24-x4m4", "distutils.file_util", "write_file"),
    ("GHSA-m6fh-58r7-x697", "_posixsubprocess", "fork_exec"),
    ("GHSA-m6fh-58r7-x697", "site", "addpackage"),
    ("GHSA-m6fh-58r7-x697", "atexit", "register"),
    ("GHSA-m869-42cg-3xwr", "idlelib.run", "Executive.runcode"),
    ("GHSA-mhc9-48gj-9gp3", "py_compile", "compile"),
    ("GHSA-p9w7-82w4-7q8m", "lib2to3.pgen2.pgen", "ParserGenerator.make_label"),
    ("GHSA-q77w-mwjj-7mqx", "asyncio.unix_events", "_UnixSubprocessTransport._start"),
    ("GHSA-r8g5-cgf2-4m4m", "numpy.f2py.crackfortran", "getlincoef"),
    ("GHSA-vqmv-47xg-9wpr", "pty", "spawn"),
    ("GHSA-vr7h-p6mm-wpmh", "torch.jit.unsupported_tensor_ops", "execWrapper"),
    ("GHSA-vv6j-3g6g-2pvj", "torch.utils._config_module", "ConfigModule.load_config"),
    ("GHSA-vvpj-8cmc-gx39", "pkgutil", "resolve_name"),
    ("GHSA-x696-vm39-cp64", "profile", "Profile.run"),
    ("GHSA-xp4f-hrf8-rxw7", "ensurepip", "_run_pip"),
    ("picklescan malicious1", "__builtin__", "eval"),
    ("picklescan malicious3", "httplib", "HTTPSConnection"),
    ("picklescan malicious4", "requests.api", "get"),
    ("picklescan malicious5", "aiohttp.client", "ClientSession"),
    ("picklescan malicious9", "sys", "exit"),
    ("picklescan malicious14", "runpy", "_run_code"),
    ("picklescan malicious15", "torch._inductor.codecache", "compile_file"),
    ("picklescan malicious16", "bdb", "Bdb.run"),
    ("picklescan malicious17", "venv", "create"),
    ("picklescan malicious18", "pydoc", "pipepager"),
    ("picklescan malicious20", "torch.serialization", "load"),
    ("picklescan malicious22", "numpy.testing._private.utils", "runstring"),
    ("picklescan types_CodeType", "types", "CodeType"),
    ("picklescan cloudpickle", "cloudpickle.cloudpickle", "_make_function"),
    ("picklescan cloudpickle", "cloudpickle.cloudpickle", "subimport"),
    ("picklescan marshal_bypass", "marshal", "loads"),
    ("picklescan importlib_bypass", "importlib", "import_module"),
    ("picklescan urllib_request_urlopen", "urllib.request", "urlopen"),
    ("picklescan logging_FileHandler", "logging", "FileHandler"),
    ("picklescan io_FileIO", "_io", "FileIO"),
    ("picklescan dns_exfiltration", "ssl", "get_server_certificate"),
    ("picklescan sys_module_override", "sys", "modules"),
]


@pytest.mark.parametrize(("advisory", "module", "name"), ADVISORIES)
def test_the_callable_of_an_advisory_is_known_as_dangerous(advisory: str, module: str, name: str) -> None:
    known = lookup(module, name)

    assert known is not None, advisory
    assert known.effects(Use.CALLED) - HARMLESS, advisory
    assert not known.is_data(Use.REFERENCED), advisory
    assert known.does
    assert known.source


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("numpy", "load"),
        ("numpy.core", "_ufunc_reconstruct"),
        ("pandas", "read_pickle"),
        ("pandas", "eval"),
        ("pandas.io.common", "get_handle"),
        ("joblib", "load"),
        ("joblib.numpy_pickle", "load"),
        ("torch", "load"),
        ("torch.hub", "load"),
        ("torch.jit", "load"),
        ("torch.fx.graph_module", "reduce_graph_module"),
        ("torch.package", "PackageImporter"),
        ("dill", "load"),
        ("sympy", "sympify"),
        ("hydra.utils", "instantiate"),
        ("gensim.utils", "unpickle"),
        ("ultralytics.nn.tasks", "torch_safe_load"),
        ("sklearn.datasets", "fetch_openml"),
        ("tensorflow", "load_library"),
        ("weakref", "finalize"),
        ("threading", "Timer"),
        ("unittest.mock", "_importer"),
        ("pathlib", "Path.write_text"),
        ("shutil", "rmtree"),
        ("tempfile", "NamedTemporaryFile"),
        ("gc", "get_objects"),
        ("string", "Formatter.get_field"),
        ("builtins", "str.format"),
        ("concurrent.futures", "ProcessPoolExecutor"),
        ("multiprocessing.util", "spawnv_passfds"),
    ],
)
def test_a_gadget_of_a_library_is_never_data_when_called(module: str, name: str) -> None:
    known = lookup(module, name)

    assert known is not None
    assert known.effects(Use.CALLED) - {Effect.DATA}


@pytest.mark.parametrize("name", ["norm_gen", "uniform_gen", "expon_gen"])
def test_state_of_a_scipy_distribution_is_not_data(name: str) -> None:
    # rv_generic.__setstate__ runs the argument parser's source, which is a text in the state.
    known = lookup("scipy.stats._continuous_distns", name)

    assert known is None or not known.is_data(Use.BUILT)


def test_memory_mapped_arrays_open_files_when_instantiated() -> None:
    known = lookup("numpy", "memmap")

    assert known is not None
    assert known.effects(Use.INSTANTIATED) == {Effect.FILES}


def test_partial_stores_its_callable_and_calls_nothing() -> None:
    known = lookup("functools", "partial")

    assert known is not None
    assert known.is_data(Use.CALLED)
