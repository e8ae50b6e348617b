"""Folders of images for measuring, and how fast torchvision reads them.

    image_folder.py make IDX_FOLDER OUT   writes OUT/gray (28x28) and OUT/color (64x64), 10,000 PNG files each
    image_folder.py read FOLDER EPOCHS    prints a line of JSON for each epoch

Ours is `cargo run -p steadfast-zoo --example image_folder_rate -- FOLDER EPOCHS CACHE_MIB`.
Run them by turns; the first epoch includes the start of the workers here and the start of the data there.
"""

import gzip
import json
import pathlib
import sys
import time

import numpy
from PIL import Image

BATCH = 64
WORKERS = 2


def make(idx, out):
    idx, out = pathlib.Path(idx), pathlib.Path(out)
    images = numpy.frombuffer(gzip.open(idx / "t10k-images-idx3-ubyte.gz").read()[16:], "uint8").reshape(-1, 28, 28)
    labels = numpy.frombuffer(gzip.open(idx / "t10k-labels-idx1-ubyte.gz").read()[8:], "uint8")
    ramp = numpy.linspace(0, 255, 64)
    for number, (image, label) in enumerate(zip(images, labels)):
        gray = Image.fromarray(image)
        large = numpy.asarray(gray.resize((64, 64), Image.Resampling.BICUBIC)).astype("float64")
        tint = numpy.stack([large, large * 0.6 + ramp[None, :] * 0.4, large * 0.7 + ramp[:, None] * 0.3], axis=2)
        for kind, picture in (("gray", gray), ("color", Image.fromarray(tint.astype("uint8")))):
            folder = out / kind / str(label)
            folder.mkdir(parents=True, exist_ok=True)
            picture.save(folder / f"{number:05}.png")


def read(folder, epochs):
    import torch
    from torchvision import datasets, transforms

    torch.set_num_threads(2)
    is_gray = Image.open(next(pathlib.Path(folder).rglob("*.png"))).mode == "L"
    channels = 1 if is_gray else 3
    load = lambda path: Image.open(path).convert("L" if is_gray else "RGB")
    steps = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.5] * channels, [0.25] * channels)])
    start = time.perf_counter()
    data = datasets.ImageFolder(folder, steps, loader=load)
    loader = torch.utils.data.DataLoader(data, BATCH, shuffle=True, num_workers=WORKERS, persistent_workers=True)
    for epoch in range(epochs):
        samples = sum(len(labels) for _, labels in loader)
        now = time.perf_counter()
        print(json.dumps({"reader": "torchvision", "epoch": epoch + 1, "samples_per_s": round(samples / (now - start))}))
        start = now


if __name__ == "__main__":
    command, first, second = sys.argv[1:4]
    make(first, second) if command == "make" else read(first, int(second))
