/** A person's CSV: one row for each time, one or many columns of values. Pure. */
import Papa from 'papaparse';
import type { Labels } from '@bellwether/contracts';
import { BadInput } from '../http/problem';
import { dateOrders, isMissing, readNumber, readTime, type DateOrder } from './csv-cell';
import { findLayout, type ColumnChoice, type Layout } from './csv-layout';
import { collect, type Acceptance, type Collector, type Decoded } from './ingest';

export interface CsvImport extends ColumnChoice {
  /** Of the series; with several columns of values, what their names begin with. */
  name: string;
  labels: Labels;
}

/** Excel's own hint, in front of what it is about. */
const SEPARATOR_HINT = /^sep=.\r?\n/;

/** Throws BadInput where no times or no values are found; single bad cells are counted, empty ones are missing. */
export function decodeCsv(body: string, choice: CsvImport, accept: Acceptance): Decoded {
  const text = (body.startsWith('\uFEFF') ? body.slice(1) : body).replace(SEPARATOR_HINT, '');
  const layout = findLayout(text, choice);
  const order = findDateOrder(text, layout);
  const collector = collect(accept);
  const nameOf = seriesNames(choice, layout);
  eachRow(text, layout, (cells, number, isBroken) => {
    const at = () => `row ${number}`;
    if (isBroken) return collector.refuse('unparsable', at, 'a quote is not closed');
    const time = timeCell(cells, layout);
    if (time.trim() === '' && cells.every(isMissing)) return;
    const timeMs = readTime(time, order);
    if (timeMs === undefined) return collector.refuse('unparsable', at, explainTime(time));
    for (const { index, name } of layout.values) {
      const series = collector.series(nameOf(cells, name), choice.labels);
      takeCell(
        collector,
        series,
        timeMs,
        cells[index] ?? '',
        layout.hasDecimalComma,
        () => `${at()}, ${name}`,
      );
    }
  });
  return collector.done();
}

function takeCell(
  collector: Collector,
  series: number | string,
  timeMs: number,
  cell: string,
  hasDecimalComma: boolean,
  at: () => string,
): void {
  if (isMissing(cell)) return;
  const value = readNumber(cell, hasDecimalComma);
  if (value === undefined) return collector.refuse('unparsable', at, `${quote(cell)} is not a number`);
  collector.add(series, timeMs, value, at);
}

function seriesNames({ name }: CsvImport, layout: Layout): (cells: string[], column: string) => string {
  const isMany = layout.values.length > 1;
  return (cells, column) => {
    const base = layout.series === undefined ? name : (cells[layout.series] ?? '').trim();
    return isMany && base !== '' ? `${base}.${column}` : base;
  };
}

const timeCell = (cells: string[], { time }: Layout): string =>
  time.map((index) => (cells[index] ?? '').trim()).join(' ');

const explainTime = (cell: string): string =>
  cell.trim() === ''
    ? 'the time is empty'
    : `${quote(cell)} is not a time: write 2026-01-31T12:00:00Z or epoch seconds`;

const quote = (cell: string): string => JSON.stringify(cell.trim().slice(0, 40));

/** Hands over every row that is not empty but the header; rows count from 1, as in a spreadsheet. */
function eachRow(
  text: string,
  { delimiter, hasHeader }: Layout,
  handle: (cells: string[], number: number, isBroken: boolean) => void,
): void {
  let number = 0;
  let isHeader = hasHeader;
  Papa.parse<string[]>(text, {
    delimiter,
    step: ({ data, errors }) => {
      number++;
      if (data.length <= 1 && (data[0] ?? '').trim() === '') return;
      if (isHeader) isHeader = false;
      else
        handle(
          data,
          number,
          errors.some(({ type }) => type === 'Quotes'),
        );
    },
  });
}

/** Which way dates like 03/04/2026 are meant: what all rows together allow. */
function findDateOrder(text: string, layout: Layout): DateOrder | undefined {
  let orders: DateOrder[] = ['day first', 'month first'];
  let example: string | undefined;
  eachRow(text, layout, (cells) => {
    const cell = timeCell(cells, layout);
    const possible = dateOrders(cell);
    if (!possible) return;
    example ??= cell;
    orders = orders.filter((order) => possible.includes(order));
  });
  if (example === undefined || orders.length === 1) return orders.length === 1 ? orders[0] : undefined;
  const problem =
    orders.length === 2
      ? 'may be day first or month first, and no row says which'
      : 'is day first in some rows and month first in others';
  throw new BadInput(`The date ${quote(example)} ${problem}: write 2026-01-31 (year, month, day) instead.`);
}
