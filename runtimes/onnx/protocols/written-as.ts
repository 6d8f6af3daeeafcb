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
 * and `columns` with `data`, as pandas writes a table by `orient="split"`, are a `dataframe_split`. Anything else stays as it is.
 */
export function asScored(body: unknown, { inputs }: Signature): unknown {
  if (!isObject(body)) return body;
  const own = (name: string) => inputs.some((input) => input.name === name);
  const kept = Object.entries(body).filter(([name, value]) => own(name) || !isIdle(name, value));
  const names = new Set(kept.map(([name]) => name));
  const isSplit =
    names.has('columns') &&
    names.has('data') &&
    ![...names].some((name) => own(name) || !SPLIT.has(name));
  if (isSplit) return { dataframe_split: body };
  return kept.length === Object.keys(body).length ? body : Object.fromEntries(kept);
}

const SPLIT: ReadonlySet<string> = new Set(['columns', 'index', 'data']);

function isIdle(name: string, value: unknown): boolean {
  if (name === 'signature_name') return typeof value === 'string';
  const isEmpty = value === null || (isObject(value) && Object.keys(value).length === 0);
  return (name === 'parameters' || name === 'params') && isEmpty;
}
