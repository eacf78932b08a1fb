"""
Seconds a training step of the networks of libs/models in PyTorch: those of test/oracles, Adam, clipped gradients.

Reads [{title, kind, batch, window, hidden, latent, features, missing, calendar}] from standard input, answers {version,
results}; `calendar` is a width, `missing` the share of the samples that are hidden.
"""
import json
import sys
import time
from pathlib import Path

import torch
from torch.distributions import Distribution
from torch.nn.utils import clip_grad_norm_

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parents[2] / 'test' / 'oracles'))
import vae
import vrnn
from oracle import loss_of, trained

WARM_UP = 3
STEPS = 12


def network_of(kind, shape, g):
    sizes = [shape['features'], shape['hidden'], max(1, shape['latent']), shape['calendar']]
    if kind in ('vae', 'autoencoder'):
        weights = vae.make_weights(g, shape['window'], *sizes)
        return vae.Windows(weights if kind == 'vae' else vae.without_latent(weights))
    weights = vrnn.make_weights(g, *sizes)
    return vrnn.Steps(weights, True) if kind == 'vrnn' else vrnn.Steps(vrnn.without_latent(weights), False)


def inputs_of(kind, shape, g):
    """A batch, its calendar, and how large the noise of a step is; None: it has none."""
    batch, window, latent, calendar = (shape[key] for key in ('batch', 'window', 'latent', 'calendar'))
    x = torch.randn(batch, window, shape['features'], generator=g)
    visible = torch.ones_like(x)
    is_over_windows = kind in ('vae', 'autoencoder')
    steps = visible[:, -1:] if is_over_windows else visible
    steps[torch.rand(steps.shape[:2], generator=g) < shape['missing']] = 0
    inputs = {'x': x, 'filled': x, 'observed': torch.ones_like(x), 'visible': visible}
    over_time = () if is_over_windows else (window,)
    noise = (*over_time, batch, latent) if kind in ('vae', 'vrnn') else None
    return inputs, torch.randn(*over_time, batch, calendar, generator=g), noise


def measured(kind, **shape):
    g = torch.Generator().manual_seed(1)
    network = network_of(kind, shape, g)
    batch, calendar, noise = inputs_of(kind, shape, g)
    parameters = list(trained(network.weights).values())
    optimizer = torch.optim.Adam(parameters, lr=1e-3)
    times = []
    for _ in range(WARM_UP + STEPS):
        begun = time.perf_counter()
        optimizer.zero_grad()
        terms = network.run(batch, calendar, None if noise is None else torch.randn(noise))
        loss_of(*terms, batch['observed']).backward()
        clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        times.append(time.perf_counter() - begun)
    seconds = sorted(times[WARM_UP:])[STEPS // 2]
    return {'seconds': seconds, 'parameters': sum(weight.numel() for weight in parameters)}


def main():
    shapes = json.load(sys.stdin)
    Distribution.set_default_validate_args(False)
    results = []
    for threads in sorted({1, torch.get_num_threads()}):
        torch.set_num_threads(threads)
        for shape in shapes:
            network = {key: value for key, value in shape.items() if key != 'title'}
            results.append({'title': shape['title'], 'threads': threads, **measured(**network)})
    json.dump({'version': torch.__version__, 'results': results}, sys.stdout)


main()
