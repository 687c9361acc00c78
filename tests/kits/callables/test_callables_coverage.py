"""Pickles of real objects of the installed libraries: every global is known as data for the way it is used."""

from __future__ import annotations

import argparse
import collections
import datetime as dt
import decimal
import enum
import fractions
import functools
import io
import logging
import operator
import pathlib
import pickle
import pickletools
import random
import re
import types
import typing
import uuid
import warnings
import zipfile
from typing import NamedTuple

import pytest

from telamon.kits.callables import Effect, Use, lookup

THROUGH_ARGUMENT = {Effect.CALLS_ARGUMENT, Effect.INSTANTIATES_ARGUMENT, Effect.UNPICKLES_ARGUMENT, Effect.DATA}


class Name(NamedTuple):
    module: str
    name: str


class Made(NamedTuple):
    by: object


class UsesOfGlobals:
    """A plain stack machine for pickles that this process wrote itself."""

    def __init__(self, data: bytes) -> None:
        self.found: set[tuple[str, str, Use]] = set()
        self._stack: list[object] = []
        self._memo: dict[int, object] = {}
        for opcode, argument, _ in pickletools.genops(data):
            self._step(opcode.name, argument)

    def _step(self, opcode: str, argument: object) -> None:  # noqa: C901, PLR0912  # one case for each kind of opcode
        stack, memo = self._stack, self._memo
        match opcode:
            case "PROTO" | "FRAME" | "STOP" | "BINPERSID":
                pass  # a persistent id becomes an object that the loader knows
            case "MARK":
                stack.append("MARK")
            case "GLOBAL":
                self._global(*str(argument).split(" ", 1))
            case "STACK_GLOBAL":
                name, module = stack.pop(), stack.pop()
                self._global(str(module), str(name))
            case "MEMOIZE":
                memo[len(memo)] = stack[-1]
            case "PUT" | "BINPUT" | "LONG_BINPUT":
                memo[int(str(argument))] = stack[-1]
            case "GET" | "BINGET" | "LONG_BINGET":
                stack.append(memo[int(str(argument))])
            case "REDUCE" | "NEWOBJ":
                self._make(Use.CALLED if opcode == "REDUCE" else Use.INSTANTIATED)
            case "NEWOBJ_EX":
                stack.pop()
                self._make(Use.INSTANTIATED)
            case "BUILD":
                stack.pop()
                self._change(Use.BUILT)
            case "APPENDS" | "SETITEMS" | "ADDITEMS":
                self._above_mark()
                self._change(Use.FILLED)
            case "APPEND" | "POP":
                stack.pop()
            case "SETITEM":
                del stack[-2:]
            case "TUPLE" | "LIST" | "DICT" | "FROZENSET":
                stack.append(self._above_mark())
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                size = int(opcode[-1])
                stack[-size:] = [tuple(stack[-size:])]
            case "EMPTY_TUPLE":
                stack.append(())
            case _:
                stack.append(argument)

    def _above_mark(self) -> tuple[object, ...]:
        start = len(self._stack) - 1 - self._stack[::-1].index("MARK")
        items = tuple(self._stack[start + 1 :])
        del self._stack[start:]
        return items

    def _global(self, module: str, name: str) -> None:
        self.found.add((module, name, Use.REFERENCED))
        self._stack.append(Name(module, name))

    def _make(self, use: Use) -> None:
        arguments, maker = self._stack.pop(), self._stack.pop()
        if maker == Name("builtins", "getattr") or maker == Name("__builtin__", "getattr"):
            holder, attribute = typing.cast("tuple[Name, str]", arguments)
            self._global(holder.module, f"{holder.name}.{attribute}")
            return
        assert isinstance(maker, Name), "only a callable that is named is called"
        self.found.add((*maker, use))
        known = lookup(*maker)
        if known is not None and use is Use.CALLED and Effect.INSTANTIATES_ARGUMENT in known.called:
            maker = typing.cast("Name", typing.cast("tuple[object, ...]", arguments)[known.argument or 0])
            self.found.add((*maker, Use.INSTANTIATED))
        self._stack.append(Made(maker))

    def _change(self, use: Use) -> None:
        target = self._stack[-1]
        if isinstance(target, Made) and isinstance(target.by, Name):
            self.found.add((*target.by, use))


