import { refusal } from '../refusal.ts';
import { isObject, parseJson } from '../values/json.ts';
import type { Signature } from '../values/tensors.ts';
import { worded } from '../worded.ts';

/** Parses JSON Lines to a list of the lines' values by `parse`, a parser of JSON. Refuses with 400 and the line's number. */
export function linesOf(text: string, parse: typeof parseJson = parseJson): readonly unknown[] {
  return text.split('\n').flatMap((line, at) => {
    if (line.trim() === '') return [];
    try {
      return [parse(line)];
    } catch (error) {
      throw refusal(
        400,
        worded('lineOfBody', at + 1, error instanceof Error ? error.message : error),
      );
    }
  });
}

/**
 * Turns a request of other clients into MLflow's scoring protocol: TensorFlow Serving's `signature_name` and empty parameters are dropped,
 * `columns` with `data`, as pandas writes a table by `orient="split"`, are a `dataframe_split`, and `schema` with `data`, as it does by `orient="table"`, are `dataframe_records`;
 * Azure's `input_data` holds such a table, rows, or inputs by name: https://learn.microsoft.com/azure/machine-learning/how-to-deploy-mlflow-models. Anything else stays as it is.
 */
export function asScored(body: unknown, { inputs }: Signature): unknown {
  if (!isObject(body)) return body;
  const own = (name: string) => inputs.some((input) => input.name === name);
  const kept = Object.entries(body).filter(([name, value]) => own(name) || !isIdle(name, value));
  const given = kept.length === Object.keys(body).length ? body : Object.fromEntries(kept);
  const { input_data: azure } = given;
  const isAzures = kept.length === 1 && !own('input_data') && typeof azure === 'object';
  return asTable(isAzures && azure !== null ? azure : given, own);
}

function asTable(given: unknown, own: (name: string) => boolean): unknown {
  if (!isObject(given) || Object.keys(given).some(own)) return given;
  const { columns, index, data, schema, ...others } = given;
  if (data === undefined || Object.keys(others).length > 0) return given;
  if (columns !== undefined && schema === undefined) return { dataframe_split: given };
  const isTable = isObject(schema) && Array.isArray(data) && (columns ?? index) === undefined;
  return isTable ? { dataframe_records: withoutIndex(data, schema['primaryKey'], own) } : given;
}

/** pandas writes a table's index into each row, and its names into the schema. */
function withoutIndex(
  rows: readonly unknown[],
  index: unknown,
  own: (name: string) => boolean,
): readonly unknown[] {
  const left = Array.isArray(index) ? index.filter((name) => !own(name)) : [];
  const kept = ([name]: readonly [string, unknown]) => !left.includes(name);
  return rows.map((row) =>
    isObject(row) ? Object.fromEntries(Object.entries(row).filter(kept)) : row,
  );
}

function isIdle(name: string, value: unknown): boolean {
  if (name === 'signature_name') return typeof value === 'string';
  const isEmpty = value === null || (isObject(value) && Object.keys(value).length === 0);
  return (name === 'parameters' || name === 'params') && isEmpty;
}
