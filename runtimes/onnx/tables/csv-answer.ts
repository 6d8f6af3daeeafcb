import { refusal } from '../refusal.ts';
import { weightsOf } from '../serving/coding.ts';
import { valuesOf } from '../values/tensor-json.ts';
import { showShape, type Tensor } from '../values/tensors.ts';

/** Whether the client prefers CSV to JSON. */
export function wantsCsv(accept: string | undefined): boolean {
  if (!accept?.includes('csv')) return false;
  const weights = weightsOf(accept);
  return (weights.get('text/csv') ?? 0) > (weights.get('application/json') ?? 0);
}

/** A CSV begins with its header line, unless the client says `text/csv; header=absent`. */
export function csvHeader(accept: string): 'present' | 'absent' {
  return /text\/csv[^,]*;\s*header=absent/i.test(accept) ? 'absent' : 'present';
}

/** The outputs as a table of RFC 4180: `name` for a column of values, `name_0`, `name_1`… for a matrix; a missing value is an empty cell. Refuses with 406 outputs that do not form a table. */
export function csvOf(outputs: readonly Tensor[], header: 'present' | 'absent'): string {
  const count = outputs[0]?.shape[0] ?? 1;
  const columns = outputs.flatMap((tensor) => columnsOf(tensor, count));
  const rows = Array.from({ length: count }, (_, row) => columns.map(({ cells }) => cells[row]));
  const names = columns.map(({ name }) => quoted(name));
  return (header === 'present' ? [names, ...rows] : rows)
    .map((cells) => `${cells.join(',')}\n`)
    .join('');
}

type Column = { readonly name: string; readonly cells: readonly string[] };

function columnsOf(tensor: Tensor, count: number): readonly Column[] {
  const { name, shape } = tensor;
  const [rows = 1, width = 1] = shape;
  if (shape.length > 2 || rows !== count) {
    throw refusal(
      406,
      `"${name}" has the shape ${showShape(shape)}, which is not a column of ${count} rows; ask for application/json`,
    );
  }
  const cells = cellsOf(tensor);
  if (shape.length < 2) return [{ name, cells }];
  return Array.from({ length: width }, (_, column) => ({
    name: `${name}_${column}`,
    cells: Array.from({ length: rows }, (_, row) => cells[row * width + column] ?? ''),
  }));
}

function cellsOf(tensor: Tensor): readonly string[] {
  if (tensor.datatype === 'BYTES')
    return Array.from<unknown, string>(tensor.data, (text) => quoted(String(text)));
  return valuesOf(tensor).map((value) => (value === 'null' ? '' : value));
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
