import { readCsv } from '../tables/csv.ts';
import { isObject } from '../values/json.ts';

/** The parts of a request that may be kept: the fields of the model's signature, or of its task, and nothing where a private one is among them. */
export type Fields = {
  /** The names of the model's inputs and outputs. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Whether it takes texts or pictures by the protocols of a task, whose fields are in no signature. */
  readonly hasTask: boolean;
};

type Wanted = Fields & { readonly private: readonly string[] };

export type Asked = {
  readonly path: string;
  /** The content type as the client wrote it; empty where it declared none. */
  readonly type: string;
  readonly body: Uint8Array;
  readonly answer: Uint8Array;
};

/** `private`: it has a field that is named private. `form`: what in it belongs to the signature is not known. */
export type Unkept = 'private' | 'form';

/**
 * The body with the fields that may be kept, each whole; the same bytes where it has no others.
 * Names are compared as tables write them: without case, and with any sign for a space.
 */
export function keptOf({ path, type, body, answer }: Asked, fields: Wanted): Uint8Array | Unkept {
  const essence = (type.split(';')[0] ?? '').trim().toLowerCase();
  try {
    // Nobody knows what such a model takes.
    if (fields.inputs.length === 0 && !fields.hasTask) return 'form';
    if (hasPrivate(jsonIn(answer), fields)) return 'private';
    if (fields.hasTask && isPicture(essence, body)) return body;
    if (/^(text\/(x-)?csv|application\/csv)$/.test(essence)) return ofCsv(body, type, fields);
    if (LINES.test(essence)) return ofLines(body, fields);
    return ofJson(path, body, fields);
  } catch (error) {
    if (error instanceof NotKept) return error.reason;
    return 'form';
  }
}

class NotKept extends Error {
  readonly reason: Unkept;
  constructor(reason: Unkept) {
    super(reason);
    this.reason = reason;
  }
}

const LINES = /^application\/(x-)?(ndjson|jsonl|jsonlines|json-lines)$/;
const STARTS = ['\x89PNG', '\xff\xd8\xff', 'RIFF', 'GIF8'];

function isPicture(essence: string, body: Uint8Array): boolean {
  const begin = Buffer.from(body.subarray(0, 4)).toString('latin1');
  return essence.startsWith('image/') || STARTS.some((start) => begin.startsWith(start));
}

// The fields that the protocols of tasks take: Hugging Face's inference API, OpenAI's API, and those that rank texts.
const TASK_FIELDS = new Set(
  `inputs parameters input model messages prompt instructions query texts documents top_n raw_scores return_text return_documents
  dimensions encoding_format max_tokens max_completion_tokens max_output_tokens max_new_tokens temperature top_p top_k min_p seed stop n
  response_format text tools tool_choice parallel_tool_calls logprobs top_logprobs frequency_penalty presence_penalty repeat_penalty`.split(
    /\s+/,
  ),
);

function ofJson(path: string, body: Uint8Array, fields: Wanted): Uint8Array {
  return filtered(body, [textOf(body)], fields, (value) => {
    if (path.endsWith('/infer')) return tensorsIn(value, fields);
    return fields.hasTask ? taskIn(value) : rowsIn(value, fields);
  });
}

function ofLines(body: Uint8Array, fields: Wanted): Uint8Array {
  const lines = textOf(body).split('\n');
  const texts = lines.filter((line) => line.trim() !== '');
  return filtered(body, texts, fields, (value) => rowIn(value, fields));
}

/** The JSON values of these texts as `kept` leaves them; the same bytes where it leaves nothing out. */
function filtered(
  body: Uint8Array,
  texts: readonly string[],
  fields: Wanted,
  kept: (value: unknown) => unknown,
): Uint8Array {
  const values = texts.map((text) => JSON.parse(text));
  if (hasPrivate(values, fields)) throw new NotKept('private');
  const isWhole = JSON.stringify(values.map(kept)) === JSON.stringify(values);
  if (isWhole) return body;
  const written = texts.map((text) => JSON.stringify(kept(JSON.parse(text, asWritten))));
  return Buffer.from(written.join('\n'));
}

// TypeScript does not know them yet.
const { rawJSON, isRawJSON } = JSON as unknown as {
  rawJSON(text: string): object;
  isRawJSON(value: unknown): boolean;
};

/** Leaves a number as it was written: an integer beyond 2^53 would be rounded. */
function asWritten(_key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === 'number' ? rawJSON(context?.source ?? String(value)) : value;
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return isObject(value) && !isRawJSON(value);
}

