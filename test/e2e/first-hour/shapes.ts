import { deflateSync, gzipSync } from 'node:zlib';

/** The rows that a fixture asks about, by position, with the names of their columns where its framework knows any. */
export type Rows = {
  readonly columns: readonly string[] | null;
  readonly rows: readonly (readonly unknown[])[];
};

/** One way in which a client may send rows: the path under the model's own, headers, a body, and how many rows it asks about. */
export type Shape = {
  readonly shape: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  readonly count: number;
};

const JSON_TYPE = { 'content-type': 'application/json' };
const CSV_TYPE = { 'content-type': 'text/csv' };

/** The rows of a fixture's request in one of MLflow's two forms, in the order of the model's own columns: values without names are taken by position. */
export function rowsOf(body: unknown, inputs: readonly string[]): Rows {
  const { dataframe_split: split, instances = [] } = body as {
    dataframe_split?: { columns: string[]; data: unknown[][] };
    instances?: unknown[];
  };
  if (!split) return { columns: null, rows: instances.map((row) => [row].flat()) };
  const { columns, data } = split;
  const own = columns.every((name) => inputs.includes(name)) ? inputs : columns;
  const rows = data.map((row) => own.map((name) => row[columns.indexOf(name)]));
  return { columns: own, rows };
}

/** Every shape in which clients send rows: those of MLflow, KServe, SageMaker and pandas, and those that people type. */
export function shapesOf(model: string, { columns, rows }: Rows): readonly Shape[] {
  const [first = []] = rows;
  const shape = (name: string, value: unknown, more: Partial<Shape> = {}): Shape => ({
    shape: name,
    path: 'invocations',
    headers: JSON_TYPE,
    body: JSON.stringify(value),
    count: rows.length,
    ...more,
  });
  const byPosition = [
    shape('inputs', { inputs: rows }),
    shape('instances', { instances: rows }),
    shape('a bare list of rows', rows),
    shape('one bare row', first, { count: 1 }),
    shape("KServe's first protocol", { instances: rows }, { path: `v1/models/${model}:predict` }),
    shape('gzip', null, {
      headers: { ...JSON_TYPE, 'content-encoding': 'gzip' },
      body: gzipSync(JSON.stringify({ instances: rows })),
    }),
    shape('deflate', null, {
      headers: { ...JSON_TYPE, 'content-encoding': 'deflate' },
      body: deflateSync(JSON.stringify({ inputs: rows })),
    }),
    shape('CSV without a header', null, { headers: CSV_TYPE, body: csvOf(rows) }),
  ];
  if (!columns) return byPosition;
  const records = rows.map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at]])));
  return [
    ...byPosition,
    shape('dataframe_split', { dataframe_split: { columns, data: rows } }),
    shape('dataframe_records', { dataframe_records: records }),
    shape('instances of records', { instances: records }),
    shape('a bare list of records', records),
    shape('one bare record', records[0], { count: 1 }),
    shape('CSV with a header', null, {
      headers: CSV_TYPE,
      body: csvOf([columns, ...rows]),
    }),
  ];
}

function csvOf(rows: readonly (readonly unknown[])[]): string {
  return rows.map((row) => row.map(cell).join(',')).join('\n');
}

function cell(value: unknown): string {
  // CatBoost keeps booleans as 1 and 0, and no type of its categories: a CSV has to say it so.
  const text = value === null ? '' : String(typeof value === 'boolean' ? Number(value) : value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** An answer's rows, however it is written: a list of rows, or a list for each output. */
export function answeredRows(answer: unknown, count: number): readonly unknown[] {
  const { predictions } = answer as { predictions: unknown };
  if (Array.isArray(predictions)) return predictions.slice(0, count);
  const outputs = Object.entries(predictions as Readonly<Record<string, unknown[]>>);
  return Array.from({ length: count }, (_, row) =>
    Object.fromEntries(outputs.map(([name, values]) => [name, values[row]])),
  );
}
