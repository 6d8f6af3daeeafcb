import type { Column } from './form.ts';

/** Rows of cells as they were typed. */
export type Cells = readonly (readonly string[])[];

/** A table that was pasted or dropped. Its rows are in the order of the model's columns. */
export type Pasted = {
  readonly rows: Cells;
  /** Names in the first line that the model does not have. */
  readonly unknown: readonly string[];
  /** Columns of the model that the table lacks. */
  readonly missing: readonly string[];
};

/** The most rows that a form sends at once. */
export const MOST_ROWS = 1000;

/** Reads a table from a spreadsheet or a CSV file for these columns. Where its first line has the names of at least half of them, the rows are put in the model's order by name. */
export function readTable(text: string, columns: readonly Column[]): Pasted {
  const lines = parseTable(text).filter((row) => row.some((cell) => cell !== ''));
  const [first = [], ...rest] = lines;
  const places = columns.map(({ name }) => first.findIndex((cell) => cell.trim() === name));
  const known = places.filter((place) => place !== -1).length;
  if (known === 0 || known < columns.length / 2) {
    const width = Math.max(0, ...lines.map((row) => row.length));
    return {
      rows: lines.slice(0, MOST_ROWS).map((row) => columns.map((_, index) => row[index] ?? '')),
      unknown: [],
      missing: columns.slice(width).map(({ name }) => name),
    };
  }
  const names = new Set(columns.map(({ name }) => name));
  return {
    rows: rest.slice(0, MOST_ROWS).map((row) => places.map((place) => row[place] ?? '')),
    unknown: first.filter((name) => name !== '' && !names.has(name.trim())),
    missing: columns.filter((_, index) => places[index] === -1).map(({ name }) => name),
  };
}

/** Cells of a text whose first line has tabs, as a spreadsheet copies it, else semicolons or commas; quoted ones as in RFC 4180. */
export function parseTable(text: string): Cells {
  const separator = separatorOf(text);
  const rows: string[][] = [[]];
  let cell = '';
  let isQuoted = false;
  const end = () => {
    rows.at(-1)?.push(cell);
    cell = '';
  };
  const source = text
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?/g, '\n')
    .replace(/\n+$/, '');
  for (let at = 0; at < source.length; at += 1) {
    const sign = source.charAt(at);
    if (isQuoted) {
      if (sign !== '"') cell += sign;
      else if (source[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else isQuoted = false;
    } else if (sign === '"' && cell === '') isQuoted = true;
    else if (sign === separator) end();
    else if (sign === '\n') {
      end();
      rows.push([]);
    } else cell += sign;
  }
  end();
  return source === '' ? [] : rows;
}

function separatorOf(text: string): string {
  const [line = ''] = text.split('\n', 1);
  if (line.includes('\t')) return '\t';
  const semicolons = line.split(';').length;
  return semicolons > line.split(',').length ? ';' : ',';
}

/** The value of a cell for its column. A text that is not a number is sent as it was typed, since the model's server says best what is wrong with it. A whole number beyond 2^53 stays text, which servers read to the last digit. */
export function cellValue(cell: string, { kind }: Pick<Column, 'kind'>): unknown {
  const typed = kind === 'text' ? cell : cell.trim();
  if (kind === 'text') return typed;
  if (typed === '') return null;
  if (/^(true|false)$/i.test(typed)) return /^true$/i.test(typed);
  const number = Number(typed);
  const isExact = kind !== 'whole' || Number.isSafeInteger(number) || !Number.isInteger(number);
  return Number.isFinite(number) && isExact ? number : typed;
}

/** Says what is wrong with a cell before anything is sent; empty where nothing is wrong. */
export function faultOf(
  cell: string,
  { kind, isOptional }: Pick<Column, 'kind' | 'isOptional'>,
): string {
  const typed = cell.trim();
  if (kind === 'text' || (typed === '' && isOptional)) return '';
  if (typed === '') return '';
  if (/^(true|false)$/i.test(typed)) return '';
  if (kind === 'truth') return /^[01]$/.test(typed) ? '' : 'true or false';
  const number = Number(typed);
  if (!Number.isFinite(number)) return 'a number';
  return kind === 'whole' && !Number.isInteger(number) ? 'a whole number' : '';
}
