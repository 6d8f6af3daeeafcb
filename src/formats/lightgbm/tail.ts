import * as z from 'zod/mini';
import { rejected } from '#formats/rejected.ts';
import type { ByteSource } from '#ports/artifact-store.ts';

// The limit for the last line of the file; LightGBM itself reads about 50 bytes of it per column.
const MAX_BYTES = 4 * 2 ** 20;
const KEY = '\npandas_categorical:';
const TREES_END = '\nend of trees\n';
const PARAMETERS = '\nparameters:\n';
const PARAMETERS_END = '\nend of parameters\n';

const written = z.nullable(z.array(z.array(z.union([z.string(), z.number(), z.boolean()]))));

/** The content after the trees; `categories` is empty without categorical columns, or when the training data was not a table. */
export type Tail = {
  readonly isWhole: boolean;
  /** The kind of categories in each categorical column of the training table, in the table's order. */
  readonly categories: readonly ('texts' | 'numbers')[];
  /** The indices of the categorical columns, from the file's parameters; null in a file without parameters. */
  readonly categorical: readonly number[] | null;
};

/** Fails with `ArtifactRejected` when the categories are not in LightGBM's form. */
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
