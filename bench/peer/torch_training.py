"""Seconds a training step of the VAE and the VRNN of libs/models in PyTorch: same layers, same shapes, Adam, clipped gradients.

Reads [{title, kind, batch, window, hidden, latent, features, calendar}] from standard input, answers {version, results}.
"""

import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

WARM_UP = 3
STEPS = 12
FLOOR = 1e-3
WINDOW_FLOOR = 0.173


class Vae(nn.Module):
    """Linear plus two hidden layers each way, as vae.ts; one standard deviation a feature."""

    def __init__(self, window, hidden, latent, features, calendar, **_):
        super().__init__()
        size = window * features
        self.encode_linear = nn.Linear(size, latent)
        self.encode = nn.Linear(size + calendar, hidden)
        self.deepen = nn.Linear(hidden, hidden)
        self.bend = nn.Linear(hidden, latent)
        self.widen = nn.Linear(hidden, latent)
        self.decode_linear = nn.Linear(latent, size)
        self.decode = nn.Linear(latent + calendar, hidden)
        self.unfold = nn.Linear(hidden, hidden)
        self.to_window = nn.Linear(hidden, size)
        self.log_std = nn.Parameter(torch.zeros(features))
        self.window = window

    def forward(self, x, calendar):
        layer = F.relu(self.deepen(F.relu(self.encode(torch.cat([x, calendar], 1)))))
        mean = self.encode_linear(x) + self.bend(layer)
        std = self.widen(layer).clamp(-7, 3).exp()
        z = mean + std * torch.randn_like(std)
        layer = F.relu(self.unfold(F.relu(self.decode(torch.cat([z, calendar], 1)))))
        window = self.decode_linear(z) + self.to_window(layer)
        sigma = (self.log_std.exp() ** 2 + WINDOW_FLOOR**2).sqrt().repeat(self.window)
        log_p = -0.5 * ((x - window) / sigma) ** 2 - sigma.log()
        kl = 0.5 * (std**2 + mean**2 - 1 - 2 * std.log()).sum(-1)
        return (kl.sum() - log_p.sum()) / x.numel()


class Vrnn(nn.Module):
    """As vrnn.ts: everything without h for all steps at once, encoder and GRU step by step, prior and decoder afterwards."""

    def __init__(self, hidden, latent, features, calendar, **_):
        super().__init__()
        self.hidden = hidden
        self.of_calendar = nn.Linear(calendar, 6 * hidden, bias=False)
        self.of_x = nn.Linear(features, 3 * hidden, bias=False)
        self.seen = nn.Linear(2 * features, hidden, bias=False)
        self.h_step = nn.Linear(hidden, 4 * hidden, bias=False)
        self.h_after = nn.Linear(hidden, 2 * hidden, bias=False)
        self.z_step = nn.Linear(latent, 3 * hidden, bias=False)
        self.z_decoder = nn.Linear(latent, hidden, bias=False)
        self.posterior = nn.Linear(hidden, 2 * latent)
        self.prior = nn.Linear(hidden, 2 * latent)
        self.change = nn.Linear(hidden, 2 * features)
        self.gate = nn.Linear(hidden, features)

    def forward(self, x, calendar):
        time_steps, batch, features = x.shape
        c = self.of_calendar(calendar).split(self.hidden, -1)
        encoder = c[0] + self.seen(torch.cat([x, torch.ones_like(x)], -1))
        gates = torch.cat([c[3], c[4], c[5]], -1) + self.of_x(x)
        h = x.new_zeros(batch, self.hidden)
        hs, zs, means, stds = [], [], [], []
        for t in range(time_steps):
            of_h = self.h_step(h)
            e = torch.tanh(of_h[:, : self.hidden] + encoder[t])
            mean, std = self.posterior(e).chunk(2, -1)
            std = F.softplus(std) + FLOOR
            z = mean + std * torch.randn_like(std)
            r_in, u_in, n_in = (gates[t] + self.z_step(z)).split(self.hidden, -1)
            _, r_h, u_h, n_h = of_h.split(self.hidden, -1)
            r, u = torch.sigmoid(r_in + r_h), torch.sigmoid(u_in + u_h)
            n = torch.tanh(n_in + r * n_h)
            for kept, value in ((hs, h), (zs, z), (means, mean), (stds, std)):
                kept.append(value)
            h = n + u * (h - n)
        h, z, mean, std = (torch.stack(kept) for kept in (hs, zs, means, stds))
        prior_h, decoder_h = self.h_after(h).chunk(2, -1)
        p_mean, p_std = self.prior(torch.tanh(prior_h + c[1])).chunk(2, -1)
        p_std = F.softplus(p_std) + FLOOR
        layer = torch.tanh(decoder_h + c[2] + self.z_decoder(z))
        change, sigma = self.change(layer).chunk(2, -1)
        sigma = F.softplus(sigma) + 0.01
        last = torch.cat([torch.zeros_like(x[:1]), x[:-1]])
        expected = torch.sigmoid(self.gate(layer)) * last + change
        log_p = -0.5 * ((x - expected) / sigma) ** 2 - sigma.log()
        variance = (std / p_std) ** 2
        kl = 0.5 * (variance + ((mean - p_mean) / p_std) ** 2 - 1 - variance.log()).sum(-1)
        return (kl.sum() - log_p.sum()) / x.numel()


def inputs_of(shape):
    batch, window, features, calendar = (shape[key] for key in ("batch", "window", "features", "calendar"))
    if shape["kind"] == "vae":
        return torch.randn(batch, window * features), torch.randn(batch, calendar)
    return torch.randn(window, batch, features), torch.randn(window, batch, calendar)


def seconds_of(shape):
    torch.manual_seed(1)
    network = {"vae": Vae, "vrnn": Vrnn}[shape["kind"]](**shape)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    x, calendar = inputs_of(shape)
    times = []
    for _ in range(WARM_UP + STEPS):
        begun = time.perf_counter()
        optimizer.zero_grad()
        network(x, calendar).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        times.append(time.perf_counter() - begun)
    return sorted(times[WARM_UP:])[STEPS // 2]


def main():
    shapes = json.load(sys.stdin)
    results = []
    for threads in sorted({1, torch.get_num_threads()}):
        torch.set_num_threads(threads)
        for shape in shapes:
            results.append({"title": shape["title"], "threads": threads, "seconds": seconds_of(shape)})
    json.dump({"version": torch.__version__, "results": results}, sys.stdout)


main()
