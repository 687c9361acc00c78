"""What the survey takes for a primitive: callables of the standard library and of libraries that reach beyond data."""

from __future__ import annotations

import re

EXECUTE, FILES, NETWORK, LOADS, PROCESS, MEMORY = "execute", "files", "network", "loads-code", "process", "memory"
CARRIES, DENIAL = "carries-code", "denial"

# Dotted names; a name that ends in a dot stands for everything below it. The longest match decides.
PRIMITIVES: dict[str, str] = {
    **dict.fromkeys(("eval", "exec", "execfile", "builtins.eval", "builtins.exec"), EXECUTE),
    **dict.fromkeys(("compile", "builtins.compile", "types.FunctionType", "types.CodeType"), CARRIES),
    **dict.fromkeys(("__import__", "builtins.__import__", "importlib.", "imp.", "pkgutil.", "zipimport."), LOADS),
    **dict.fromkeys(("runpy.", "code.", "codeop.", "pty.", "pdb.", "bdb.", "timeit.", "doctest."), EXECUTE),
    **dict.fromkeys(("open", "io.open", "io.FileIO", "codecs.open", "os.", "shutil.", "tempfile.", "glob."), FILES),
    **dict.fromkeys(("zipfile.", "tarfile.", "gzip.", "bz2.", "lzma.", "fileinput.", "linecache.", "mmap."), FILES),
    **dict.fromkeys(("sqlite3.", "dbm.", "logging.FileHandler", "logging.handlers.", "h5py.File"), FILES),
    **dict.fromkeys(("os.system", "os.popen", "os.exec", "os.spawn", "os.startfile", "os.posix_spawn"), EXECUTE),
    **dict.fromkeys(("subprocess.", "_posixsubprocess.", "commands.", "webbrowser.", "pexpect."), EXECUTE),
    **dict.fromkeys(("socket.", "ssl.", "http.client.", "http.server.", "urllib.request.", "ftplib."), NETWORK),
    **dict.fromkeys(("smtplib.", "poplib.", "imaplib.", "telnetlib.", "nntplib.", "xmlrpc.", "requests."), NETWORK),
    **dict.fromkeys(("urllib3.", "httpx.", "aiohttp.", "socketserver.", "huggingface_hub.", "asyncio."), NETWORK),
    **dict.fromkeys(("pickle.", "cPickle.", "_pickle.", "dill.", "cloudpickle.", "shelve.", "joblib.load"), LOADS),
    **dict.fromkeys(
        ("joblib.dump", "numpy.save", "numpy.savez", "numpy.fromfile", "numpy.memmap", "numpy.loadtxt"), FILES
    ),
    **dict.fromkeys(("numpy.load", "torch.load", "torch.jit.load", "torch.hub.", "torch.package.", "yaml."), LOADS),
    **dict.fromkeys(("torch.save", "torch.ops.load_library", "pandas.read_", "pandas.eval", "numexpr."), FILES),
    **dict.fromkeys(("marshal.", "torch.compile", "torch.jit.script", "numba."), CARRIES),
    **dict.fromkeys(("ctypes.", "cffi."), MEMORY),
    **dict.fromkeys(("multiprocessing.", "threading.Thread", "threading.Timer", "concurrent.futures."), PROCESS),
    **dict.fromkeys(("atexit.", "signal.", "sys.settrace", "sys.setprofile", "resource.", "gc."), PROCESS),
    **dict.fromkeys(("os.fork", "os.kill", "os.abort", "os._exit", "sys.exit", "exit", "quit", "time.sleep"), DENIAL),
    **dict.fromkeys(("input", "breakpoint", "raw_input", "getpass."), DENIAL),
}

# Members of the modules above that do no such thing.
HARMLESS = frozenset(
    {
        *(f"os.path.{n}" for n in ("join", "basename", "dirname", "split", "splitext", "normpath", "isabs", "sep")),
        *("os.fspath", "os.getpid", "os.cpu_count", "os.urandom", "os.environ.get", "os.getenv", "os.getcwd"),
        *("os.path.expanduser", "os.path.abspath", "os.path.exists", "os.path.isfile", "os.path.isdir"),
        *("os.fsdecode", "os.fsencode", "os.register_at_fork", "os.environ", "os.path.commonprefix"),
        *("threading.Lock", "threading.RLock", "threading.local", "threading.Event", "threading.Condition"),
        *("multiprocessing.current_process", "multiprocessing.cpu_count", "multiprocessing.Value"),
        *("threading.current_thread", "threading.get_ident", "gc.collect", "asyncio.Lock", "asyncio.Event"),
        *("pickle.dumps", "pickle.PicklingError", "pickle.UnpicklingError", "pickle.PickleError"),
        *("importlib.util.find_spec", "importlib.metadata.version", "yaml.dump", "yaml.safe_load", "code.co_name"),
        *("socket.gethostname", "numpy.loadtxt.__doc__", "requests.Session", "gzip.compress", "zlib.decompress"),
        *("ctypes.c_int", "ctypes.c_void_p", "ctypes.c_char_p", "ctypes.c_bool", "ctypes.byref", "ctypes.POINTER"),
        *("signal.Signals", "glob.escape", "numba.njit", "numba.jit", "numba.vectorize", "numba.prange"),
    }
)

