"""
An oracle for libs/models/src/vae.ts and its twin autoencoder.ts: the same networks, written again in PyTorch (float64), from
the same weights, windows and noise. Needs torch. To remake the fixture:

    python3 test/oracles/vae.py > libs/models/fixtures/vae.json
"""
import torch
from torch.distributions import Independent, Normal, kl_divergence

from oracle import be_exact, calendar, dense, drawn, gradients, loss_of, write

CYCLES = ['hour', 'day', 'week']
PERIOD_MS = 600_000
WINDOW, FEATURES, HIDDEN, LATENT, BATCH, K = 6, 2, 5, 3, 4, 8
BETA = 0.7
FLOOR = 0.173
WIDTH = len(calendar(0, CYCLES, PERIOD_MS))
PPCA = ['ppca/mean', 'newest/kernel']


def make_weights(g, window, features, hidden, latent, width):
    """Of a VAE whose calendar is so wide."""
    size = window * features
    weights = {'ppca/mean': drawn(g, size, scale=0.3), 'newest/kernel': drawn(g, size - features, features, scale=0.3)}
    for name, inputs, outputs in [
        ('encoder/linear', size, latent),
        ('encoder/hidden', size + width, hidden),
        ('encoder/deep', hidden, hidden),
        ('encoder/mean', hidden, latent),
        ('encoder/logStd', hidden, latent),
        ('decoder/linear', latent, size),
        ('decoder/hidden', latent + width, hidden),
        ('decoder/deep', hidden, hidden),
        ('decoder/mean', hidden, size),
    ]:
        weights[f'{name}/kernel'] = drawn(g, inputs, outputs, scale=inputs**-0.5)
        weights[f'{name}/bias'] = drawn(g, outputs, scale=0.3)
    # The last latent dimension lies where the encoder's log std is clipped, for some windows and not for others.
    weights['encoder/logStd/bias'][-1] = -7.0
    weights['decoder/logStd'] = drawn(g, features, scale=0.5)
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
        filled = batch['filled'].flatten(1)
        visible = batch['visible'][:, -1]
        mean = self.weights['ppca/mean']
        known = self.weights['newest/kernel'].shape[0]
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
        std = variance.sqrt().repeat(mean.shape[-1] // len(variance))
        return Normal(mean, std.expand_as(mean))

    def run(self, batch, c, epsilon):
        """Both terms of the ELBO; without noise the log likelihood of the twin, which has no KL term."""
        q = self.posterior(self.entering(batch), c)
        z = q.mean if epsilon is None else q.mean + q.stddev * epsilon
        log_likelihood = self.likelihood(z, c).log_prob(batch['x'].flatten(1)) * batch['observed'].flatten(1)
        return log_likelihood, None if epsilon is None else kl_divergence(q, standard(q.mean))


def standard(like):
    return Independent(Normal(torch.zeros_like(like), torch.ones_like(like)), 1)


def without_latent(weights):
    """Those of an autoencoder: the weights of a VAE, one layer of them at rest."""
    resting = ['encoder/logStd/kernel', 'encoder/logStd/bias']
    return {name: weight.detach() if name in resting else weight for name, weight in weights.items()}


def vae(weights, batch, c, epsilon, epsilons):
    windows = Windows(weights)
    reconstruction, kl = windows.run(batch, c, epsilon)
    loss = loss_of(reconstruction, kl, batch['observed'], BETA)

    x, observed = batch['x'].flatten(1), batch['observed'].flatten(1)
    q = windows.posterior(windows.entering(batch), c)
    prior = standard(q.mean)
    z = q.mean + q.stddev * epsilons
    likelihood = windows.likelihood(z, c.expand(K, BATCH, WIDTH)).log_prob(x) * observed
    log_weights = likelihood.sum(-1) + prior.log_prob(z) - q.log_prob(z)
    importance_bound = log_weights.exp().mean(0).log()

    whole = windows.posterior(batch['filled'].flatten(1), c)
    p = windows.likelihood(whole.mean, c)
    return {
        'loss': loss,
        'reconstruction': reconstruction,
        'kl': kl,
        'importanceBound': importance_bound,
        'reconstruct': {'mean': p.mean, 'std': p.stddev[0], 'kl': kl_divergence(whole, prior)},
        'gradients': gradients(loss, weights),
    }


def autoencoder(weights, batch, c):
    windows = Windows(weights)
    log_likelihood, kl = windows.run(batch, c, None)
    loss = loss_of(log_likelihood, kl, batch['observed'])
    whole = windows.likelihood(windows.posterior(batch['filled'].flatten(1), c).mean, c)
    return {
        'loss': loss,
        'reconstruct': {'mean': whole.mean, 'std': whole.stddev[0], 'kl': torch.zeros(BATCH)},
        'gradients': gradients(loss, weights),
    }


def main():
    be_exact()
    g = torch.Generator().manual_seed(8)
    weights, batch = make_weights(g, WINDOW, FEATURES, HIDDEN, LATENT, WIDTH), make_batch(g)
    epsilon, epsilons = drawn(g, BATCH, LATENT), drawn(g, K, BATCH, LATENT)
    c = torch.tensor([calendar(start + WINDOW - 1, CYCLES, PERIOD_MS) for start in batch['starts']])
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
            'vae': vae(weights, batch, c, epsilon, epsilons),
            'autoencoder': autoencoder(without_latent(weights), batch, c),
        }
    )


if __name__ == '__main__':
    main()
