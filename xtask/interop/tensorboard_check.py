"""Trains with event files, killed and not, and reads them with TensorBoard's own reader, plugins and server.

Usage: tensorboard_check.py RUNNER FOLDER
Prints one JSON object per thing looked at.
"""

import io
import json
import pathlib
import subprocess
import sys
import time
import urllib.request

import numpy
from PIL import Image
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto import event_pb2
from tensorboard.plugins.hparams import plugin_data_pb2
from training import config, diverging, document, empty, rows_of, tell, train, train_killed, value_of


def check_scalars(events, rows, name):
    """Every figure of every row, once, at its step, with the value that single precision leaves of it."""
    trouble, count = [], 0
    tags = {key for row in rows for key in row if key != "step"}
    if set(events.Tags()["scalars"]) != tags:
        trouble.append(f"{name}: tags {sorted(events.Tags()['scalars'])}, not {sorted(tags)}")
    for tag in sorted(tags):
        found = [(event.step, event.value) for event in events.Scalars(tag)]
        wanted = [(row["step"], float(numpy.float32(value_of(row[tag])))) for row in rows]
        count += len(wanted)
        if repr(found) != repr(wanted):
            trouble.append(f"{name}: {tag} is {found[:3]}..., not {wanted[:3]}...")
    times = [event.wall_time for event in events.Scalars("epoch")]
    if times != sorted(times) or (times and times[0] < 1.6e9):
        trouble.append(f"{name}: times do not rise: {times[:3]}")
    return count, trouble


def check_hyperparameters(run, name):
    """What the plugin finds, against config.json."""
    settings = document(run, "config.json")
    trouble, count, status = [], 0, None
    for raw in RawEventFileLoader(str(next((run / "tensorboard").iterdir()))).Load():
        for value in event_pb2.Event.FromString(raw).summary.value:
            if value.metadata.plugin_data.plugin_name != "hparams":
                continue
            told = plugin_data_pb2.HParamsPluginData.FromString(value.metadata.plugin_data.content)
            if told.WhichOneof("data") == "session_end_info":
                status = told.session_end_info.status
            if told.WhichOneof("data") != "session_start_info":
                continue
            for key, found in told.session_start_info.hparams.items():
                wanted = settings
                for part in key.split("."):
                    wanted = wanted[part]
                kind = found.WhichOneof("kind")
                told_value = getattr(found, kind)
                if kind == "string_value" and not isinstance(wanted, str):
                    told_value = json.loads(told_value)
                count += 1
                if told_value != wanted:
                    trouble.append(f"{name}: {key} is {told_value}, not {wanted}")
    result = document(run, "result.json")
    expected = {"completed": 1, "failed": 2}.get(result["status"])
    if status != expected or count == 0:
        trouble.append(f"{name}: status {status}, not {expected}; {count} hyperparameters")
    return count + 1, trouble


def check_image(events, run, name):
    """A picture with a square for every cell, on the diagonal of the color of what is right."""
    result = document(run, "result.json")
    counts = (result.get("evaluation") or {}).get("confusion_matrix", {}).get("counts")
    if not counts:
        return 0, []
    (image,) = events.Images("confusion_matrix")
    picture = Image.open(io.BytesIO(image.encoded_image_string)).convert("RGB")
    cell = picture.width // len(counts)
    trouble = []
    if image.step != result["best"]["step"] or picture.width != image.width or picture.width % len(counts):
        trouble.append(f"{name}: a picture of {picture.size} at step {image.step}")
    for truth, row in enumerate(counts):
        for guess, found in enumerate(row):
            red, _, blue = picture.getpixel((guess * cell + 1, truth * cell + 1))
            looks = "none" if abs(red - blue) < 12 else ("right" if blue > red else "wrong")
            wanted = "none" if found == 0 else ("right" if truth == guess else "wrong")
            if looks != wanted:
                trouble.append(f"{name}: cell {truth}, {guess} holds {found} and looks {looks}")
    return len(counts) ** 2, trouble