# Methods that betray a primitive on a receiver of which nothing is known.
METHODS: dict[str, str] = {
    **dict.fromkeys(("system", "popen", "exec_module", "run_path", "execfile", "spawn", "exec_command"), EXECUTE),
    **dict.fromkeys(("load_module", "load_library", "from_pretrained", "read_pickle", "unpickle"), LOADS),
    **dict.fromkeys(("load", "loads", "load_model", "_load_from_bytes"), LOADS),
    **dict.fromkeys(
        ("write_text", "write_bytes", "read_text", "read_bytes", "unlink", "rmtree", "mkdir", "rmdir"), FILES
    ),
    **dict.fromkeys(("open", "touch", "symlink_to", "hardlink_to", "save", "to_pickle", "to_csv"), FILES),
    **dict.fromkeys(("urlopen", "urlretrieve", "connect", "sendall", "download"), NETWORK),
    **dict.fromkeys(("imread", "imwrite", "read_csv", "read_parquet", "read_table", "read_json", "loadtxt"), FILES),
    **dict.fromkeys(("load_dataset", "load_checkpoint", "load_from_checkpoint", "load_state_dict_from_url"), LOADS),
    **dict.fromkeys(("kill", "terminate"), DENIAL),
}

# Bases in C, of which the source says nothing, with what pickles do to their instances.
NATIVE_BASES = frozenset(
    {
        *("object", "dict", "list", "tuple", "set", "frozenset", "str", "bytes", "bytearray", "int", "float"),
        *("complex", "bool", "Exception", "BaseException", "ValueError", "TypeError", "RuntimeError", "KeyError"),
        *("collections.deque", "collections.OrderedDict", "collections.defaultdict", "array.array", "type"),
        *("datetime.datetime", "datetime.date", "datetime.time", "datetime.timedelta", "datetime.tzinfo"),
        *("threading.local", "random.Random", "_random.Random", "decimal.Decimal", "functools.partial"),
        *("numpy.ndarray", "numpy.generic", "numpy.void", "numpy.float64", "numpy.int64", "numpy.str_"),
        *("numpy.core.multiarray.ndarray", "numpy._core.multiarray.ndarray", "numpy.random.RandomState"),
        *("torch.Tensor", "torch._C.TensorBase", "torch._C._TensorBase", "torch._C._FunctionBase", "torch.Size"),
        *("torch._C.Generator", "torch._C._LegacyVariableBase", "torch.nn.Parameter", "torch.nn.parameter.Parameter"),
        *("abc.ABC", "enum.Enum", "enum.IntEnum", "enum.StrEnum", "enum.Flag", "enum.IntFlag", "enum.EnumMeta"),
        *("typing.Generic", "typing.Protocol", "typing.NamedTuple", "typing.TypedDict", "typing_extensions.Protocol"),
        *("typing_extensions.TypedDict", "typing.Dict", "typing.List", "typing.Mapping", "typing.Tuple"),
        *("typing.MutableMapping", "typing.Iterable", "typing.Callable", "typing.Hashable", "typing.Sequence"),
        *("typing.Iterator", "typing.Any", "typing.Set", "typing.MutableSequence", "typing.Collection"),
        *("logging.Handler", "pandas._libs.arrays.NDArrayBacked", "pandas._libs.internals.BlockManager"),
        *("pandas._libs.internals.SharedBlock", "pandas._libs.internals.Block", "pandas._libs.interval.IntervalMixin"),
        *("pandas._libs.internals.NumpyBlock", "pandas._libs.internals.NDArrayBackedBlock"),
        *("pandas._libs.tslibs.offsets.BaseOffset", "pandas._libs.tslibs.base.ABCTimestamp"),
        *("scipy.interpolate.interpnd.NDInterpolatorBase", "scipy.interpolate._interpnd.NDInterpolatorBase"),
        *("scipy.spatial.ckdtree.cKDTree", "scipy.spatial._ckdtree.cKDTree", "thinc.backends.ops.Ops"),
        *(
            "lightgbm.basic.Booster",
            "xgboost.core.Booster",
            "sklearn._loss._loss.CyLossFunction",
            "skbase.base.BaseObject",
        ),
        *(
            "PIL.Image.Image",
            "argparse.Namespace",
            "argparse.Action",
            "contextlib.ContextDecorator",
            "contextlib.AbstractContextManager",
        ),
        *("sklearn.tree._tree.Tree", "catboost.core._CatBoostBase", "_catboost._CatBoost"),
        *("spacy.pipeline.pipe.Pipe", "spacy.pipeline.trainable_pipe.TrainablePipe", "types.SimpleNamespace"),
        *(
            "typing.Sized",
            "typing.Container",
            "numpy.core.numeric.ndarray",
            "numpy._core.numeric.ndarray",
            "NamedTuple",
        ),
        *("typing_extensions.NamedTuple", "io.BytesIO", "io.StringIO", "OSError", "Warning", "UserWarning", "property"),
        *("torch._C._TensorMeta", "typing.SupportsFloat", "typing.Awaitable", "slice"),
        *("numbers.Number", "numbers.Real", "numbers.Integral", "numbers.Complex", "numbers.Rational"),
    }
)

