import * as z from 'zod/mini';
import { Failure } from '#domain/failure.ts';

/** Where a value is sent: `query` or `path`, in words. */
type Texts = (name: string) => readonly string[];

/**
 * Reads named values that were sent as text in a query or a path. A number or a boolean is read as JSON.
 * Fails with `InputInvalid` for a name that is sent twice or is missing, and for an invalid value: the schema's message says why, its second line what to do.
 */
export function readTexts(fields: z.ZodMiniObject | undefined, texts: Texts): object {
  return Object.fromEntries(
    Object.entries(fields?.shape ?? {}).map(([name, schema]) => {
      const [text, ...others] = texts(name);
      if (others.length > 0) throw twice(name);
      return [name, valueIn(name, schema, text)];
    }),
  );
}

function twice(name: string): Failure {
  return new Failure('InputInvalid', `the query has ${name} more than once`, {
    fix: `Send one request for each ${name}.`,
  });
}

function valueIn(name: string, schema: z.core.$ZodType, text: string | undefined): unknown {
  const asText = z.safeParse(schema, text);
  if (asText.success) return asText.data;
  const { data, error } = z.safeParse(schema, literalOf(text));
  if (!error) return data;
  if (!text) {
    const fix = z.globalRegistry.get(schema)?.description ?? '';
    throw new Failure('InputInvalid', `the query has no ${name}`, { fix });
  }
  const [wrong = '', fix = ''] = (error.issues[0]?.message ?? '').split('\n');
  throw new Failure('InputInvalid', `${name}=${text} ${wrong}`, { fix });
}

function literalOf(text = ''): unknown {
  return /^(true|false|0|[1-9]\d*)$/.test(text) ? JSON.parse(text) : text;
}

/** The values that the fields name, as a query that `readTexts` reads; empty, or with its `?`. */
export function queryOf(fields: z.ZodMiniObject | undefined, values: object): string {
  const known = new Map<string, unknown>(Object.entries(values));
  const query = new URLSearchParams();
  for (const name of Object.keys(fields?.shape ?? {})) {
    const value = known.get(name);
    if (value !== undefined) query.set(name, String(value));
  }
  return query.size > 0 ? `?${query}` : '';
}
