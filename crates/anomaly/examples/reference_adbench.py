"""What others' detectors make of every labelled .npz of a folder: a line each with mean AUROC and average precision.

scikit-learn's isolation forest as the mean of five seeds; of pyod, detectors that need no training on labels and no
graphics card, each as its authors preset it.
"""

import pathlib
import sys
import warnings

import numpy
from pyod.models.copod import COPOD
from pyod.models.ecod import ECOD
from pyod.models.hbos import HBOS
from pyod.models.knn import KNN
from pyod.models.lof import LOF
from pyod.models.pca import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.preprocessing import StandardScaler


def forest(seed):
    return lambda rows: -IsolationForest(random_state=seed).fit(rows).score_samples(rows)


def pyod(detector):
    # PCA divides by the variance of each direction, which is nothing where columns repeat one another.
    return lambda rows: numpy.nan_to_num(detector().fit(StandardScaler().fit_transform(rows)).decision_scores_)


warnings.simplefilter("ignore")
detectors = {"scikit-learn's isolation forest": [forest(seed) for seed in range(5)]}
detectors |= {f"pyod's {detector.__name__}": [pyod(detector)] for detector in (COPOD, ECOD, HBOS, KNN, LOF, PCA)}
files = [numpy.load(path) for path in sorted(pathlib.Path(sys.argv[1]).glob("*.npz"))]
for name, runs in detectors.items():
    figures = []
    for file in files:
        rows, labels = file["X"], file["y"]
        scores = [run(rows) for run in runs]
        figures += [(roc_auc_score(labels, s), average_precision_score(labels, s)) for s in scores]
    print(f"{name}:", *numpy.mean(figures, axis=0).round(4))
