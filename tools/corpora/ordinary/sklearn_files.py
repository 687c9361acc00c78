"""Fitted estimators of scikit-learn, pickled in protocols 2 to 5."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn import (
    calibration,
    cluster,
    compose,
    covariance,
    cross_decomposition,
    decomposition,
    discriminant_analysis,
    dummy,
    ensemble,
    feature_extraction,
    feature_selection,
    gaussian_process,
    impute,
    isotonic,
    kernel_approximation,
    kernel_ridge,
    linear_model,
    manifold,
    mixture,
    model_selection,
    multiclass,
    multioutput,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    random_projection,
    svm,
    tree,
)

from corpora.ordinary.artefact import pickled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corpora.ordinary.artefact import Artefact

SEED = 7
TEXTS = ("a cat sat", "a dog ran", "the cat ran", "the dog sat") * 5


def artefacts() -> Iterator[Artefact]:
    """Yield every estimator, fitted, in one protocol after the other."""
    for protocol, (name, estimator) in zip(itertools.cycle((2, 3, 4, 5)), fitted().items(), strict=False):
        yield pickled(f"{name}.pkl", estimator, protocol)


def data() -> tuple[Any, Any]:  # numpy arrays
    """Return 60 rows of four features, and three classes."""
    generator = np.random.default_rng(SEED)
    return generator.normal(size=(60, 4)), np.arange(60) % 3


def fitted() -> dict[str, Any]:  # estimators, which have no type of their own
    """Return fitted estimators by name."""
    features, classes = data()
    found = {name: estimator.fit(features, classes) for name, estimator in (classifiers() | _others()).items()}
    positive = np.abs(features)
    found["nmf"] = decomposition.NMF(2, max_iter=20).fit(positive)
    found["multinomial-bayes"] = naive_bayes.MultinomialNB().fit(positive, classes)
    found["isotonic"] = isotonic.IsotonicRegression().fit(features[:, 0], classes)
    found["multi-output"] = multioutput.MultiOutputRegressor(linear_model.Ridge()).fit(features, features)
    found["label-encoder"] = preprocessing.LabelEncoder().fit(["a", "b"])
    found["one-hot"] = preprocessing.OneHotEncoder().fit([["a", 1], ["b", 2]])
    found["ordinal"] = preprocessing.OrdinalEncoder().fit([["a"], ["b"]])
    found["label-binarizer"] = preprocessing.MultiLabelBinarizer().fit([["a"], ["b", "c"]])
    found["dict-vectorizer"] = feature_extraction.DictVectorizer().fit([{"a": 1}, {"b": 2}])
    labels = np.arange(len(TEXTS)) % 2
    found["text-pipeline"] = pipeline.make_pipeline(
        feature_extraction.text.TfidfVectorizer(ngram_range=(1, 2), stop_words="english"),
        linear_model.LogisticRegression(),
    ).fit(TEXTS, labels)
    found["count-vectorizer"] = feature_extraction.text.CountVectorizer(min_df=2).fit(TEXTS)
    found["hashing-vectorizer"] = feature_extraction.text.HashingVectorizer().fit(TEXTS)
    return found


def classifiers() -> dict[str, Any]:  # likewise
    """Return classifiers by name, not yet fitted."""
    return {
        "logistic": linear_model.LogisticRegression(),
        "sgd": linear_model.SGDClassifier(random_state=SEED),
        "ridge-classifier": linear_model.RidgeClassifier(),
        "perceptron": linear_model.Perceptron(),
        "passive-aggressive": linear_model.LogisticRegressionCV(cv=2, max_iter=20),
        "svc": svm.SVC(probability=False),
        "linear-svc": svm.LinearSVC(),
        "decision-tree": tree.DecisionTreeClassifier(),
        "random-forest": ensemble.RandomForestClassifier(
            8, random_state=np.random.RandomState(SEED)
        ),  # kept in the pickle
        "extra-trees": ensemble.ExtraTreesClassifier(5),
        "gradient-boosting": ensemble.GradientBoostingClassifier(n_estimators=4),
        "hist-gradient-boosting": ensemble.HistGradientBoostingClassifier(max_iter=3),
        "ada-boost": ensemble.AdaBoostClassifier(n_estimators=3),
        "bagging": ensemble.BaggingClassifier(n_estimators=3),
        "voting": ensemble.VotingClassifier(
            [("a", linear_model.LogisticRegression()), ("b", naive_bayes.GaussianNB())]
        ),
        "stacking": ensemble.StackingClassifier([("a", naive_bayes.GaussianNB())], cv=2),
        "k-neighbours": neighbors.KNeighborsClassifier(algorithm="kd_tree"),
        "k-neighbours-ball": neighbors.KNeighborsClassifier(algorithm="ball_tree"),
        "nearest-centroid": neighbors.NearestCentroid(),
        "gaussian-bayes": naive_bayes.GaussianNB(),
        "bernoulli-bayes": naive_bayes.BernoulliNB(),
        "lda": discriminant_analysis.LinearDiscriminantAnalysis(),
        "qda": discriminant_analysis.QuadraticDiscriminantAnalysis(reg_param=0.1),
        "mlp": neural_network.MLPClassifier(hidden_layer_sizes=(5,), max_iter=5, random_state=SEED),
        "gaussian-process": gaussian_process.GaussianProcessClassifier(),
        "one-vs-rest": multiclass.OneVsRestClassifier(linear_model.LogisticRegression()),
        "calibrated": calibration.CalibratedClassifierCV(naive_bayes.GaussianNB(), cv=2),
        "dummy": dummy.DummyClassifier(),
        "grid-search": model_selection.GridSearchCV(svm.SVC(), {"C": [1, 2]}, cv=2),
        "random-search": model_selection.RandomizedSearchCV(
            tree.DecisionTreeClassifier(), {"max_depth": [1, 2]}, n_iter=2, cv=2
        ),
        "pipeline": pipeline.make_pipeline(
            impute.SimpleImputer(), preprocessing.StandardScaler(), decomposition.PCA(2), svm.SVC()
        ),
        "column-transformer": pipeline.make_pipeline(
            compose.ColumnTransformer(
                [
                    ("scale", preprocessing.StandardScaler(), [0, 1]),
                    ("bins", preprocessing.KBinsDiscretizer(2, quantile_method="averaged_inverted_cdf"), [2]),
                ],
                remainder="passthrough",
            ),
            ensemble.RandomForestClassifier(3),
        ),
        "feature-union": pipeline.make_pipeline(
            pipeline.FeatureUnion([("pca", decomposition.PCA(2)), ("best", feature_selection.SelectKBest(k=2))]),
            linear_model.LogisticRegression(),
        ),
        "function-transformer": pipeline.make_pipeline(
            preprocessing.FunctionTransformer(np.tanh), linear_model.LogisticRegression()
        ),
    }


def _others() -> dict[str, Any]:
    return {
        "linear": linear_model.LinearRegression(),
        "lasso": linear_model.Lasso(),
        "elastic-net": linear_model.ElasticNet(),
        "bayesian-ridge": linear_model.BayesianRidge(),
        "huber": linear_model.HuberRegressor(),
        "svr": svm.SVR(),
        "one-class-svm": svm.OneClassSVM(),
        "kernel-ridge": kernel_ridge.KernelRidge(),
        "random-forest-regressor": ensemble.RandomForestRegressor(4),
        "gradient-boosting-regressor": ensemble.GradientBoostingRegressor(n_estimators=3),
        "hist-gradient-boosting-regressor": ensemble.HistGradientBoostingRegressor(max_iter=3),
        "isolation-forest": ensemble.IsolationForest(n_estimators=4),
        "gaussian-process-regressor": gaussian_process.GaussianProcessRegressor(
            gaussian_process.kernels.RBF() + gaussian_process.kernels.WhiteKernel()
        ),
        "mlp-regressor": neural_network.MLPRegressor(hidden_layer_sizes=(5,), max_iter=5),
        "k-means": cluster.KMeans(3, n_init=1),
        "mini-batch-k-means": cluster.MiniBatchKMeans(3, n_init=1),
        "dbscan": cluster.DBSCAN(),
        "agglomerative": cluster.AgglomerativeClustering(3),
        "birch": cluster.Birch(n_clusters=3),
        "gaussian-mixture": mixture.GaussianMixture(2),
        "pca": decomposition.PCA(2),
        "truncated-svd": decomposition.TruncatedSVD(2),
        "fast-ica": decomposition.FastICA(2, max_iter=50),
        "pls": cross_decomposition.PLSRegression(2),
        "isomap": manifold.Isomap(n_neighbors=10),
        "covariance": covariance.EmpiricalCovariance(),
        "quantile-transformer": preprocessing.QuantileTransformer(n_quantiles=10),
        "power-transformer": preprocessing.PowerTransformer(),
        "polynomial": preprocessing.PolynomialFeatures(),
        "spline-transformer": preprocessing.SplineTransformer(),
        "k-neighbours-imputer": impute.KNNImputer(),
        "random-projection": random_projection.GaussianRandomProjection(2),
        "kernel-approximation": kernel_approximation.RBFSampler(n_components=5),
        "select-from-model": feature_selection.SelectFromModel(linear_model.Lasso(0.01)),
        "transformed-target": compose.TransformedTargetRegressor(
            linear_model.Ridge(), func=np.log1p, inverse_func=np.expm1
        ),
        "local-outlier-factor": neighbors.LocalOutlierFactor(),
        "kernel-density": neighbors.KernelDensity(),
    }
