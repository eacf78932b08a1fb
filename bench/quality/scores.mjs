/** What becomes of a model's scores before they are judged: a memory, and the fusion of two models by rank. */

/** Steps of a season where none was found. */
const DEFAULT_SEASON = 60;

/**
 * A leaky memory over half a season: v += min(1, 2/P) · (x − v). An alert about a stretch adds up what single samples say.
 * @param {ArrayLike<number>} scores [time]
 * @param {number|null} season P, in samples
 * @returns {Float64Array} [time]; at a sample without a score what is remembered, NaN before the first
 */
export function leakyMemory(scores, season) {
  const share = Math.min(1, 2 / (season ?? DEFAULT_SEASON));
  let remembered = NaN;
  return Float64Array.from(scores, (score) => {
    if (Number.isNaN(score)) return remembered;
    remembered = Number.isNaN(remembered) ? score : remembered + share * (score - remembered);
    return remembered;
  });
}

/**
 * Ranks normalised to (0, 1], the largest score at 1; equal scores share their mean rank.
 * @param {ArrayLike<number>} scores NaN stays NaN
 */
export function ranksOf(scores) {
  const known = Uint32Array.from(scores.keys()).filter((i) => !Number.isNaN(scores[i]));
  known.sort((a, b) => scores[a] - scores[b]);
  const ranks = new Float64Array(scores.length).fill(NaN);
  for (let from = 0; from < known.length;) {
    let to = from;
    while (to < known.length && scores[known[to]] === scores[known[from]]) to++;
    for (let i = from; i < to; i++) ranks[known[i]] = (from + 1 + to) / 2 / known.length;
    from = to;
  }
  return ranks;
}

/** The mean rank of each sample over several models; those without a score for it are left out. */
export function meanOfRanks(all) {
  const ranks = all.map(ranksOf);
  return Float64Array.from(all[0], (_, t) => {
    const known = ranks.map((one) => one[t]).filter((rank) => !Number.isNaN(rank));
    return known.reduce((sum, rank) => sum + rank, 0) / known.length;
  });
}
