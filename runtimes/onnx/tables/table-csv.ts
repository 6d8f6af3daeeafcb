import { refusal } from '../refusal.ts';
import { isFloat, isNumber, type TensorSpec } from '../values/tensors.ts';
import { worded } from '../worded.ts';
import { readCsv } from './csv.ts';
import { namesAsSaved, namesInTable, type Takes } from './rows.ts';
import { columnSpecs, inputsOfRows, takesColumns } from './table.ts';

/** The client's declaration of the first line, by the parameter of `text/csv` (RFC 7111); undefined where there is none. */
export type CsvHeader = 'present' | 'absent' | undefined;

export function declaredHeader(contentType: string | undefined): CsvHeader {
  const [declared] = /;\s*header="?(present|absent)\b/i.exec(contentType ?? '') ?? [];
  if (declared === undefined) return undefined;
  return /present/i.test(declared) ? 'present' : 'absent';
}

/**
 * Lines of cells. The first line is a header where the client says so, and else unless it has values:
 * for a model with text columns, a header has half of their names or is one word over texts of several; otherwise it has a cell that is not a number.
 */
export function columnsOfCsv(
  text: string,
  takes: Takes,
  declared?: CsvHeader,
): ReadonlyMap<string, unknown> {
  const lines = readCsv(text).map((line) => line.map((cell) => cell.trim()));
  const [written, ...rest] = lines;
  if (!written) throw refusal(400, worded('csvEmpty'));
  const first = namesAsSaved(written, takes);
  refuseOtherSeparator(first, takes);
  const isHeader = declared ? declared === 'present' : isHeaderLine(first, rest, takes);
  if (isHeader && rest.length === 0) refuseJoinedLines(text, first, takes);
  const names = isHeader ? namesInTable(first, takes) : undefined;
  const specs = columnSpecs(takes, names, first.length, 'the CSV');
  const rows = (isHeader ? rest : lines).map((line) =>
    line.map((cell, index) => readCell(cell, specs[index])),
  );
  return inputsOfRows(rows, names, 'the CSV', takes);
}

function isHeaderLine(
  first: readonly string[],
  rest: readonly (readonly string[])[],
  takes: Takes,
): boolean {
  const { inputs, ignored } = takes;
  const hasTexts = takesColumns(takes) && inputs.some(({ datatype }) => datatype === 'BYTES');
  if (!hasTexts) {
    const hasNames = inputs.every(({ name }) => first.includes(name));
    return hasNames || first.some((cell) => !isCellOfNumber(cell));
  }
  const written = new Set(first.map((cell) => cell.toLowerCase()));
  const named = inputs.filter(({ name }) => written.has(name.toLowerCase()));
  if (2 * named.length >= inputs.length) return true;
  const [only = ''] = first;
  const isNameOfTexts = inputs.length === 1 && isWord(only) && rest.length > 0;
  if (!isNameOfTexts || ignored === null || rest.some(([cell = '']) => isWord(cell))) return false;
  // The warning names it, since it may have been a text.
  ignored.add(only);
  return true;
}

function isWord(cell: string): boolean {
  return /^[\p{L}_][\p{L}\p{N}_-]*$/u.test(cell);
}

/** Refuses cells separated by semicolons, as spreadsheets of many countries write them: the number of columns alone would not show the reason. */
function refuseOtherSeparator([only = '', ...others]: readonly string[], { inputs }: Takes): void {
  const [input, ...more] = inputs;
  const isOneColumn = more.length === 0 && (input?.shape.length === 1 || input?.shape[1] === 1);
  const [separator] = /[;\t]/.exec(only) ?? [];
  if (others.length > 0 || isOneColumn || !separator) return;
  const name = separator === ';' ? 'semicolons' : 'tabs';
  throw refusal(400, worded('otherSeparator', name));
}

/** Refuses a table without line breaks between lines: the last name of the first line and the first value of the next are one cell then. */
function refuseJoinedLines(text: string, { length }: readonly string[], { inputs }: Takes): void {
  const [input] = inputs;
  const width = inputs.length > 1 ? inputs.length : (input?.shape[1] ?? -1);
  if (width < 0 || length <= width || /[\r\n]/.test(text)) return;
  throw refusal(400, worded('csvOneLine', length));
}

function readCell(cell: string, spec: TensorSpec | undefined): unknown {
  // A text may really be "NA" or "None".
  if (cell === '' && spec?.missing && !spec.missing.emptyIsText.includes(spec.name)) return null;
  if (!spec || !isFloat(spec)) return cell;
  return MISSING.test(cell) ? NaN : numberOf(cell);
}

// The words that pandas, and so MLflow's server, reads as a missing number.
const MISSING = /^(|#?n\/?a|<na>|-?nan|null|none)$/i;

function isCellOfNumber(cell: string): boolean {
  return MISSING.test(cell) || typeof numberOf(cell) === 'number';
}

/** `True` is 1, since pandas writes a column of booleans so and JSON writes it as `true`; a text that is not a number stays a text. */
function numberOf(cell: string): number | string {
  if (/^(true|false)$/i.test(cell)) return Number(cell.toLowerCase() === 'true');
  return isNumber(cell) ? Number(cell) : cell;
}