def compare(results, way):
    totals = {"scalars": [0, []], "hyperparameters": [0, []], "confusion matrix": [0, []]}
    for run in sorted(path for path in results.iterdir() if path.is_dir()):
        files = list((run / "tensorboard").iterdir()) if (run / "tensorboard").is_dir() else []
        if len(files) != 1:
            totals["scalars"][1].append(f"{run.name}: {len(files)} files")
            continue
        events = event_accumulator.EventAccumulator(str(run / "tensorboard"), size_guidance={"scalars": 0, "images": 0})
        events.Reload()
        found = {
            "scalars": check_scalars(events, committed_rows(run), run.name),
            "hyperparameters": check_hyperparameters(run, run.name),
            "confusion matrix": check_image(events, run, run.name),
        }
        for what, (count, trouble) in found.items():
            totals[what][0] += count
            totals[what][1] += trouble
    for what, (count, trouble) in totals.items():
        tell(f"{way}: {what}", count, trouble)


def committed_rows(run):
    """The rows up to the newest checkpoint: only those are told."""
    steps = [int(path.name[5:17]) for path in (run / "checkpoints").glob("step-*.safetensors")]
    return [row for row in rows_of(run) if row["step"] <= max(steps, default=2**63)]


class Server:
    """`tensorboard --logdir`, as somebody would start it."""

    def __init__(self, results):
        program = pathlib.Path(sys.executable).parent / "tensorboard"
        command = [str(program), "--logdir", str(results), "--port", "0", "--host", "127.0.0.1"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if "http://" in line:
                self.url = line[line.index("http://") :].split()[0].rstrip("/")
                return
        raise SystemExit("TensorBoard did not start")

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data)
        if data:
            request.add_header("content-type", "application/json")
        return json.load(urllib.request.urlopen(request, timeout=60))

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


def check_server(results):
    """The server finds every run with its scalars, pictures and hyperparameters."""
    runs = {f"{path.parent.name}/tensorboard" for path in results.glob("*/result.json")}
    trouble, server = [], Server(results)
    try:
        for _ in range(300):
            found = server.ask("/data/plugin/scalars/tags")
            if set(found) >= runs:
                break
            time.sleep(0.2)
        if set(found) != runs:
            trouble.append(f"it finds {sorted(found)}, not {sorted(runs)}")
        for run in sorted(runs):
            points = server.ask(f"/data/plugin/scalars/scalars?run={run}&tag=val_loss")
            rows = committed_rows(results / run.split("/")[0])
            if [point[1] for point in points] != [row["step"] for row in rows]:
                trouble.append(f"{run}: {len(points)} points, not {len(rows)}")
        if len(server.ask("/data/plugin/images/tags")) != len(list(results.glob("*/model_best.safetensors"))):
            trouble.append("pictures are missing")
        experiment = server.ask("/data/plugin/hparams/experiment", {"experimentName": ""})
        names = {info["name"] for info in experiment.get("hparamInfos", [])}
        if "hyperparams.lr" not in names:
            trouble.append(f"the table of hyperparameters has {sorted(names)}")
    finally:
        server.stop()
    tell("tensorboard --logdir: runs, points, pictures, hyperparameters", 3 * len(runs) + 1, trouble)


def main():
    runner, folder = sys.argv[1], empty(sys.argv[2])
    results = folder / "results"
    hits = train_killed(runner, folder, "killed", results, "--tensorboard")
    tell("kills that fell into training", hits, [] if hits >= 3 else ["too few"])
    paths = [config(folder, name, seed=seed) for seed, name in enumerate(("a", "b"))]
    train(runner, [*paths, diverging(folder, "diverges")], results, "--tensorboard")
    compare(results, "while training")
    later = folder / "later"
    train(runner, [*paths, diverging(folder, "diverges")], later)
    for _ in range(2):
        subprocess.run([runner, "export", "tensorboard", "--results", str(later)], check=True, capture_output=True)
    compare(later, "exported twice")
    check_server(results)


if __name__ == "__main__":
    main()
