"""What the checks have in common: telling findings, configs that train quickly, and training that is killed."""

import json
import math
import os
import pathlib
import shutil
import signal
import subprocess
import time


def tell(what, count, trouble):
    print(json.dumps({"what": what, "count": count, "trouble": trouble[:5]}), flush=True)


def value_of(told):
    """A figure of metrics.jsonl; JSON has no word for what is no number."""
    words = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
    return words[told] if isinstance(told, str) else float(told)


def rows_of(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def document(run, name):
    return json.loads((run / name).read_text())


def empty(folder):
    folder = pathlib.Path(folder).absolute()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def config(folder, name, **fields):
    """A config that trains in well under a second."""
    hyperparams = {"epochs": 12, "batch_size": 16, "lr": 0.01}
    data = {"name": name, "model_type": "Linear", "dataset_path": "builtin:iris", "hyperparams": hyperparams}
    (folder / "configs").mkdir(exist_ok=True)
    path = folder / "configs" / f"{name}.json"
    path.write_text(json.dumps({**data, **fields}))
    return str(path)


def diverging(folder, name):
    """A config whose loss is soon no number."""
    return config(folder, name, hyperparams={"epochs": 12, "batch_size": 16, "lr": 1e30, "optimizer": "sgd"})


def train(runner, paths, results, *options):
    command = [runner, *paths, "--results", str(results), "-q", *options]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def train_killed(runner, folder, name, results, *options):
    """Training whose processes are all killed, again and again, then finished; how many kills fell into it."""
    hyperparams = {"epochs": 60, "batch_size": 32, "lr": 0.001}
    path = config(folder, name, model_type="CNN", dataset_path="builtin:digits", hyperparams=hyperparams)
    command = [runner, path, "--results", str(results), "-q", *options]
    metrics, hits = results / name / "metrics.jsonl", 0
    for epochs in (5, 13, 14, 30):
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        while child.poll() is None and (not metrics.exists() or metrics.read_bytes().count(b"\n") < epochs):
            time.sleep(0.01)
        if epochs == 14:
            # Long enough for those who are told once a second to be in the middle of it.
            time.sleep(1.02)
        hits += child.poll() is None
        workers = children(child.pid)
        for victim in (child.pid, *workers):
            try:
                os.kill(victim, signal.SIGKILL)
            except ProcessLookupError:
                pass
        child.wait()
        while any(pathlib.Path(f"/proc/{worker}").exists() for worker in workers):
            time.sleep(0.01)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return hits


def children(parent):
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(int(path.parent.name))
    return found
