import { countOf, type Datatype, type Tensor } from './tensors.ts';

/** The values in a flat list, row-major; values without a JSON number (NaN, infinities) are null. */
export function flatJson(tensor: Tensor): string {
  return `[${valuesOf(tensor).join(',')}]`;
}

/** The tensors that have a value for which JSON has no number. */
export function withoutNumbers(tensors: readonly Tensor[]): readonly Tensor[] {
  return tensors.filter(
    ({ datatype, data }) =>
      datatype.startsWith('FP') && Array.prototype.some.call(data, (value) => !isFinite(value)),
  );
}

/** The values in lists nested as deep as the shape; a scalar is a bare value. */
export function nestedJson(tensor: Tensor): string {
  const [count] = tensor.shape;
  const rows = rowsJson(tensor);
  return count === undefined ? rows.join(',') : `[${rows.join(',')}]`;
}

/** The elements along the first dimension, each nested as deep as the rest of the shape. */
export function rowsJson(tensor: Tensor): readonly string[] {
  let parts = valuesOf(tensor);
  for (const [axis, dim] of [...tensor.shape.entries()].slice(1).reverse()) {
    const rows = parts;
    parts = Array.from(
      { length: countOf(tensor.shape.slice(0, axis)) },
      (_, row) => `[${rows.slice(row * dim, (row + 1) * dim).join(',')}]`,
    );
  }
  return parts;
}

/** Each row of a matrix as an object, with `columns` as its keys. */
export function namedRows(tensor: Tensor, columns: readonly string[]): readonly string[] {
  const values = valuesOf(tensor);
  const names = columns.map((column) => JSON.stringify(column));
  return Array.from({ length: values.length / names.length }, (_, row) => {
    const cells = names.map((name, column) => `${name}:${values[row * names.length + column]}`);
    return `{${cells.join(',')}}`;
  });
}

// Enough significant digits to distinguish any two values of the type: two thirds of the text of the double
// that an FP32 widens to (3.8 instead of 5.8 MB for an answer of the OCR model), in the same time.
const DIGITS: Partial<Record<Datatype, number>> = { FP16: 5, FP32: 9 };

/** Each value in JSON, row-major. */
export function valuesOf({ datatype, data }: Tensor): string[] {
  const digits = DIGITS[datatype];
  const write = (value: string | number | bigint): string => {
    if (typeof value === 'string') return JSON.stringify(value);
    if (datatype === 'BOOL') return String(value === 1);
    if (typeof value === 'bigint') return String(value);
    if (!Number.isFinite(value)) return 'null';
    return digits === undefined ? String(value) : shorten(value.toPrecision(digits));
  };
  return Array.from<string | number | bigint, string>(data, write);
}

function shorten(text: string): string {
  return text.endsWith('0') ? String(Number(text)) : text;
}
