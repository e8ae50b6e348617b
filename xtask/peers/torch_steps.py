"""One training step (forward, backward, Adam) of four models in eager PyTorch on the CPU.

Usage: torch_steps.py MODEL [THREADS] [SECONDS]     MODEL: mlp | cnn | resnet20 | gpt | all
Prints one JSON object a line: model, batch, threads, ms_per_step (median), samples_per_s.
The shapes are those of crates/steadfast-ops/examples/step_times; inputs are random.
"""
import json
import statistics
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, cin, cout, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False), nn.BatchNorm2d(cout)
        self.conv2, self.bn2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False), nn.BatchNorm2d(cout)
        project = stride != 1 or cin != cout
        self.downsample = nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout)) if project else nn.Identity()

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.downsample(x))


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        layers, cin = [nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU()], 16
        for cout, stride in ((16, 1), (32, 2), (64, 2)):
            for k in range(3):
                layers.append(Block(cin, cout, stride if k == 0 else 1))
                cin = cout
        self.features, self.fc = nn.Sequential(*layers), nn.Linear(64, 10)

    def forward(self, x):
        return self.fc(self.features(x).mean((2, 3)))


class GPT(nn.Module):
    def __init__(self, vocab=96, width=128, heads=4, depth=4, context=128):
        super().__init__()
        self.heads, self.wte, self.wpe = heads, nn.Embedding(vocab, width), nn.Embedding(context, width)
        self.blocks = nn.ModuleList(nn.ModuleDict(dict(
            ln_1=nn.LayerNorm(width), c_attn=nn.Linear(width, 3 * width), c_proj=nn.Linear(width, width),
            ln_2=nn.LayerNorm(width), c_fc=nn.Linear(width, 4 * width), out=nn.Linear(4 * width, width))) for _ in range(depth))
        self.ln_f, self.head = nn.LayerNorm(width), nn.Linear(width, vocab, bias=False)

    def forward(self, x):
        b, t = x.shape
        z = self.wte(x) + self.wpe(torch.arange(t))
        for m in self.blocks:
            q, k, v = (s.view(b, t, self.heads, -1).transpose(1, 2) for s in m.c_attn(m.ln_1(z)).chunk(3, -1))
            a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            z = z + m.c_proj(a.transpose(1, 2).reshape(b, t, -1))
            z = z + m.out(F.gelu(m.c_fc(m.ln_2(z)), approximate="tanh"))
        return self.head(self.ln_f(z))


def build(name):
    if name == "mlp":
        net = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))
        return net, torch.randn(128, 784), torch.randint(0, 10, (128,)), 128
    if name == "cnn":
        net = nn.Sequential(nn.Conv2d(1, 32, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3, 1, 1), nn.ReLU(), nn.MaxPool2d(2),
                            nn.Flatten(), nn.Linear(3136, 128), nn.ReLU(), nn.Linear(128, 10))
        return net, torch.randn(64, 1, 28, 28), torch.randint(0, 10, (64,)), 64
    if name == "resnet20":
        return ResNet20(), torch.randn(64, 3, 32, 32), torch.randint(0, 10, (64,)), 64
    if name == "gpt":
        return GPT(), torch.randint(0, 96, (16, 128)), torch.randint(0, 96, (16 * 128,)), 16
    raise SystemExit(f"unknown model {name}")


def measure(name, threads, seconds):
    torch.manual_seed(0)
    net, x, y, batch = build(name)
    opt = torch.optim.Adam(net.parameters(), 1e-3)

    def step():
        out = net(x)
        loss = F.cross_entropy(out.reshape(-1, out.shape[-1]), y)
        opt.zero_grad()
        loss.backward()
        opt.step()

    for _ in range(5):
        step()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    ms = statistics.median(times) * 1e3
    print(json.dumps(dict(peer="pytorch " + torch.__version__, model=name, batch=batch, threads=threads, steps=len(times),
                          ms_per_step=round(ms, 3), samples_per_s=round(batch / ms * 1e3, 1))), flush=True)


if __name__ == "__main__":
    model, threads, seconds = (sys.argv[1:] + ["2", "5"][len(sys.argv) - 2:])[:3]
    torch.set_num_threads(int(threads))
    for name in ("mlp", "cnn", "resnet20", "gpt") if model == "all" else (model,):
        measure(name, int(threads), float(seconds))
