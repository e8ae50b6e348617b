"""Best value after 60 trials of Optuna's TPE on standard functions, one JSON object a line.

Usage: optuna_tpe.py [--multivariate] [--first 0] [--seeds 20] [--trials 60] [LEADERBOARD ...]

A leaderboard of a whole grid stands for a real sweep: its results are looked up.
"""

import argparse
import json
import math

import optuna

PI = math.pi
HARTMANN_3 = (
    [[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]],
    [[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]],
)
HARTMANN_6 = (
    [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]],
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ],
)


def branin(x):
    a, b = x
    return (b - 5.1 / (4 * PI**2) * a**2 + 5 / PI * a - 6) ** 2 + 10 * (1 - 1 / (8 * PI)) * math.cos(a) + 10


def six_hump_camel(x):
    a, b = x
    return (4 - 2.1 * a**2 + a**4 / 3) * a**2 + a * b + (-4 + 4 * b**2) * b**2


def goldstein_price(x):
    a, b = x
    left = 1 + (a + b + 1) ** 2 * (19 - 14 * a + 3 * a**2 - 14 * b + 6 * a * b + 3 * b**2)
    right = 30 + (2 * a - 3 * b) ** 2 * (18 - 32 * a + 12 * a**2 + 48 * b - 36 * a * b + 27 * b**2)
    return left * right


def hartmann(tables):
    alpha = [1.0, 1.2, 3.0, 3.2]

    def function(x):
        rows = zip(alpha, *tables)
        return -sum(w * math.exp(-sum(a * (v - p * 1e-4) ** 2 for a, v, p in zip(r, x, q))) for w, r, q in rows)

    return function


def rosenbrock(x):
    return sum(100 * (b - a**2) ** 2 + (1 - a) ** 2 for a, b in zip(x, x[1:]))


def ackley(x):
    n = len(x)
    root = math.sqrt(sum(v**2 for v in x) / n)
    return -20 * math.exp(-0.2 * root) - math.exp(sum(math.cos(2 * PI * v) for v in x) / n) + 20 + math.e


def rastrigin(x):
    return sum(v**2 - 10 * math.cos(2 * PI * v) + 10 for v in x)


def levy(x):
    w = [1 + (v - 1) / 4 for v in x]
    middle = sum((v - 1) ** 2 * (1 + 10 * math.sin(PI * v + 1) ** 2) for v in w[:-1])
    return math.sin(PI * w[0]) ** 2 + middle + (w[-1] - 1) ** 2 * (1 + math.sin(2 * PI * w[-1]) ** 2)


def styblinski_tang(x):
    return sum(v**4 - 16 * v**2 + 5 * v for v in x) / 2


FUNCTIONS = [
    ("branin", branin, [(-5.0, 10.0), (0.0, 15.0)]),
    ("six-hump-camel", six_hump_camel, [(-3.0, 3.0), (-2.0, 2.0)]),
    ("goldstein-price", goldstein_price, [(-2.0, 2.0)] * 2),
    ("hartmann-3", hartmann(HARTMANN_3), [(0.0, 1.0)] * 3),
    ("hartmann-6", hartmann(HARTMANN_6), [(0.0, 1.0)] * 6),
    ("rosenbrock-2", rosenbrock, [(-2.048, 2.048)] * 2),
    ("ackley-5", ackley, [(-32.768, 32.768)] * 5),
    ("rastrigin-4", rastrigin, [(-5.12, 5.12)] * 4),
    ("levy-4", levy, [(-10.0, 10.0)] * 4),
    ("styblinski-tang-4", styblinski_tang, [(-5.0, 5.0)] * 4),
]


def table(path):
    """Name, function and ranges of a leaderboard, with the index of a value for the value."""
    with open(path, encoding="utf-8") as file:
        board = json.load(file)
    rows = sorted(board["rows"], key=lambda row: row["trial"])
    keys = {key: [] for key in rows[0]["point"]}
    values = {}
    for row in rows:
        for key, value in row["point"].items():
            if value not in keys[key]:
                keys[key].append(value)
        values[tuple(keys[key].index(value) for key, value in row["point"].items())] = row["value"]
    return board["sweep"], lambda x: values[tuple(x)], [(0, len(known) - 1) for known in keys.values()]


def best(function, ranges, seed, trials, multivariate):
    def suggest(trial, name, low, high):
        draw = trial.suggest_int if isinstance(low, int) else trial.suggest_float
        return draw(name, low, high)

    sampler = optuna.samplers.TPESampler(seed=seed, multivariate=multivariate)
    study = optuna.create_study(sampler=sampler)
    study.optimize(
        lambda trial: function([suggest(trial, f"x{i}", low, high) for i, (low, high) in enumerate(ranges)]),
        n_trials=trials,
    )
    return study.best_value


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--multivariate", action="store_true")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("tables", nargs="*")
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    for name, function, ranges in [table(path) for path in arguments.tables] or FUNCTIONS:
        values = [best(function, ranges, seed, arguments.trials, arguments.multivariate) for seed in seeds]
        print(json.dumps({"function": name, "values": values}), flush=True)


if __name__ == "__main__":
    main()
