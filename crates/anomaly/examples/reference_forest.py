"""Times scikit-learn's isolation forest as forest_bench.rs times ours: prints fit and score, seconds of CPU."""

import time

import numpy
from sklearn.ensemble import IsolationForest

rows = numpy.random.default_rng(0).uniform(size=(4, 100_000, 8)).sum(axis=0)
fit, score = [], []
for seed in range(5):
    forest = IsolationForest(n_estimators=100, max_samples=256, n_jobs=1, random_state=seed)
    begin = time.process_time()
    forest.fit(rows)
    fitted = time.process_time()
    forest.score_samples(rows)
    fit.append(fitted - begin)
    score.append(time.process_time() - fitted)
print(min(fit), min(score))
