import { readCsv } from './csv.ts';
import { refusal } from './refusal.ts';
import { columnSpecs, inputsOfRows, isFloat, isSame, takesColumns } from './table.ts';
import type { Signature, TensorSpec } from './tensors.ts';

/**
 * Lines of cells. The first line is the columns' names unless it is values:
 * where columns of text are named it names them all, else it has a cell that is no number.
 */
export function columnsOfCsv(text: string, signature: Signature): ReadonlyMap<string, unknown> {
  const lines = readCsv(text).map((line) => line.map((cell) => cell.trim()));
  const [first, ...rest] = lines;
  if (!first) throw refusal(400, 'the body is CSV without a line');
  const hasNames = isSame(
    first,
    signature.inputs.map(({ name }) => name),
  );
  const hasTexts =
    takesColumns(signature) && signature.inputs.some(({ datatype }) => datatype === 'BYTES');
  const isHeader = hasTexts ? hasNames : hasNames || first.some((cell) => !isNumber(cell));
  const names = isHeader ? first : undefined;
  const specs = columnSpecs(signature, names, first.length, 'the CSV');
  const rows = (isHeader ? rest : lines).map((line) =>
    line.map((cell, index) => readCell(cell, specs[index])),
  );
  return inputsOfRows(rows, names, 'the CSV', signature);
}

function readCell(cell: string, spec: TensorSpec | undefined): unknown {
  if (!spec || spec.datatype === 'BYTES') return cell;
  if (spec.datatype === 'BOOL') return BOOLEANS.get(cell.toLowerCase()) ?? cell;
  if (isFloat(spec)) return isNumber(cell) ? Number(cell || NaN) : cell;
  return /^[+-]?\d{1,40}$/.test(cell) ? exact(BigInt(cell.replace('+', ''))) : cell;
}

const BOOLEANS = new Map([
  ['true', true],
  ['false', false],
  ['1', true],
  ['0', false],
]);

function exact(digits: bigint): number | bigint {
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : digits;
}

/** Nothing is a number that is missing. */
function isNumber(cell: string): boolean {
  return /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|nan)?$/i.test(cell);
}