# Methods that the survey cannot follow to the end, read by a person: what they call is no part of the pickle.
REVIEWED = re.compile(
    "|".join(  # noqa: FLY002  # one comment for each pattern
        (
            r"torch\.nn\.modules\.(module\.Module|rnn\.RNNBase)\.__setattr__",  # global registration hooks
            r"torch\.ao\.nn\..*\.__setattr__",  # likewise, inherited
            r"torch\.optim\.(optimizer\.)?[A-Za-z]+\.__setstate__",  # wraps the class's own `step`
            r"torch\.nn\.modules\.[a-z]+\.[A-Za-z]+\.__setstate__",  # dictionary updates and getattr(F, ...)
            r"pandas\.core\.(indexes|arrays)\..*\.(__new__|__setstate__)",  # the classes' own constructors
            r"pandas\.core\.generic\.NDFrame\.__\w+__",  # block managers
            r"pandas\..*\.(__eq__|__hash__|__getattr__)",  # operator.eq on arrays
            r"numpy\..*\.(__eq__|__getattr__)",
            r"numpy\.ma\.core\.MaskedArray\.__setstate__",  # numpy's own __setstate__ with a mask
            r"scipy\.sparse\..*\.(__eq__|__getattr__)",
            r"sklearn\.gaussian_process\.kernels\..*\.(theta|set_params|__eq__)",  # hyperparameters by name
            r"sklearn\.feature_extraction\.text\.(.*\.)?idf_",  # a sparse diagonal of the value
            r"sklearn\.isotonic\.IsotonicRegression\.(__setstate__|_build_f)",  # an interpolation of its own arrays
            r"sklearn\._loss\.[a-z]+\.[A-Za-z]+\.__\w+__",
            r"statsmodels\.base\.wrapper\.ResultsWrapper\.__getattribute__",  # wraps results in pandas objects
            r"torchmetrics\.metric\.Metric\.(__setstate__|__eq__|__hash__|__setattr__|__getattr__)",  # its own update
            r"transformers\.generation\.configuration_utils\.GenerationConfig\.(__hash__|__eq__)",  # JSON text
            r"huggingface_hub\.hub_mixin\.ModelHubMixin\.__new__",  # stores arguments by the class's own coders
            r"flair\.models\.language_model\.LanguageModel\.__setstate__",  # its own constructor, load_state_dict
            r"fastcore\.(foundation|basics)\.[A-Za-z]+\.(__eq__|__getattr__)",
            r"(skbase|sktime)\.base\._base\.BaseObject\.__eq__",  # imports a fixed module
            r"_collections_abc\.[A-Za-z]+\.__\w+__",
            r"collections\.[A-Za-z]+\.\w+",
            r"enum\.(Enum|Flag|IntFlag)\..*",
        )
    )
)


def effect_of(name: str) -> str | None:
    """The effect of calling the dotted name, where it is a primitive."""
    if name in HARMLESS:
        return None
    if name in PRIMITIVES:
        return PRIMITIVES[name]
    for end in range(len(name), 0, -1):
        prefix = name[:end]
        if prefix in PRIMITIVES and (prefix.endswith((".", "_")) or name.startswith(("os.exec", "os.spawn"))):
            return PRIMITIVES[prefix]
    return None
