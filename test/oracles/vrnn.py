"""
An oracle for libs/models/src/vrnn.ts and its twin rnn.ts: the same networks, written again in PyTorch (float64), from the same
weights, residuals and noise. Needs torch. To remake the fixture:

    python3 test/oracles/vrnn.py > libs/models/fixtures/vrnn.json
"""
import torch
from torch.distributions import Independent, Normal, StudentT, kl_divergence
from torch.nn.functional import softplus

from oracle import be_exact, calendar, dense, drawn, gradients, loss_of, write

CYCLES = ['hour', 'day', 'week']
PERIOD_MS = 600_000
TIME, FEATURES, HIDDEN, LATENT, BATCH = 6, 2, 5, 3, 4
BETA = 0.7
LATENT_FLOOR, STD_FLOOR, FREEDOM_FLOOR, UNIT = 1e-3, 0.02, 2.1, 0.5413
INPUT_LIMIT, TARGET_LIMIT = 5, 8
HEARD = TIME // 4
WIDTH = len(calendar(0, CYCLES, PERIOD_MS))
FIXED = 'decoder/weight'
GATES = ['r', 'u', 'n']


def make_weights(g, features, hidden, latent, width):
    """Of a VRNN whose calendar is so wide."""
    weights = {}
    for source, inputs, layers in [
        ('h', hidden, [*GATES, 'decoder', 'encoder', 'prior']),
        ('calendar', width, [*GATES, 'decoder', 'encoder', 'prior']),
        ('x', 2 * features, [*GATES, 'encoder']),
        ('z', latent, [*GATES, 'decoder']),
    ]:
        for layer in layers:
            weights[f'{source}/{layer}'] = drawn(g, inputs, hidden, scale=inputs**-0.5)
    for name, outputs in [
        ('encoder/mean', latent),
        ('encoder/std', latent),
        ('prior/mean', latent),
        ('prior/std', latent),
        ('decoder/std', features),
    ]:
        weights[f'{name}/kernel'] = drawn(g, hidden, outputs, scale=hidden**-0.5)
        weights[f'{name}/bias'] = drawn(g, outputs, scale=0.3)
    weights['decoder/mean'] = drawn(g, hidden, features, scale=hidden**-0.5)
    weights['decoder/freedom'] = drawn(g, 1)
    weights[FIXED] = torch.tensor([0.7])
    for name, weight in weights.items():
        weight.requires_grad_(name != FIXED)
    return weights


def without_latent(weights):
    """Those of an RNN among the weights of a VRNN."""
    sources, layers = ('z/', 'encoder/', 'prior/'), ('/encoder', '/prior')
    return {
        name: weight
        for name, weight in weights.items()
        if not name.startswith(sources) and not name.endswith(layers)
    }


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
    """
    The equations at the heads of vrnn.ts and vrnn.network.ts; without z they are those of rnn.ts. Only what depends on h goes
    step by step, since bench/peer measures how fast PyTorch is at them.
    """

    def __init__(self, weights, has_latent):
        self.weights = weights
        self.has_latent = has_latent

    def layer(self, name, **inputs):
        return sum(value @ self.weights[f'{source}/{name}'] for source, value in inputs.items() if value is not None)

    def moments(self, name, layer):
        std = softplus(dense(self.weights, f'{name}/std', layer)) + LATENT_FLOOR
        return dense(self.weights, f'{name}/mean', layer), std

    def decoder(self, h, c, z):
        layer = self.layer('decoder', h=h, calendar=c, z=z).tanh()
        mean = self.weights['decoder/weight'] * (layer @ self.weights['decoder/mean'])
        std = STD_FLOOR + (1 - STD_FLOOR) * softplus(dense(self.weights, 'decoder/std', layer) + UNIT)
        return StudentT(softplus(self.weights['decoder/freedom']) + FREEDOM_FLOOR, mean, std)

    def state(self, h, known, z):
        """`known` is what calendar and sample add to each gate."""
        r = (known['r'] + self.layer('r', h=h, z=z)).sigmoid()
        u = (known['u'] + self.layer('u', h=h, z=z)).sigmoid()
        n = (known['n'] + self.layer('n', z=z) + r * self.layer('n', h=h)).tanh()
        return (1 - u) * n + u * h

    def latent(self, h, seen, epsilon):
        """z, and mean and std of q(z)."""
        mean, std = self.moments('encoder', (seen + self.layer('encoder', h=h)).tanh())
        return mean + std * epsilon, mean, std

    def follow(self, x, calendars, epsilon):
        """[time, batch, …] each: h before every step, then what is `latent` in it."""
        names = [*GATES, 'encoder'] if self.has_latent else GATES
        known = {name: self.layer(name, calendar=calendars, x=x).unbind() for name in names}
        h = x.new_zeros(x.shape[1], self.weights['h/r'].shape[0])
        visited = []
        for t in range(len(x)):
            latent = self.latent(h, known['encoder'][t], epsilon[t]) if self.has_latent else ()
            visited.append((h, *latent))
            h = self.state(h, {gate: known[gate][t] for gate in GATES}, latent[0] if latent else None)
        return [torch.stack(each) for each in zip(*visited)]

    def run(self, batch, calendars, epsilon):
        """log p(e_t | …), 0 where nothing was observed, and the KL term of each step."""
        e, observed, visible = (batch[name].transpose(0, 1) for name in ('x', 'observed', 'visible'))
        x = torch.cat([e.clamp(-INPUT_LIMIT, INPUT_LIMIT) * visible, visible], -1)
        h, *latent = self.follow(x, calendars, epsilon)
        z, *q = latent or [None]
        target = e.clamp(-TARGET_LIMIT, TARGET_LIMIT)
        log_likelihood = self.decoder(h, calendars, z).log_prob(target) * observed
        if not self.has_latent:
            return log_likelihood, None
        prior = self.moments('prior', self.layer('prior', h=h, calendar=calendars).tanh())
        return log_likelihood, kl_divergence(Independent(Normal(*q), 1), Independent(Normal(*prior), 1))


def vrnn(weights, batch, calendars, epsilon):
    reconstruction, kl = Steps(weights, True).run(batch, calendars, epsilon)
    loss = loss_of(reconstruction, kl, batch['observed'], BETA)
    return {'loss': loss, 'reconstruction': reconstruction, 'kl': kl, 'gradients': gradients(loss, weights)}


def rnn(weights, batch, calendars):
    log_likelihood, kl = Steps(weights, False).run(batch, calendars, None)
    loss = loss_of(log_likelihood, kl, batch['observed'])
    held_out = loss_of(log_likelihood[HEARD:], kl, batch['observed'][:, HEARD:])
    return {'loss': loss, 'heldOutLoss': held_out, 'gradients': gradients(loss, weights)}


def main():
    be_exact()
    g = torch.Generator().manual_seed(2015)
    weights, batch = make_weights(g, FEATURES, HIDDEN, LATENT, WIDTH), make_batch(g)
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
            'rnn': rnn(without_latent(weights), batch, calendars),
        }
    )


if __name__ == '__main__':
    main()
