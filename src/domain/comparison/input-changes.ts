import type { RequestTable } from './request-table.ts';
import { deviation, mean } from './statistics.ts';

type Rows = RequestTable['rows'];

/** Rows as a version reads them that was prepared wrongly, and what went wrong, as a clause. */
export type InputChange = { readonly what: string; readonly rows: Rows };

// Inches and feet, pounds, miles, degrees, percent, thousands.
const UNITS: readonly (readonly [name: string, change: (value: number) => number])[] = [
  ['divided by 1000', (value) => value / 1000],
  ['multiplied by 1000', (value) => value * 1000],
  ['divided by 100', (value) => value / 100],
  ['multiplied by 100', (value) => value * 100],
  ['divided by 2.54', (value) => value / 2.54],
  ['multiplied by 2.54', (value) => value * 2.54],
  ['divided by 1.609', (value) => value / 1.609],
  ['multiplied by 1.609', (value) => value * 1.609],
  ['divided by 0.4536', (value) => value / 0.4536],
  ['multiplied by 0.4536', (value) => value * 0.4536],
  ['taken for Fahrenheit', (value) => ((value - 32) * 5) / 9],
  ['taken for Celsius', (value) => (value * 9) / 5 + 32],
];
const MOST_COLUMNS = 12;

/** The faults of preparation that are looked for: all numbers at once, two columns exchanged, one column in another unit or of no effect. For a wide table, the first alone. */
export function inputChanges({
  rows,
  columns,
}: Omit<RequestTable, 'request'>): readonly InputChange[] {
  const isMissing = rows.some((row) => row.includes(null));
  const whole = [
    ...(isMissing
      ? [
          {
            what: 'missing values were read as zeros',
            rows: rows.map((row) => row.map((value) => value ?? 0)),
          },
        ]
      : []),
    { what: 'numbers were cut to whole ones', rows: each(rows, Math.trunc) },
    { what: 'numbers were rounded to 16 bits', rows: each(rows, inFloat16) },
    { what: 'numbers were rounded to bfloat16', rows: each(rows, inBfloat16) },
    { what: 'its inputs were scaled twice', rows: standardized(rows) },
  ];
  if (columns.length > MOST_COLUMNS) return whole;
  return [
    ...whole,
    ...columns.flatMap((name, first) =>
      columns.slice(first + 1).map((other, offset) => ({
        what: `${name} and ${other} were exchanged`,
        rows: exchanged(rows, first, first + 1 + offset),
      })),
    ),
    ...columns.flatMap((name, at) =>
      UNITS.map(([unit, change]) => ({
        what: `${name} was ${unit}`,
        rows: rows.map((row) => row.with(at, changed(row[at], change))),
      })),
    ),
    ...columns.map((name, at) => {
      const centre = mean(column(rows, at));
      return { what: `${name} had no effect`, rows: rows.map((row) => row.with(at, centre)) };
    }),
  ];
}

function each(rows: Rows, change: (value: number) => number): Rows {
  return rows.map((row) => row.map((value) => changed(value, change)));
}

/** The nearest number of binary16; a larger one is cut to its greatest, as programs do that avoid infinity. */
function inFloat16(value: number): number {
  const rounded = roundedTo(value, { bits: 11, leastExponent: -14 });
  return Math.sign(rounded) * Math.min(Math.abs(rounded), GREATEST_FLOAT16);
}

const GREATEST_FLOAT16 = 65_504;

function inBfloat16(value: number): number {
  return roundedTo(value, { bits: 8, leastExponent: -126 });
}

/** The nearest number with so many significant bits, to even where two are as near. */
function roundedTo(
  value: number,
  { bits, leastExponent }: { readonly bits: number; readonly leastExponent: number },
): number {
  if (value === 0) return 0;
  const exponent = Math.max(leastExponent, Math.floor(Math.log2(Math.abs(value))));
  const step = 2 ** (exponent - bits + 1);
  const steps = value / step;
  const down = Math.floor(steps);
  const isUp = steps - down > 0.5 || (steps - down === 0.5 && down % 2 !== 0);
  return (isUp ? down + 1 : down) * step;
}

function exchanged(rows: Rows, a: number, b: number): Rows {
  return rows.map((row) => row.with(a, row[b] ?? null).with(b, row[a] ?? null));
}

function standardized(rows: Rows): Rows {
  const columns = (rows[0] ?? []).map((_, at) => {
    const values = column(rows, at);
    return { centre: mean(values), spread: deviation(values) || 1 };
  });
  return rows.map((row) =>
    row.map((value, at) => {
      const { centre = 0, spread = 1 } = columns[at] ?? {};
      return changed(value, (each) => (each - centre) / spread);
    }),
  );
}

function column(rows: Rows, at: number): readonly number[] {
  const values = rows.flatMap((row) => row[at] ?? []);
  return values.length > 0 ? values : [0];
}

/** A missing value stays one. */
function changed(value: number | null | undefined, change: (value: number) => number) {
  return value == null ? null : change(value);
}
