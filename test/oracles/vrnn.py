"""
An oracle for libs/models/src/vrnn.ts and its twin rnn.ts: the same networks, written again in PyTorch (float64), from the same
weights, residuals and noise. Needs torch. To remake the fixture:

    python3 test/oracles/vrnn.py > libs/models/fixtures/vrnn.json
"""
import torch
from torch.distributions import Independent, Normal, StudentT, kl_divergence
from torch.nn.functional import softplus

from oracle import calendar, dense, drawn, gradients, write

CYCLES = ['hour', 'day', 'week']
PERIOD_MS = 600_000
TIME, FEATURES, HIDDEN, LATENT, BATCH = 6, 2, 5, 3, 4
BETA = 0.7
LATENT_FLOOR, STD_FLOOR, FREEDOM_FLOOR, UNIT = 1e-3, 0.02, 2.1, 0.5413
INPUT_LIMIT, TARGET_LIMIT = 5, 8
HEARD = TIME // 4
WIDTH = len(calendar(0, CYCLES, PERIOD_MS))
FIXED = 'decoder/weight'


def make_weights(g):
    weights = {}
    for source, inputs, layers in [
        ('h', HIDDEN, ['r', 'u', 'n', 'decoder', 'encoder', 'prior']),
        ('calendar', WIDTH, ['r', 'u', 'n', 'decoder', 'encoder', 'prior']),
        ('x', 2 * FEATURES, ['r', 'u', 'n', 'encoder']),
        ('z', LATENT, ['r', 'u', 'n', 'decoder']),
    ]:
        for layer in layers:
            weights[f'{source}/{layer}'] = drawn(g, inputs, HIDDEN, scale=inputs**-0.5)
    for name, outputs in [
        ('encoder/mean', LATENT),
        ('encoder/std', LATENT),
        ('prior/mean', LATENT),
        ('prior/std', LATENT),
        ('decoder/std', FEATURES),
    ]:
        weights[f'{name}/kernel'] = drawn(g, HIDDEN, outputs, scale=HIDDEN**-0.5)
        weights[f'{name}/bias'] = drawn(g, outputs, scale=0.3)
    weights['decoder/mean'] = drawn(g, HIDDEN, FEATURES, scale=HIDDEN**-0.5)
    weights['decoder/freedom'] = drawn(g, 1)
    weights[FIXED] = torch.tensor([0.7])
    for name, weight in weights.items():
        weight.requires_grad_(name != FIXED)
    return weights


def make_batch(g):
    """Of four sequences: one whole, one with gaps, one with hidden samples, one of both; two residuals are beyond all limits."""
    x = drawn(g, BATCH, TIME, FEATURES, scale=1.5)
    x[0, 2, 0], x[2, 4, 1] = 6.5, -9.0
    observed = torch.ones(BATCH, TIME, FEATURES)
    for at in [(1, 0, 0), (1, 2, 1), (1, 3, 0), (1, 3, 1), (3, 1, 0), (3, 5, 1)]:
        observed[at] = 0
    visible = observed.clone()
    visible[2, 1:3] = 0
    visible[3, 4, 0] = 0
    # Two sequences begin at the same step, as those of a group of series do.
    starts = [0, 109, 2_900_007, 109]
    return {'x': x * observed, 'observed': observed, 'visible': visible, 'starts': starts}


class Steps:
    """The equations at the heads of vrnn.ts and vrnn.network.ts; without z they are those of rnn.ts."""

    def __init__(self, weights, has_latent):
        self.weights = weights
        self.has_latent = has_latent

    def layer(self, name, **inputs):
        return sum(value @ self.weights[f'{source}/{name}'] for source, value in inputs.items() if value is not None)

    def gaussian(self, name, layer):
        std = softplus(dense(self.weights, f'{name}/std', layer)) + LATENT_FLOOR
        return Independent(Normal(dense(self.weights, f'{name}/mean', layer), std), 1)

    def decoder(self, h, c, z):
        layer = self.layer('decoder', h=h, calendar=c, z=z).tanh()
        mean = self.weights['decoder/weight'] * (layer @ self.weights['decoder/mean'])
        std = STD_FLOOR + (1 - STD_FLOOR) * softplus(dense(self.weights, 'decoder/std', layer) + UNIT)
        return StudentT(softplus(self.weights['decoder/freedom']) + FREEDOM_FLOOR, mean, std)

    def state(self, h, c, x, z):
        r = self.layer('r', h=h, calendar=c, x=x, z=z).sigmoid()
        u = self.layer('u', h=h, calendar=c, x=x, z=z).sigmoid()
        n = (self.layer('n', calendar=c, x=x, z=z) + r * self.layer('n', h=h)).tanh()
        return (1 - u) * n + u * h

    def run(self, batch, calendars, epsilon):
        h = torch.zeros(BATCH, HIDDEN)
        log_likelihoods, divergences = [], []
        for t in range(TIME):
            c, visible = calendars[t], batch['visible'][:, t]
            x = torch.cat([batch['x'][:, t].clamp(-INPUT_LIMIT, INPUT_LIMIT) * visible, visible], 1)
            z = None
            if self.has_latent:
                q = self.gaussian('encoder', self.layer('encoder', h=h, calendar=c, x=x).tanh())
                prior = self.gaussian('prior', self.layer('prior', h=h, calendar=c).tanh())
                z = q.mean + q.stddev * epsilon[t]
                divergences.append(kl_divergence(q, prior))
            target = batch['x'][:, t].clamp(-TARGET_LIMIT, TARGET_LIMIT)
            log_likelihoods.append(self.decoder(h, c, z).log_prob(target) * batch['observed'][:, t])
            h = self.state(h, c, x, z)
        return torch.stack(log_likelihoods), torch.stack(divergences) if divergences else None


def vrnn(weights, batch, calendars, epsilon):
    reconstruction, kl = Steps(weights, True).run(batch, calendars, epsilon)
    loss = (BETA * kl.sum() - reconstruction.sum()) / batch['observed'].sum()
    return {'loss': loss, 'reconstruction': reconstruction, 'kl': kl, 'gradients': gradients(loss, weights)}


def rnn(weights, batch, calendars):
    of_latent = ('z/', 'encoder/', 'prior/'), ('/encoder', '/prior')
    weights = {
        name: weight
        for name, weight in weights.items()
        if not name.startswith(of_latent[0]) and not name.endswith(of_latent[1])
    }
    log_likelihood, _ = Steps(weights, False).run(batch, calendars, None)
    loss = -log_likelihood.sum() / batch['observed'].sum()
    held_out = -log_likelihood[HEARD:].sum() / batch['observed'][:, HEARD:].sum()
    return {'loss': loss, 'heldOutLoss': held_out, 'gradients': gradients(loss, weights)}


def main():
    g = torch.Generator().manual_seed(2015)
    weights, batch = make_weights(g), make_batch(g)
    epsilon = drawn(g, TIME, BATCH, LATENT)
    calendars = torch.tensor(
        [[calendar(start + t, CYCLES, PERIOD_MS) for start in batch['starts']] for t in range(TIME)]
    )
    write(
        {
            'config': {
                'periodMs': PERIOD_MS,
                'cycles': CYCLES,
                'window': TIME,
                'features': FEATURES,
                'hidden': HIDDEN,
                'latent': LATENT,
            },
            'beta': BETA,
            'batch': batch,
            'epsilon': epsilon,
            'weights': weights,
            'vrnn': vrnn(weights, batch, calendars, epsilon),
            'rnn': rnn(weights, batch, calendars),
        }
    )


if __name__ == '__main__':
    main()
