/**
 * Matrix products for the hand-written kernels, four numbers at a time (simd.module.ts). What they read and write lies in a memory
 * of its own: rows are padded with zeros to a whole number of STRIPE numbers, and matrices are cut into stripes of so many columns.
 */
import { STRIPE, instantiate } from './simd.module';

const BYTES = Float32Array.BYTES_PER_ELEMENT;
const PAGE = 65_536;

/** Rows in the memory of a `simd`. */
export type Rows = Float32Array;

/** x·W + bias, or, given `from`, x·W + from of one row of x; of `rows` rows when there are several. `into` may be `from`. */
export type Product = (x: Rows, into: Rows, options?: { from?: Rows; rows?: number }) => void;

export interface Simd {
  /** A product by W [inputs, outputs], row-major, of at least one input. */
  product(matrix: ArrayLike<number>, size: [number, number], bias?: ArrayLike<number>): Product;
  /** Zeros: of each name a row of so many numbers, or padded rows [rows, numbers]. To be called once, after all products. */
  rows<Name extends string>(sizes: Record<Name, number | [number, number]>): Record<Name, Rows>;
}

export const padded = (width: number): number => Math.ceil(width / STRIPE) * STRIPE;

export function simd(): Simd {
  const { memory, multiply } = instantiate();
  let end = 0;
  /** So many numbers at the end; a memory that grows takes the arrays upon it away, so they are made anew each time. */
  const reserve = (count: number): Float32Array => {
    const from = end;
    end += count * BYTES;
    const { byteLength } = memory.buffer;
    if (end > byteLength) memory.grow(Math.ceil((end - byteLength) / PAGE));
    return new Float32Array(memory.buffer, from, count);
  };
  return {
    product(matrix, [inputs, outputs], bias = []) {
      const w = reserve(inputs * padded(outputs));
      for (let i = 0; i < inputs * outputs; i++) {
        const [row, column] = [Math.floor(i / outputs), i % outputs];
        const stripe = column - (column % STRIPE);
        w[stripe * inputs + row * STRIPE + column - stripe] = matrix[i]!;
      }
      const start = reserve(padded(outputs));
      start.set(bias);
      const size = {
        length: inputs * BYTES,
        stride: padded(inputs) * BYTES,
        stripes: padded(outputs) / STRIPE,
      };
      const [atW, atStart] = [w.byteOffset, start.byteOffset];
      return (x, into, { from, rows = 1 } = {}) => {
        const { length, stride, stripes } = size;
        const atFrom = from?.byteOffset ?? atStart;
        multiply(x.byteOffset, atW, atFrom, into.byteOffset, length, stride, stripes, rows);
      };
    },
    rows(sizes) {
      const named = Object.entries<number | [number, number]>(sizes).map(([name, size]) => {
        const [rows, width] = typeof size === 'number' ? [1, size] : size;
        // A product that adds onto a part of a row may reach a stripe beyond it.
        const at = reserve(rows * padded(width) + STRIPE).byteOffset;
        return { name, at, count: rows === 1 ? width : rows * padded(width) };
      });
      const made = named.map(({ name, at, count }) => [name, new Float32Array(memory.buffer, at, count)]);
      return Object.fromEntries(made) as Record<keyof typeof sizes, Rows>;
    },
  };
}

/** Matrices beside and under each other as one; null is zero. */
export function assembled(
  blocks: (Float32Array | null)[][],
  { heights, widths }: { heights: number[]; widths: number[] },
): Float32Array {
  const width = widths.reduce((sum, one) => sum + one, 0);
  const whole = new Float32Array(width * heights.reduce((sum, one) => sum + one, 0));
  let top = 0;
  heights.forEach((height, i) => {
    let left = 0;
    widths.forEach((own, j) => {
      const block = blocks[i]![j];
      for (let row = 0; block && row < height; row++) {
        whole.set(block.subarray(row * own, (row + 1) * own), (top + row) * width + left);
      }
      left += own;
    });
    top += height;
  });
  return whole;
}