def not_known_as_data(data: bytes) -> set[str]:
    missing = set()
    for module, name, use in UsesOfGlobals(data).found:
        known = lookup(module, name)
        effects = known.effects(use) if known is not None else frozenset()
        if (module, name) not in {("builtins", "getattr"), ("__builtin__", "getattr")} and (
            not effects or not effects <= THROUGH_ARGUMENT
        ):
            missing.add(f"{module}.{name} {use}")
    return missing


class Colour(enum.Enum):
    RED = 1


STANDARD = [
    dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    dt.timedelta(days=1),
    uuid.UUID(int=1),
    decimal.Decimal("1.5"),
    fractions.Fraction(1, 3),
    pathlib.PurePosixPath("a/b"),
    pathlib.Path("a"),
    argparse.Namespace(a=1),
    types.SimpleNamespace(a=1),
    collections.OrderedDict(a=1),
    collections.defaultdict(list, a=[1]),
    collections.Counter("aab"),
    collections.deque([1]),
    collections.ChainMap({}),
    {1, 2},
    frozenset([1]),
    bytearray(b"a"),
    b"abc",
    1j,
    slice(1),
    range(3),
    object(),
    re.compile("a"),
    random.Random(1),  # noqa: S311  # a value to pickle
    logging.getLogger("telamon.test"),
    functools.partial(int, base=2),
    operator.itemgetter(1),
    ValueError("a"),
    Ellipsis,
    typing.Any,
    int,
]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("value", STANDARD, ids=lambda value: type(value).__name__)
def test_the_standard_librarys_values_are_data(value: object, protocol: int) -> None:
    try:
        data = pickle.dumps(value, protocol)
    except TypeError:
        pytest.skip("this value does not pickle with this protocol")

    assert not_known_as_data(data) == set()


def test_a_class_of_ones_own_is_not_known() -> None:
    missing = not_known_as_data(pickle.dumps(Colour.RED))

    assert {name.rpartition(".")[2] for name in missing} == {"Colour referenced", "Colour called"}


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_numpys_values_are_data(protocol: int) -> None:
    np = pytest.importorskip("numpy")
    values = [
        np.arange(3),
        np.float64(1),
        np.dtype("f4"),
        np.array([object()]),
        np.ma.array([1], mask=[1]),
        np.random.RandomState(0),
        np.random.default_rng(0),
        np.rec.array([(1, 2)]),
        np.poly1d([1]),
        np.datetime64("2020"),
        np.float32,
        np.add,
        np.mean,
        np.polynomial.Polynomial([1, 2]),
    ]

    assert not_known_as_data(pickle.dumps(values, protocol)) == set()


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_pandas_values_are_data(protocol: int) -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(
        {
            "number": [1, 2],
            "text": ["x", "y"],
            "category": pd.Categorical(["u", "v"]),
            "time": pd.date_range("2020", periods=2, tz="UTC"),
            "integer": pd.array([1, None], dtype="Int64"),
            "period": pd.period_range("2020", periods=2, freq="M"),
            "interval": pd.interval_range(0, 2),
            "delta": pd.timedelta_range("1D", periods=2),
            "truth": pd.array([True, None], dtype="boolean"),
        }
    )
    values = [
        frame,
        frame.number,
        frame.set_index(["number", "text"]),
        pd.Timestamp("2020"),
        pd.Timedelta("1D"),
        pd.NaT,
        pd.NA,
        pd.Period("2020"),
        pd.Interval(0, 1),
        pd.offsets.MonthEnd(),
        pd.Index([1.5]),
    ]

    assert not_known_as_data(pickle.dumps(values, protocol)) == set()


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "lil", "dok", "dia", "bsr"])
@pytest.mark.parametrize("protocol", [2, 4])
def test_sparse_matrices_are_data(kind: str, protocol: int) -> None:
    sparse = pytest.importorskip("scipy.sparse")

    matrix = getattr(sparse, f"{kind}_matrix")([[1.0, 0.0], [0.0, 1.0]])

    assert not_known_as_data(pickle.dumps(matrix, protocol)) == set()


