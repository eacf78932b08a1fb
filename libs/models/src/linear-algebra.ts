/** Small dense linear algebra in double precision, matrices row-major. For tens of rows: what TensorFlow.js lacks on wasm. */

/** Columns of a [rows, columns] matrix made orthonormal (modified Gram–Schmidt, twice); dependent ones become zero. */
export function orthonormal(
  matrix: Float32Array,
  [rows, columns]: [rows: number, columns: number],
): Float32Array {
  const vectors = Array.from({ length: columns }, (_, c) =>
    Float64Array.from({ length: rows }, (_, r) => matrix[r * columns + c]!),
  );
  vectors.forEach((vector, c) => {
    const before = norm(vector);
    for (let round = 0; round < 2; round++) {
      for (let p = 0; p < c; p++) subtract(vector, vectors[p]!, dot(vector, vectors[p]!));
    }
    const length = norm(vector);
    const scale = length > 1e-6 * before && length > 1e-30 ? 1 / length : 0;
    for (let r = 0; r < rows; r++) vector[r]! *= scale;
  });
  const out = new Float32Array(rows * columns);
  vectors.forEach((vector, c) => vector.forEach((value, r) => (out[r * columns + c] = value)));
  return out;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

const norm = (a: Float64Array): number => Math.sqrt(dot(a, a));

function subtract(a: Float64Array, b: Float64Array, times: number): void {
  for (let i = 0; i < a.length; i++) a[i]! -= times * b[i]!;
}

/**
 * Eigenvalues, falling, and eigenvectors (columns) of a symmetric matrix, by cyclic Jacobi rotations (Golub & Van Loan,
 * Matrix Computations, 8.5).
 */
export function symmetricEigen(
  matrix: Float64Array,
  size: number,
): { values: Float64Array; vectors: Float64Array } {
  const a = matrix.slice();
  const v = new Float64Array(size * size);
  for (let i = 0; i < size; i++) v[i * size + i] = 1;
  for (let sweep = 0; sweep < 30 && !isDiagonal(a, size); sweep++) {
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) rotate(a, v, { p, q, size });
  }
  const order = Array.from({ length: size }, (_, i) => i).sort((i, j) => a[j * size + j]! - a[i * size + i]!);
  const vectors = new Float64Array(size * size);
  order.forEach((from, to) => {
    for (let i = 0; i < size; i++) vectors[i * size + to] = v[i * size + from]!;
  });
  return { values: Float64Array.from(order, (i) => a[i * size + i]!), vectors };
}

function isDiagonal(a: Float64Array, size: number): boolean {
  let [off, on] = [0, 0];
  for (let i = 0; i < size; i++) {
    on += a[i * size + i]! ** 2;
    for (let j = 0; j < i; j++) off += a[i * size + j]! ** 2;
  }
  return off <= 1e-20 * on;
}

function rotate(
  a: Float64Array,
  v: Float64Array,
  { p, q, size }: { p: number; q: number; size: number },
): void {
  const off = a[p * size + q]!;
  if (off === 0) return;
  const theta = (a[q * size + q]! - a[p * size + p]!) / (2 * off);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const c = 1 / Math.hypot(t, 1);
  const s = t * c;
  const turn = (m: Float64Array, i: number, j: number) => {
    const [x, y] = [m[i]!, m[j]!];
    m[i] = c * x - s * y;
    m[j] = s * x + c * y;
  };
  for (let k = 0; k < size; k++) turn(a, k * size + p, k * size + q);
  for (let k = 0; k < size; k++) turn(a, p * size + k, q * size + k);
  for (let k = 0; k < size; k++) turn(v, k * size + p, k * size + q);
}

/** The lower factor L of a positive definite matrix L Lᵀ, of which only the lower half is read. */
export function cholesky(matrix: Float64Array, size: number): Float64Array {
  const l = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * size + j]!;
      for (let k = 0; k < j; k++) sum -= l[i * size + k]! * l[j * size + k]!;
      l[i * size + j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / l[j * size + j]!;
    }
  }
  return l;
}

/** x of L Lᵀ x = right. */
export function solveCholesky(l: Float64Array, right: Float64Array): Float64Array {
  const size = right.length;
  const x = right.slice();
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) x[i]! -= l[i * size + k]! * x[k]!;
    x[i]! /= l[i * size + i]!;
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) x[i]! -= l[k * size + i]! * x[k]!;
    x[i]! /= l[i * size + i]!;
  }
  return x;
}
