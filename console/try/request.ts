import type { Column } from './form.ts';
import { type Cells, cellValue } from './table.ts';

/** A request below the model's own address: JSON, or the bytes of a file. */
export type Request = {
  readonly path: string;
  readonly body:
    | { readonly kind: 'json'; readonly value: unknown }
    | { readonly kind: 'text'; readonly text: string }
    | { readonly kind: 'file'; readonly name: string; readonly type: string };
};

export type Message = { readonly role: 'user' | 'assistant'; readonly content: string };

export function invocation(value: unknown): Request {
  return { path: '/invocations', body: { kind: 'json', value } };
}

/** Raw JSON, sent as it was written: numbers keep all of their digits. */
export function rawInvocation(text: string): Request {
  return { path: '/invocations', body: { kind: 'text', text } };
}

/** A table, its rows by name; those of a matrix are lists. */
export function tableRequest(columns: readonly Column[], cells: Cells, isNamed: boolean): Request {
  const rows = cells.map((row) =>
    columns.map((column, index) => cellValue(row[index] ?? '', column)),
  );
  if (!isNamed) return invocation({ inputs: rows });
  const named = (row: readonly unknown[]) =>
    Object.fromEntries(columns.map(({ name }, index) => [name, row[index]]));
  return invocation({ inputs: rows.map(named) });
}

export function fileRequest(name: string, type: string): Request {
  return {
    path: '/invocations',
    body: { kind: 'file', name, type: type || 'application/octet-stream' },
  };
}

export function chatRequest(
  model: string,
  messages: readonly Message[],
  maxTokens: number,
): Request {
  const value = { model, messages, max_tokens: maxTokens, stream: true };
  return { path: '/v1/chat/completions', body: { kind: 'json', value } };
}

export function completionRequest(model: string, prompt: string, maxTokens: number): Request {
  const value = { model, prompt, max_tokens: maxTokens, stream: true };
  return { path: '/v1/completions', body: { kind: 'json', value } };
}

export function embeddingRequest(model: string, texts: readonly string[]): Request {
  return { path: '/v1/embeddings', body: { kind: 'json', value: { model, input: texts } } };
}

export function rankingRequest(
  model: string,
  query: string,
  documents: readonly string[],
): Request {
  return { path: '/v1/rerank', body: { kind: 'json', value: { model, query, documents } } };
}

/** Nested lists of the shape of a tensor whose free first length is 1, and whose last free one takes what is left. */
export function nested(values: readonly number[], shape: readonly number[]): unknown {
  const fixed = shape
    .filter((length) => length !== -1)
    .reduce((product, length) => product * length, 1);
  const free = shape.lastIndexOf(-1);
  const lengths = shape.map((length, axis) => {
    if (length !== -1) return length;
    return axis === free ? values.length / fixed : 1;
  });
  return lengths.slice(1).reduceRight<readonly unknown[]>((flat, length) => {
    const count = flat.length / length;
    return Array.from({ length: count }, (_, at) => flat.slice(at * length, (at + 1) * length));
  }, values);
}
