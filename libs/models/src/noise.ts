/**
 * Randomness as an argument: sfc32 (Doty-Humphrey, PractRand) seeded through splitmix32, normal deviates by the
 * Box–Muller transform. Equal seeds give equal numbers on every backend.
 */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Uniform among 0 … n − 1. */
  below(n: number): number;
  /** n standard normal deviates. */
  normals(n: number): Float32Array;
}

export function seeded(seed: number): Random {
  let mixer = seed | 0;
  const mix = () => {
    mixer = (mixer + 0x9e3779b9) | 0;
    let t = Math.imul(mixer ^ (mixer >>> 16), 0x21f0aaad);
    t = Math.imul(t ^ (t >>> 15), 0x735a2d97);
    return t ^ (t >>> 15);
  };
  let [a, b, c, counter] = [mix(), mix(), mix(), 1];
  const uniform = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 4294967296;
  };
  for (let i = 0; i < 12; i++) uniform();
  const normals = (n: number) => {
    const out = new Float32Array(n);
    for (let i = 0; i < n; i += 2) {
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      out[i] = radius * Math.cos(angle);
      if (i + 1 < n) out[i + 1] = radius * Math.sin(angle);
    }
    return out;
  };
  return { uniform, below: (n) => Math.floor(uniform() * n), normals };
}

/** Normal deviates [rows, width] in pairs ±ε of rows, so that the mean of few of them is right. */
export function balancedNormals(random: Random, rows: number, width: number): Float32Array {
  const half = random.normals(Math.ceil(rows / 2) * width);
  return Float32Array.from({ length: rows * width }, (_, i) => {
    const row = Math.floor(i / width);
    const value = half[(row >> 1) * width + (i % width)]!;
    return row % 2 === 0 ? value : -value;
  });
}
