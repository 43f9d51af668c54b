"""Forecasts every series of a .bench file with statsforecast, one after the other in one thread.

Usage: reference_statsforecast.py SET.bench FOLDER
Writes FOLDER/ets and FOLDER/dot with bands and FOLDER/median, the median of ETS, DOT, Theta and MSTL, which has none,
as `id|point...|lower80...|upper80...|lower95...|upper95...`, and prints the CPU time of each in ms a series.
"""

import pathlib
import sys
import time
import warnings

import numpy
from statsforecast.models import MSTL, AutoETS, DynamicOptimizedTheta, Theta

LEVELS = [80, 95]
BANDS = ("lo-80", "hi-80", "lo-95", "hi-95")
MEMBERS = {"ets": AutoETS, "dot": DynamicOptimizedTheta, "theta": Theta, "mstl": MSTL}


def read(path):
    for line in open(path):
        head, past, future = line.rstrip("\n").split("|")
        name, season, _ = head.split(",")
        yield name, int(season), numpy.array(past.split(), float), len(future.split())


def words(values):
    return " ".join(f"{value:.6g}" for value in values)


def forecast(member, season, past, horizon):
    # MSTL has no season of its own where it is longer than half of what is known.
    season = season if len(past) >= 2 * season else 1
    if member == "mstl" and season == 1:
        member = "ets"
    level = LEVELS if member in ("ets", "dot") else None
    return MEMBERS[member](season_length=season).forecast(y=past, h=horizon, level=level)


def main():
    warnings.simplefilter("ignore")
    series = list(read(sys.argv[1]))
    folder = pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    # Its own compiler runs at the first call of each model, which is not what is measured.
    for member in MEMBERS:
        forecast(member, *series[0][1:])
    spent = dict.fromkeys(MEMBERS, 0.0)
    with open(folder / "ets", "w") as ets, open(folder / "dot", "w") as dot, open(folder / "median", "w") as median:
        banded = {"ets": ets, "dot": dot}
        for name, season, past, horizon in series:
            points = []
            for member in MEMBERS:
                began = time.process_time()
                answer = forecast(member, season, past, horizon)
                spent[member] += time.process_time() - began
                points.append(answer["mean"])
                if member in banded:
                    fields = [words(answer[field]) for field in ("mean", *BANDS)]
                    print("|".join([name, *fields]), file=banded[member])
            print(f"{name}|{words(numpy.median(points, axis=0))}", file=median)
    spent["median of the four"] = sum(spent.values())
    for member, seconds in spent.items():
        print(f"statsforecast {member}: {1000 * seconds / len(series):.2f} ms of CPU a series")


main()
