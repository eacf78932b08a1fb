"""What the oracles share: numbers that survive a fixture, the calendar of libs/models/src/calendar.ts, batches, JSON."""
import json
import math
import sys

import torch


def be_exact():
    """The same numbers on every machine."""
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)


def rounded(x, digits=4):
    """So few digits that the fixture holds exactly what was computed with."""
    return torch.tensor([round(value, digits) for value in x.flatten().tolist()]).reshape(x.shape)


def drawn(generator, *shape, scale=1.0):
    return rounded(torch.randn(*shape, generator=generator) * scale)


HARMONICS = {'hour': (3_600_000, 2), 'day': (86_400_000, 4), 'week': (604_800_000, 3)}


def calendar(step, cycles, period_ms):
    inputs = []
    for cycle in cycles:
        length, harmonics = HARMONICS[cycle]
        phase = 2 * math.pi * (step * period_ms % length) / length
        for k in range(1, harmonics + 1):
            inputs += [math.sin(k * phase), math.cos(k * phase)]
    return inputs + [1.0]


def dense(weights, name, x):
    return torch.nn.functional.linear(x, weights[f'{name}/kernel'].T, weights[f'{name}/bias'])


def loss_of(log_likelihood, kl, observed, beta=1):
    """−ELBO in nats per observed sample; a twin without z has no KL term."""
    divergence = 0 if kl is None else beta * kl.sum()
    return (divergence - log_likelihood.sum()) / observed.sum()


def trained(weights):
    return {name: weight for name, weight in weights.items() if weight.requires_grad}


def gradients(loss, weights):
    learnt = trained(weights)
    return dict(zip(learnt, torch.autograd.grad(loss, list(learnt.values()), retain_graph=True)))


def plain(value):
    """Tensors as lists, of eight digits that matter."""
    if isinstance(value, torch.Tensor):
        return plain(value.detach().tolist())
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return float(f'{value:.8g}') if isinstance(value, float) else value


def write(fixture):
    """One line for each entry, so that a diff says which of them changed."""

    def lines(value, depth):
        if not isinstance(value, dict):
            return json.dumps(value)
        inner = '  ' * (depth + 1)
        entries = ',\n'.join(f'{inner}{json.dumps(key)}: {lines(one, depth + 1)}' for key, one in value.items())
        return '{\n' + entries + '\n' + '  ' * depth + '}'

    sys.stdout.write(lines(plain({'madeBy': f'PyTorch {torch.__version__}', **fixture}), 0) + '\n')
