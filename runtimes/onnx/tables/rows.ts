import { refusal } from '../refusal.ts';
import { SHOWN_KEYS, showKeys } from '../values/json.ts';
import { shapeOf, type TensorSpec } from '../values/tensors.ts';
import { worded } from '../worded.ts';

/** The columns that a model takes. `ignored` collects the names of extra columns and `params` that the server ignores; null when it refuses those. */
export type Takes = {
  readonly inputs: readonly TensorSpec[];
  readonly ignored: Set<string> | null;
};

/** The values of a row, or of whole columns, by input name; every input is required. */
export function columnsByName(
  value: Readonly<Record<string, unknown>>,
  label: string,
  takes: Takes,
): ReadonlyMap<string, unknown> {
  const names = Object.keys(value);
  const saved = namesInTable(names, takes);
  passOver(saved, label, takes);
  return new Map(saved.map((name, at) => [name, value[names[at] ?? name]]));
}

/** The model's names for a table's columns. If the model has one value in a row and no name for it, the only column is that value, whatever the client calls it. */
export function namesInTable(
  names: readonly string[],
  takes: Pick<Takes, 'inputs'>,
): readonly string[] {
  const [only, ...others] = takes.inputs;
  const isUnnamed = only?.name === UNNAMED && only.shape.length === 1 && others.length === 0;
  return isUnnamed && names.length === 1 ? [UNNAMED] : namesAsSaved(names, takes);
}

// The name of an input that its framework has no name for.
const UNNAMED = 'input';

/** The model's names for these columns: LightGBM writes `_` for each space in a table's names. */
export function namesAsSaved(
  names: readonly string[],
  { inputs }: Pick<Takes, 'inputs'>,
): readonly string[] {
  const given = new Set(names);
  if (inputs.every(({ name }) => given.has(name))) return names;
  const known = new Set(inputs.map(({ name }) => name));
  return names.map((name) => {
    const saved = name.replaceAll(' ', '_');
    return known.has(saved) && !given.has(saved) ? saved : name;
  });
}

/** Refuses column names unless each input appears exactly once, and, if the model is strict, extra ones. */
export function passOver(
  names: readonly string[],
  label: string,
  { inputs, ignored }: Takes,
): void {
  const known = new Set(inputs.map(({ name }) => name));
  const own = names.filter((name) => known.has(name));
  const isComplete = own.length === known.size && new Set(own).size === known.size;
  if (!isComplete || (ignored === null && names.length > own.length)) {
    const missing = [...known].filter((name) => !names.includes(name));
    const has =
      missing.length > 0 && known.size > SHOWN_KEYS
        ? `lacks ${showKeys(missing)}`
        : `has ${showKeys(names)}`;
    throw refusal(400, `${label} ${has}; it takes ${showKeys([...known])}`);
  }
  if (names.length === own.length) return;
  for (const name of names) if (!known.has(name)) ignored?.add(name);
}

/** A row whose columns are in the order of the inputs. */
export function rowByPosition(
  row: readonly unknown[],
  label: string,
  { inputs }: Takes,
): ReadonlyMap<string, unknown> {
  if (row.length === inputs.length) {
    return new Map(inputs.map(({ name }, column) => [name, row[column]]));
  }
  const names = showKeys(inputs.map(({ name }) => name));
  throw refusal(400, worded('takesColumns', label, row.length, names));
}

/** A value with one dimension less than the input becomes a batch of one; in a column of single values, it becomes one row per value, and a single value the only row. */
export function wholeOf({ shape }: TensorSpec, value: unknown): unknown {
  const depths = shapeOf(value);
  if (depths.length === 0 && shape.length === 2 && shape[1] === 1) return [[value]];
  if (depths.length !== shape.length - 1 || depths.includes(0)) return value;
  const isColumn = Array.isArray(value) && shape.length === 2 && shape[1] === 1;
  return isColumn ? value.map((each) => [each]) : [value];
}

/** The warning header that names the ignored columns of a request, and the outputs with NaN or infinite numbers: in ASCII, the first eight of each. */
export function warningOf(
  ignored: ReadonlySet<string> | null,
  infinite: readonly string[] = [],
): Readonly<Record<string, string>> {
  const said = [
    ignored?.size ? worded('ignored', namesOf([...ignored])) : '',
    infinite.length > 0 ? notFinite(infinite) : '',
  ].filter((each) => each !== '');
  return said.length > 0 ? { 'x-slipway-warning': said.join('; ') } : {};
}

/** The reason why an answer has null where the model returned a number. */
export function notFinite(names: readonly string[]): string {
  return worded('notFinite', namesOf(names));
}

function namesOf(names: readonly string[]): string {
  return showKeys(names).replaceAll(/[^ -~]/g, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

export function takeColumns({ inputs }: Takes): string {
  return worded('anObjectWith', showKeys(inputs.map(({ name }) => name)));
}
