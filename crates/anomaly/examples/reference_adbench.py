"""scikit-learn's isolation forest on every labelled .npz of a folder: prints mean AUROC and average precision."""

import pathlib
import sys

import numpy
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score

means = []
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.npz")):
    file = numpy.load(path)
    rows, labels = file["X"], file["y"]
    figures = []
    for seed in range(5):
        scores = -IsolationForest(random_state=seed).fit(rows).score_samples(rows)
        figures.append((roc_auc_score(labels, scores), average_precision_score(labels, scores)))
    means.append(numpy.mean(figures, axis=0))
print(*numpy.mean(means, axis=0).round(4))
