import * as z from 'zod/mini';
import { rejected } from '#formats/rejected.ts';
import type { ByteSource } from '#ports/artifact-store.ts';

// The last line of the file; what LightGBM itself reads of it at once is 50 bytes for each column or so.
const MAX_BYTES = 4 * 2 ** 20;
const KEY = '\npandas_categorical:';
const TREES_END = '\nend of trees\n';
const PARAMETERS = '\nparameters:\n';
const PARAMETERS_END = '\nend of parameters\n';

const written = z.nullable(z.array(z.array(z.union([z.string(), z.number(), z.boolean()]))));

/** What stands behind the trees; `categories` is empty where there was no categorical column, or no table. */
export type Tail = {
  readonly isWhole: boolean;
  /** Of each categorical column of the table which the model was trained on, in the table's order, what it holds. */
  readonly categories: readonly ('texts' | 'numbers')[];
  /** The places of the categorical columns as its parameters have them; null in a file without parameters. */
  readonly categorical: readonly number[] | null;
};

/** Fails with `ArtifactRejected` where the categories are written otherwise than LightGBM does. */
export async function readTail(source: ByteSource, file: string, version: string): Promise<Tail> {
  const from = Math.max(0, source.sizeBytes - MAX_BYTES);
  const tail = Buffer.from(await source.read(from, MAX_BYTES));
  const hasTrees = version === 'v2' || tail.includes(TREES_END);
  const isWhole = hasTrees && (!tail.includes(PARAMETERS) || tail.includes(PARAMETERS_END));
  const at = tail.lastIndexOf(KEY);
  const categorical = placesIn(tail.subarray(Math.max(0, tail.lastIndexOf(PARAMETERS))));
  if (at < 0) return { isWhole, categories: [], categorical };
  const parsed = written.safeParse(json(tail.subarray(at + KEY.length).toString('utf8')));
  if (!parsed.success) {
    throw rejected(
      `${file} is damaged: its last line, pandas_categorical, is not a list of lists`,
      "Save the model with Booster.save_model('model.txt') and upload the whole file.",
    );
  }
  const categories = (parsed.data ?? []).map((values) =>
    values.some((value) => typeof value === 'string') ? ('texts' as const) : ('numbers' as const),
  );
  return { isWhole, categories, categorical };
}

function placesIn(parameters: Buffer): readonly number[] | null {
  const [, list] = /^\[categorical_feature: ([\d,]*)\]$/m.exec(parameters.toString('latin1')) ?? [];
  return list?.split(',').filter(Boolean).map(Number) ?? null;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
