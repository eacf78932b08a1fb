/**
 * The one function behind all products of the hand-written kernels, as WebAssembly: JavaScript has no vector instructions, and
 * without them a network takes ten times as long. It is so small that it is written as instructions.
 *
 *   into[row] = from + x[row]·W          [rows, inputs] · [inputs, outputs]
 *
 * W lies in stripes of 16 columns, [stripe][input][16], whose sums stay in registers while they run along the inputs; rows of `into` are
 * as long as the stripes. `from` is one row for all.
 */

/** What is used of it here: Node has it, its types do not. */
declare const WebAssembly: {
  Memory: new (size: { initial: number }) => { buffer: ArrayBuffer; grow(pages: number): number };
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: Record<string, unknown> };
};

/** Columns computed at once: four vectors of four numbers. */
export const STRIPE = 16;
const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** Addresses, and in bytes the length of a row of x and how far they lie apart; then counts. All of them at least 1. */
type Multiply = (
  ...of: [
    ...[x: number, w: number, from: number, into: number],
    ...[length: number, stride: number, stripes: number, rows: number],
  ]
) => void;

let compiled: object | undefined;

export function instantiate() {
  compiled ??= new WebAssembly.Module(Uint8Array.from(moduleOf()));
  const memory = new WebAssembly.Memory({ initial: 1 });
  const instance = new WebAssembly.Instance(compiled, { own: { memory } });
  return { memory, multiply: instance.exports['multiply'] as Multiply };
}

/** Instructions, by the names they have in the specification (WebAssembly 2.0, chapter 5.4). */
const [END, I32, V128, NOTHING] = [0x0b, 0x7f, 0x7b, 0x40];
const get = (local: number) => [0x20, local];
const set = (local: number) => [0x21, local];
const tee = (local: number) => [0x22, local];
const constant = (value: number) => [0x41, ...(value < 64 ? [value] : [(value & 0x7f) | 0x80, value >> 7])];
const add = [0x6a];
const subtract = [0x6b];
const isBelow = [0x49];
const load = (offset: number) => [0xfd, 0x00, 2, offset];
const splat = [0xfd, 0x09, 2, 0];
const store = (offset: number) => [0xfd, 0x0b, 2, offset];
const addVectors = [0xfd, 0xe4, 0x01];
const multiplyVectors = [0xfd, 0xe6, 0x01];
const branch = [0x0d, 0];
/** The body, again while the condition holds after it. */
const repeated = (body: number[], condition: number[]) => [
  ...[0x03, NOTHING],
  ...[...body, ...condition, ...branch, END],
];
const advance = (local: number, by: number[]) => [...get(local), ...by, ...add, ...set(local)];
const countDown = (local: number) => [...get(local), ...constant(1), ...subtract, ...tee(local)];

function instructions(): number[] {
  const [x, w, from, into, length, stride, stripes, rows] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
  const [input, end, row, column, left, one] = [8, 9, 10, 11, 12, 13] as const;
  const sums = [14, 15, 16, 17];
  const width = constant(STRIPE * BYTES);
  const alongInputs = [
    ...[...get(input), ...splat, ...set(one)],
    ...sums.flatMap((sum, i) => [
      ...[...get(sum), ...get(one), ...get(row), ...load(16 * i)],
      ...[...multiplyVectors, ...addVectors, ...set(sum)],
    ]),
    ...advance(row, width),
    ...advance(input, constant(BYTES)),
  ];
  const alongStripes = [
    ...sums.flatMap((sum, i) => [...get(column), ...load(16 * i), ...set(sum)]),
    ...[...get(x), ...set(input)],
    ...repeated(alongInputs, [...get(input), ...get(end), ...isBelow]),
    ...sums.flatMap((sum, i) => [...get(into), ...get(sum), ...store(16 * i)]),
    ...advance(column, width),
    ...advance(into, width),
  ];
  const alongRows = [
    ...[...get(x), ...get(length), ...add, ...set(end)],
    ...[...get(w), ...set(row)],
    ...[...get(from), ...set(column)],
    ...[...get(stripes), ...set(left)],
    ...repeated(alongStripes, countDown(left)),
    ...advance(x, get(stride)),
  ];
  return repeated(alongRows, countDown(rows));
}

/** A module that imports own.memory and exports `multiply`; no section is longer than two bytes can say. */
function moduleOf(): number[] {
  const sized = (bytes: number[]) => [(bytes.length & 0x7f) | 0x80, bytes.length >> 7, ...bytes];
  const section = (id: number, bytes: number[]) => [id, ...sized(bytes)];
  const text = (name: string) => [name.length, ...Buffer.from(name)];
  const [parameters, locals] = [new Array<number>(8).fill(I32), [2, 5, I32, 5, V128]];
  return [
    ...[...Buffer.from('\0asm'), 1, 0, 0, 0],
    ...section(1, [1, 0x60, parameters.length, ...parameters, 0]),
    ...section(2, [1, ...text('own'), ...text('memory'), 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text('multiply'), 0, 0]),
    ...section(10, [1, ...sized([...locals, ...instructions(), END])]),
  ];
}