function tensorsIn(value: unknown, { inputs, outputs }: Wanted): unknown {
  if (!isFields(value) || !Array.isArray(value['inputs'])) throw new NotKept('form');
  const sent = value['inputs'].filter(
    (each) => isFields(each) && inputs.includes(String(each['name'])),
  );
  if (sent.length === 0) throw new NotKept('form');
  const asked = Array.isArray(value['outputs'])
    ? value['outputs'].filter((each) => isFields(each) && outputs.includes(String(each['name'])))
    : undefined;
  return {
    inputs: sent.map((each) => only(each, (key) => TENSOR.has(key))),
    ...(asked && { outputs: asked.map(({ name }) => ({ name })) }),
  };
}

const TENSOR = new Set(['name', 'datatype', 'shape', 'data']);

function taskIn(value: unknown): unknown {
  return isFields(value) ? only(value, (key) => TASK_FIELDS.has(key)) : value;
}

function rowsIn(value: unknown, fields: Wanted): unknown {
  if (!isFields(value)) return positional(value, fields);
  const isSplit = Array.isArray(value['columns']) && Array.isArray(value['data']);
  if (isSplit) return splitIn(value, fields);
  const form = FORMS.find((name) => name in value && !isName(name, fields.inputs));
  if (form === undefined) {
    const kept = rowIn(value, fields);
    if (isFields(kept) && Object.keys(kept).length > 0) return kept;
    throw new NotKept('form');
  }
  const inner = value[form];
  if (form === 'dataframe_split') return { [form]: splitIn(inner, fields) };
  return { [form]: isFields(inner) ? rowIn(inner, fields) : positional(inner, fields) };
}

const FORMS = ['inputs', 'instances', 'dataframe_split', 'dataframe_records'] as const;

/** A list of rows, by name or by position. */
function positional(value: unknown, fields: Wanted): unknown {
  return Array.isArray(value) ? value.map((row) => rowIn(row, fields)) : rowIn(value, fields);
}

/** A row, or columns by name. A row by position has a private column where the signature has. */
function rowIn(row: unknown, { inputs, private: secret }: Wanted): unknown {
  if (isFields(row)) return only(row, (key) => isName(key, inputs));
  if (inputs.some((name) => isName(name, secret))) throw new NotKept('private');
  return row;
}

function splitIn(value: unknown, fields: Wanted): unknown {
  if (!isFields(value) || !Array.isArray(value['data'])) throw new NotKept('form');
  const { columns, data } = value;
  if (!Array.isArray(columns)) return { data: positional(data, fields) };
  const kept = columns.flatMap((name, index) =>
    isName(String(name), fields.inputs) ? [index] : [],
  );
  if (kept.length === 0 && fields.inputs.length > 1) throw new NotKept('form');
  // A model of one input takes a table of columns of any names.
  if (kept.length === 0) return { columns, data: positional(data, fields) };
  const cells = (row: unknown) => {
    if (!Array.isArray(row)) throw new NotKept('form');
    return kept.map((index) => row[index]);
  };
  return { columns: kept.map((index) => columns[index]), data: data.map(cells) };
}

function ofCsv(body: Uint8Array, type: string, fields: Wanted): Uint8Array {
  const lines = readCsv(textOf(body)).map((line) => line.map((cell) => cell.trim()));
  const [first = []] = lines;
  if (first.some((cell) => isName(cell, fields.private))) throw new NotKept('private');
  const named = first.flatMap((cell, index) => (isName(cell, fields.inputs) ? [index] : []));
  const isHeader = !/;\s*header="?absent/i.test(type) && named.length > 0;
  if (!isHeader) {
    rowIn(first, fields);
    if (fields.inputs.length > 1 && first.length > fields.inputs.length) throw new NotKept('form');
    return body;
  }
  if (named.length === first.length) return body;
  const cells = lines.map((line) => named.map((index) => quoted(line[index] ?? '')).join(','));
  return Buffer.from(`${cells.join('\n')}\n`);
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

/** Whether a private name is among the keys of a JSON value, the columns of a table in it, or the names of its tensors. */
function hasPrivate(value: unknown, fields: Wanted): boolean {
  const { private: secret } = fields;
  if (secret.length === 0) return false;
  if (Array.isArray(value)) return value.some((each) => hasPrivate(each, fields));
  if (!isFields(value)) return false;
  const { columns = [], name = '' } = value;
  const names = [...Object.keys(value), ...[columns].flat(), name];
  return (
    names.some((each) => typeof each === 'string' && isName(each, secret)) ||
    Object.values(value).some((each) => hasPrivate(each, fields))
  );
}

function isName(name: string, among: readonly string[]): boolean {
  return among.some((each) => each === name || plain(each) === plain(name));
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '_');
}

function only(
  value: Readonly<Record<string, unknown>>,
  isKept: (key: string) => boolean,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(value).filter(([key]) => isKept(key)));
}

function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(textOf(bytes));
  } catch {
    return undefined;
  }
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true });

function textOf(bytes: Uint8Array): string {
  return UTF_8.decode(bytes);
}
