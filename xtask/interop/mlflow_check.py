"""Starts MLflow's own server, lets the runner send runs to it in several ways, and asks the server what it has.

Usage: mlflow_check.py RUNNER FOLDER
Prints one JSON object per thing looked at.
"""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request

from mlflow.tracking import MlflowClient
from training import config, diverging, document, empty, rows_of, tell, train, train_killed, value_of

STATUS = {"completed": "FINISHED", "failed": "FAILED", "interrupted": "KILLED"}
FILES = ["config.json", "metrics.jsonl", "result.json", "model_last.safetensors"]


class Server:
    """`mlflow server` with a database of its own."""

    def __init__(self, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        mlflow = pathlib.Path(sys.executable).parent / "mlflow"
        store = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", f"{folder}/artifacts"]
        command = [str(mlflow), "server", "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1", *store]
        log = open(folder / "server.log", "w")
        environment = {**os.environ, "GIT_PYTHON_REFRESH": "quiet", "MLFLOW_DISABLE_TELEMETRY": "true"}
        self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)
        for _ in range(1200):
            try:
                urllib.request.urlopen(f"{self.url}/health", timeout=1)
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.2)
        raise SystemExit(f"the server did not start: {(folder / 'server.log').read_text()[-2000:]}")

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(60)


def compare(client, results):
    """Everything the server has, against what lies on disk; returns counts and trouble by subject."""
    experiment = client.get_experiment_by_name("Steadfast")
    runs = client.search_runs([experiment.experiment_id], max_results=1000)
    totals = {"runs": [0, []], "scalars": [0, []], "parameters": [0, []], "status and tags": [0, []]}
    folders = {path.parent.name: path.parent for path in results.glob("*/result.json")}
    names = sorted(run.info.run_name for run in runs)
    totals["runs"][0] = len(names)
    if names != sorted(folders):
        totals["runs"][1].append(f"the server has {names}, not {sorted(folders)}")
    for run in runs:
        folder = folders.get(run.info.run_name)
        if folder:
            compare_run(client, run, folder, totals)
    return totals


def compare_run(client, run, folder, totals):
    rows, result, settings = rows_of(folder), document(folder, "result.json"), document(folder, "config.json")
    name = run.info.run_name
    for key in sorted({key for row in rows for key in row if key != "step"}):
        found = sorted((metric.step, metric.value) for metric in client.get_metric_history(run.info.run_id, key))
        wanted = [(row["step"], value_of(row[key])) for row in rows]
        totals["scalars"][0] += len(wanted)
        if repr(found) != repr(wanted):
            totals["scalars"][1].append(f"{name}: {key}: {len(found)} values, {len(wanted)} wanted; {found[:2]}")
    for key, value in run.data.params.items():
        wanted = settings
        for part in key.split("."):
            wanted = wanted[part]
        totals["parameters"][0] += 1
        if (value if isinstance(wanted, str) else json.loads(value)) != wanted:
            totals["parameters"][1].append(f"{name}: {key} is {value}, not {wanted}")
    facts = [(run.info.status, STATUS[result["status"]]), (run.data.tags.get("config_sha256"), result["config_sha256"])]
    if result["status"] == "completed":
        facts.append((run.data.metrics.get("best_val_loss"), result["best"]["val_loss"]))
    totals["status and tags"][0] += len(facts)
    totals["status and tags"][1] += [f"{name}: {found}, not {wanted}" for found, wanted in facts if found != wanted]


def check_absent(runner, folder):
    """A server that is not there: the run completes, with the same bytes, and says so once."""
    path = config(folder, "alone")
    trouble, bytes_of = [], []
    for options in ([], ["--mlflow", "http://127.0.0.1:9"]):
        results = folder / f"alone-{len(options)}"
        done = train(runner, [path], results, *options)
        bytes_of.append([(results / "alone" / name).read_bytes() for name in FILES])
        if done.returncode != 0:
            trouble.append(f"exit code {done.returncode}: {done.stderr[-300:]}")
        if options and done.stderr.count("MLflow") != 1:
            trouble.append(f"told {done.stderr.count('MLflow')} times: {done.stderr[-500:]}")
    if bytes_of[0] != bytes_of[1]:
        trouble.append("the bytes differ")
    tell("a server that is not there changes nothing", 3 + len(FILES), trouble)


def main():
    runner, folder = sys.argv[1], empty(sys.argv[2])
    results = folder / "results"
    check_absent(runner, folder)
    server = Server(folder)
    try:
        client = MlflowClient(server.url)
        hits = train_killed(runner, folder, "killed", results, "--mlflow", server.url)
        tell("kills that fell into training", hits, [] if hits >= 3 else ["too few"])
        for what, (count, trouble) in compare(client, results).items():
            tell(f"told while training: {what}", count, trouble)
        paths = [config(folder, name, seed=seed) for seed, name in enumerate(("a", "b"))]
        train(runner, [*paths, diverging(folder, "diverges")], results)
        for way in ("exported", "exported twice"):
            export = [runner, "export", "mlflow", "--url", server.url, "--results", str(results)]
            subprocess.run(export, check=True, capture_output=True)
            for what, (count, trouble) in compare(client, results).items():
                tell(f"{way}: {what}", count, trouble)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
