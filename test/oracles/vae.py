"""
An oracle for libs/models/src/vae.ts and its twin autoencoder.ts: the same networks, written again in PyTorch (float64), from
the same weights, windows and noise. Needs torch. To remake the fixture:

    python3 test/oracles/vae.py > libs/models/fixtures/vae.json
"""
import torch
from torch.distributions import Independent, Normal, kl_divergence

from oracle import calendar, dense, drawn, gradients, write

CYCLES = ['hour', 'day', 'week']
PERIOD_MS = 600_000
WINDOW, FEATURES, HIDDEN, LATENT, BATCH, K = 6, 2, 5, 3, 4, 8
BETA = 0.7
FLOOR = 0.173
SIZE = WINDOW * FEATURES
WIDTH = len(calendar(0, CYCLES, PERIOD_MS))
PPCA = ['ppca/mean', 'newest/kernel']


def make_weights(g):
    weights = {'ppca/mean': drawn(g, SIZE, scale=0.3), 'newest/kernel': drawn(g, SIZE - FEATURES, FEATURES, scale=0.3)}
    for name, inputs, outputs in [
        ('encoder/linear', SIZE, LATENT),
        ('encoder/hidden', SIZE + WIDTH, HIDDEN),
        ('encoder/deep', HIDDEN, HIDDEN),
        ('encoder/mean', HIDDEN, LATENT),
        ('encoder/logStd', HIDDEN, LATENT),
        ('decoder/linear', LATENT, SIZE),
        ('decoder/hidden', LATENT + WIDTH, HIDDEN),
        ('decoder/deep', HIDDEN, HIDDEN),
        ('decoder/mean', HIDDEN, SIZE),
    ]:
        weights[f'{name}/kernel'] = drawn(g, inputs, outputs, scale=inputs**-0.5)
        weights[f'{name}/bias'] = drawn(g, outputs, scale=0.3)
    # The last latent dimension lies where the encoder's log std is clipped, for some windows and not for others.
    weights['encoder/logStd/bias'][-1] = -7.0
    weights['decoder/logStd'] = drawn(g, FEATURES, scale=0.5)
    for name, weight in weights.items():
        weight.requires_grad_(name not in PPCA)
    return weights


def make_batch(g):
    """Of four windows: one whole, one with gaps, one whose newest step is hidden, one of both, whose newest is half missing."""
    values = drawn(g, BATCH, WINDOW, FEATURES)
    observed = torch.ones(BATCH, WINDOW, FEATURES)
    for at in [(1, 0, 0), (1, 2, 1), (1, 3, 0), (1, 3, 1), (3, 1, 0), (3, 5, 1)]:
        observed[at] = 0
    visible = observed.clone()
    visible[2, -1] = 0
    filled = torch.where(observed == 1, values, drawn(g, BATCH, WINDOW, FEATURES))
    starts = [0, 109, 2_900_007, -40]
    return {'x': values * observed, 'filled': filled, 'observed': observed, 'visible': visible, 'starts': starts}


class Windows:
    """The equations at the head of vae.ts, with what it takes from window.network.ts."""

    def __init__(self, weights):
        self.weights = weights

    def entering(self, batch):
        filled = batch['filled'].reshape(BATCH, SIZE)
        visible = batch['visible'][:, -1]
        mean = self.weights['ppca/mean']
        known = SIZE - FEATURES
        guess = mean[known:] + (filled[:, :known] - mean[:known]) @ self.weights['newest/kernel']
        return torch.cat([filled[:, :known], torch.where(visible == 1, filled[:, known:], guess)], 1)

    def posterior(self, x, c):
        layer = dense(self.weights, 'encoder/hidden', torch.cat([x, c], 1)).relu()
        layer = dense(self.weights, 'encoder/deep', layer).relu()
        mean = dense(self.weights, 'encoder/linear', x) + dense(self.weights, 'encoder/mean', layer)
        std = dense(self.weights, 'encoder/logStd', layer).clamp(-7, 3).exp()
        return Independent(Normal(mean, std), 1)

    def likelihood(self, z, c):
        layer = dense(self.weights, 'decoder/hidden', torch.cat([z, c], -1)).relu()
        layer = dense(self.weights, 'decoder/deep', layer).relu()
        mean = dense(self.weights, 'decoder/linear', z) + dense(self.weights, 'decoder/mean', layer)
        variance = (2 * self.weights['decoder/logStd']).exp() + FLOOR**2
        return Normal(mean, variance.sqrt().repeat(WINDOW).expand_as(mean))


def vae(windows, batch, c, epsilon, epsilons):
    x, observed = batch['x'].reshape(BATCH, SIZE), batch['observed'].reshape(BATCH, SIZE)
    prior = Independent(Normal(torch.zeros(BATCH, LATENT), torch.ones(BATCH, LATENT)), 1)
    q = windows.posterior(windows.entering(batch), c)
    reconstruction = windows.likelihood(q.mean + q.stddev * epsilon, c).log_prob(x) * observed
    kl = kl_divergence(q, prior)
    loss = (BETA * kl.sum() - reconstruction.sum()) / observed.sum()

    z = q.mean + q.stddev * epsilons
    likelihood = windows.likelihood(z, c.expand(K, BATCH, WIDTH)).log_prob(x) * observed
    log_weights = likelihood.sum(-1) + prior.log_prob(z) - q.log_prob(z)
    importance_bound = log_weights.exp().mean(0).log()

    whole = windows.posterior(batch['filled'].reshape(BATCH, SIZE), c)
    p = windows.likelihood(whole.mean, c)
    return {
        'loss': loss,
        'reconstruction': reconstruction,
        'kl': kl,
        'importanceBound': importance_bound,
        'reconstruct': {'mean': p.mean, 'std': p.stddev[0], 'kl': kl_divergence(whole, prior)},
        'gradients': gradients(loss, windows.weights),
    }


def autoencoder(windows, batch, c):
    x, observed = batch['x'].reshape(BATCH, SIZE), batch['observed'].reshape(BATCH, SIZE)
    for name in ['encoder/logStd/kernel', 'encoder/logStd/bias']:
        windows.weights[name].requires_grad_(False)
    p = windows.likelihood(windows.posterior(windows.entering(batch), c).mean, c)
    loss = -(p.log_prob(x) * observed).sum() / observed.sum()
    whole = windows.likelihood(windows.posterior(batch['filled'].reshape(BATCH, SIZE), c).mean, c)
    return {
        'loss': loss,
        'reconstruct': {'mean': whole.mean, 'std': whole.stddev[0], 'kl': torch.zeros(BATCH)},
        'gradients': gradients(loss, windows.weights),
    }


def main():
    g = torch.Generator().manual_seed(8)
    weights, batch = make_weights(g), make_batch(g)
    epsilon, epsilons = drawn(g, BATCH, LATENT), drawn(g, K, BATCH, LATENT)
    c = torch.tensor([calendar(start + WINDOW - 1, CYCLES, PERIOD_MS) for start in batch['starts']])
    windows = Windows(weights)
    write(
        {
            'config': {
                'periodMs': PERIOD_MS,
                'cycles': CYCLES,
                'window': WINDOW,
                'features': FEATURES,
                'hidden': HIDDEN,
                'latent': LATENT,
            },
            'beta': BETA,
            'batch': batch,
            'epsilon': epsilon,
            'epsilons': epsilons,
            'weights': weights,
            'vae': vae(windows, batch, c, epsilon, epsilons),
            'autoencoder': autoencoder(windows, batch, c),
        }
    )


if __name__ == '__main__':
    main()
