"""Starts a Slurm of one node, lets the runner hand batches to it, interrupts their jobs, and compares what they made.

Usage: slurm_check.py RUNNER FOLDER
Prints one JSON object per thing looked at.
"""

import hashlib
import signal
import subprocess
import sys
import threading
import time

from slurm_cluster import Cluster
from training import config, document, empty, rows_of, tell, train

NAMES = [f"digits-{number}" for number in range(1, 7)]
FILES = ["config.json", "metrics.jsonl", "result.json", "model_best.safetensors", "model_last.safetensors"]

# A folder whose name means something to a shell, and to Slurm.
HOSTILE = "it's $(touch owned) `touch owned` %j"


def six(folder):
    hyperparams = {"epochs": 100, "batch_size": 64, "lr": 0.001}
    fields = {"model_type": "CNN", "dataset_path": "builtin:digits", "hyperparams": hyperparams}
    for seed, name in enumerate(NAMES):
        config(folder, name, **fields, seed=seed)
    return folder / "configs"


def endless(folder, name):
    hyperparams = {"epochs": 100_000_000, "batch_size": 16, "lr": 0.001}
    return config(folder, name, hyperparams=hyperparams, checkpoint={"every_epochs": 1000, "every_seconds": 1})


def submit(cluster, runner, folder, results, *arguments):
    command = [runner, "slurm", *arguments, "--results", str(results)]
    done = subprocess.run(command, env=cluster.environment, cwd=folder, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{command}: {done.returncode}\n{done.stderr}")
    return done.stdout.strip()


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def epochs(run):
    return len(rows_of(run)) if (run / "metrics.jsonl").exists() else 0


def array(cluster, runner, folder):
    local, results = folder / "local", folder / HOSTILE
    configs = six(folder)
    trained = train(runner, [str(configs)], local)
    if trained.returncode != 0:
        raise SystemExit(trained.stderr)
    job = submit(cluster, runner, folder, results, str(configs), "--array", "--at-most", "2", "--cpus", "1", "--time", "30")
    tasks = {name: str(number) for number, name in enumerate(NAMES, 1)}
    # Edited while the jobs wait: they have their own.
    for name in NAMES:
        (configs / f"{name}.json").write_text("{}")
    told = set()

    def watch():
        known = cluster.tasks(job)
        for name, task in tasks.items():
            state = known.get(task, {})
            if name not in told and state.get("JobState") == "RUNNING" and epochs(results / name) >= 3:
                # To the script alone, as Slurm itself does ahead of a limit. Not waited for: where a job is just changing
                # its state, `scancel` tries again for most of a minute, and the other jobs would be done by then.
                number = state["JobId"] if state["JobId"] != job else f"{job}_{task}"
                words = ("scancel", "--batch", "--signal=TERM", number)
                threading.Thread(target=cluster.call, args=words, daemon=True).start()
                told.add(name)
        states = [known.get(task, {}).get("JobState") for task in tasks.values()]
        return all(state in ("COMPLETED", "FAILED", "TIMEOUT", "CANCELLED") for state in states)

    cluster.wait_for(watch, "the array", 900)
    trouble = []
    known = cluster.tasks(job)
    for name, task in tasks.items():
        state = known.get(task, {})
        if state.get("JobState") != "COMPLETED" or int(state.get("Restarts", 0)) < 1 or name not in told:
            told_or_not = "told" if name in told else "not told"
            trouble.append(f"{task}: {state.get('JobState')}, {state.get('Restarts')} restarts, {told_or_not}")
    tell("an array of six: each job told, saved, queued again, completed", len(tasks), trouble)
    files = [(name, file) for name in NAMES for file in FILES]
    differing = [f"{name}/{file}" for name, file in files if digest(local / name / file) != digest(results / name / file)]
    tell("files with the hashes of a local run", len(files), differing)
    starts = [f"{name}: {document(results / name, 'timing.json')['starts']}" for name in NAMES]
    # The signal for the last task reaches all that are running, since its number is that of the array.
    tell("runs that were started again", len(NAMES), [start for start in starts if start.endswith(": 1")])
    outputs = list((results / ".slurm" / "0001").glob("job-*.out"))
    silent = [str(path) for path in outputs if "queued again" not in path.read_text() or "resumed" not in path.read_text()]
    tell("outputs beside the script, continued over the requeue", len(outputs), silent if len(outputs) == 6 else ["missing"])
    owned = [str(path) for path in folder.rglob("owned")] + [str(path) for path in results.rglob("owned")]
    tell("names that try to be code", 1, owned)


def limit(cluster, runner, folder):
    """A job with a limit of two minutes: told a minute ahead, queued again, and then canceled for good."""
    results = folder / "limited"
    path = endless(folder, "endless")
    job = submit(cluster, runner, folder, results, path, "--cpus", "1", "--time", "2")
    cluster.wait_for(lambda: cluster.job(job).get("Restarts") == "1", "the limit", 300)
    state, run = cluster.job(job), results / "endless"
    status = document(run, "result.json")["status"]
    trouble = [] if status == "interrupted" else [f"the run is {status}"]
    if "TIME LIMIT" in next((results / ".slurm" / "0001").glob("job-*.out")).read_text():
        trouble.append("the limit came first")
    tell(f"told ahead of its time limit, saved, queued again ({state.get('JobState')})", 2, trouble)
    cluster.wait_for(lambda: cluster.job(job).get("JobState") == "RUNNING", "the second turn", 300)
    before = document(run, "result.json")["steps"]
    cluster.wait_for(lambda: document(run, "timing.json")["starts"] == 2, "the resume", 60)
    time.sleep(2)
    cluster.call("scancel", job)
    cluster.wait_for(lambda: cluster.job(job).get("JobState") == "CANCELLED", "the end", 120)
    # Whatever would queue it again has had its time.
    time.sleep(8)
    state, result = cluster.job(job), document(run, "result.json")
    trouble = [] if state.get("JobState") == "CANCELLED" else [f"it is {state.get('JobState')}"]
    if result["status"] != "interrupted" or result["steps"] <= before:
        trouble.append(f"{result['status']} after {result['steps']} steps, {before} before")
    tell("canceled by its user: saved, and not queued again", 3, trouble)


def main():
    runner, folder = sys.argv[1], empty(sys.argv[2])
    # Whoever ends this ends the daemons, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with Cluster() as cluster:
        array(cluster, runner, folder)
        limit(cluster, runner, folder)


main()
