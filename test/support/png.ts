/** Reads a PNG as resvg writes it: 8 bits, RGB or RGBA, not interlaced (https://www.w3.org/TR/png-3/). */
import { inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export interface Picture {
  width: number;
  height: number;
  /** Pixels of this colour (#rrggbb), each part within `tolerance`. */
  count(color: string, tolerance?: number): number;
  /** The first and last column with this colour, between these shares of the height. */
  columnsOf(color: string, rows: { top: number; bottom: number }): { first: number; last: number };
}

export function readPng(bytes: Buffer): Picture {
  if (!bytes.subarray(0, 8).equals(SIGNATURE)) throw new Error('not a PNG');
  const chunks = chunksOf(bytes);
  const header = chunks.find(({ type }) => type === 'IHDR')!.body;
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const [depth, colorType, , , interlace] = header.subarray(8);
  if (depth !== 8 || interlace !== 0 || (colorType !== 2 && colorType !== 6))
    throw new Error(`depth ${depth}, colours ${colorType}, interlace ${interlace}`);
  const bytesEach = colorType === 6 ? 4 : 3;
  const packed = Buffer.concat(chunks.filter(({ type }) => type === 'IDAT').map(({ body }) => body));
  const pixels = unfiltered(inflateSync(packed), width * bytesEach, bytesEach);
  const is = (x: number, y: number, [r, g, b]: number[], tolerance: number) => {
    const at = y * width * bytesEach + x * bytesEach;
    return [r!, g!, b!].every((part, i) => Math.abs(pixels[at + i]! - part) <= tolerance);
  };
  return {
    width,
    height,
    count(color, tolerance = 0) {
      let count = 0;
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) if (is(x, y, partsOf(color), tolerance)) count++;
      return count;
    },
    columnsOf(color, { top, bottom }) {
      const columns = Array.from({ length: width }, (_, x) => x).filter((x) => {
        for (let y = Math.round(top * height); y < bottom * height; y++)
          if (is(x, y, partsOf(color), 2)) return true;
        return false;
      });
      return { first: columns[0] ?? -1, last: columns.at(-1) ?? -1 };
    },
  };
}

const partsOf = (color: string): number[] => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));

function chunksOf(bytes: Buffer): { type: string; body: Buffer }[] {
  const chunks = [];
  for (let at = 8; at < bytes.length;) {
    const length = bytes.readUInt32BE(at);
    chunks.push({
      type: bytes.toString('latin1', at + 4, at + 8),
      body: bytes.subarray(at + 8, at + 8 + length),
    });
    at += 12 + length;
  }
  return chunks;
}

/** Undoes the filter of each row: none, sub, up, average, Paeth. */
function unfiltered(raw: Buffer, rowBytes: number, bytesEach: number): Buffer {
  const rows = raw.length / (rowBytes + 1);
  const out = Buffer.alloc(rows * rowBytes);
  for (let row = 0; row < rows; row++) {
    const filter = raw[row * (rowBytes + 1)]!;
    for (let i = 0; i < rowBytes; i++) {
      const a = i >= bytesEach ? out[row * rowBytes + i - bytesEach]! : 0;
      const b = row > 0 ? out[(row - 1) * rowBytes + i]! : 0;
      const c = i >= bytesEach && row > 0 ? out[(row - 1) * rowBytes + i - bytesEach]! : 0;
      const guess = [0, a, b, (a + b) >> 1, paeth(a, b, c)][filter]!;
      out[row * rowBytes + i] = raw[row * (rowBytes + 1) + 1 + i]! + guess;
    }
  }
  return out;
}

function paeth(a: number, b: number, c: number): number {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  if (pa <= pb && pa <= pc) return a;
  return pb <= pc ? b : c;
}