def test_every_estimator_of_scikit_learn_is_data_before_and_after_fitting() -> None:
    pytest.importorskip("sklearn")
    missing: dict[str, set[str]] = {}
    pickled = 0
    for name, estimator in estimators_as_made_and_fitted():
        for protocol in (2, 5):
            found = not_known_as_data(pickle.dumps(estimator, protocol))
            pickled += 1
            if found:
                missing[name] = found

    print(f"{pickled} pickles of estimators, {len(missing)} estimators with names that are not data")  # noqa: T201  # the coverage figure
    assert missing == {}
    assert pickled > 500


def estimators_as_made_and_fitted() -> typing.Iterator[tuple[str, object]]:
    datasets, linear = pytest.importorskip("sklearn.datasets"), pytest.importorskip("sklearn.linear_model")
    LogisticRegression, Ridge = linear.LogisticRegression, linear.Ridge  # noqa: N806  # classes
    features, target = datasets.make_classification(60, 8, random_state=0)
    classifier, regressor = [("a", LogisticRegression())], [("a", Ridge())]
    given: dict[str, dict[str, object]] = {
        "ColumnTransformer": {"transformers": [("a", "passthrough", [0])]},
        "FeatureUnion": {"transformer_list": [("a", "passthrough")]},
        "Pipeline": {"steps": classifier},
        "SparseCoder": {"dictionary": features},
        "StackingClassifier": {"estimators": classifier},
        "StackingRegressor": {"estimators": regressor},
        "VotingClassifier": {"estimators": classifier},
        "VotingRegressor": {"estimators": regressor},
        "GridSearchCV": {"estimator": LogisticRegression(), "param_grid": {"C": [1.0]}, "cv": 2},
        "RandomizedSearchCV": {"estimator": LogisticRegression(), "param_distributions": {"C": [1.0]}, "n_iter": 1},
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, cls in pytest.importorskip("sklearn.utils").all_estimators():
            try:
                estimator = cls(**given.get(name, {}))
            except TypeError:
                estimator = cls(LogisticRegression())
            if "max_iter" in estimator.get_params(deep=False) and name != "GridSearchCV":
                estimator.set_params(max_iter=10)
            yield name, estimator
            for arguments in (
                (features, target),
                (abs(features), target),
                (features, features[:, :2]),
                (abs(features),),
            ):
                try:
                    estimator.fit(*arguments)
                except (ValueError, TypeError, AttributeError, IndexError, ArithmeticError):
                    continue  # not the data that this one takes
                yield name, estimator
                break


def test_what_torch_saves_is_data() -> None:
    torch = pytest.importorskip("torch")
    nn = torch.nn
    model = nn.Sequential(
        nn.Linear(2, 2),
        nn.ReLU(),
        nn.Conv2d(1, 1, 1),
        nn.BatchNorm2d(1),
        nn.LSTM(2, 2),
        nn.TransformerEncoderLayer(4, 2),
        nn.Embedding(2, 2),
        nn.MultiheadAttention(4, 2),
        nn.Dropout(),
        nn.MaxPool2d(2),
        nn.ModuleDict({"a": nn.GELU()}),
        nn.ModuleList([nn.SiLU()]),
        nn.ParameterList([nn.Parameter(torch.ones(1))]),
        nn.CrossEntropyLoss(),
    )
    optimizer = torch.optim.AdamW(model.parameters())
    checkpoint = {
        "model": model,
        "state": model.state_dict(),
        "optimizer": optimizer,
        "optimizer_state": optimizer.state_dict(),
        "scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10),
        "plateau": torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer),
        "random": torch.get_rng_state(),
        "sparse": torch.eye(2).to_sparse(),
        "attributes": [torch.float16, torch.device("cpu"), torch.Size([1]), torch.strided, torch.__version__],
        "functions": [torch.nn.functional.gelu, torch.nn.functional.relu],
        "arguments": argparse.Namespace(path=pathlib.Path("x")),
        "distribution": torch.distributions.Normal(0.0, 1.0),
        "dataset": torch.utils.data.TensorDataset(torch.ones(2)),
    }
    file = io.BytesIO()
    torch.save(checkpoint, file)
    with zipfile.ZipFile(file) as archive:
        data = archive.read(next(name for name in archive.namelist() if name.endswith("data.pkl")))

    assert not_known_as_data(data) == set()
    assert not_known_as_data(pickle.dumps(model)) == set()
