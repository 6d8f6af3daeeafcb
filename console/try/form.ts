import { type Fields, fieldsOf, isFields, listOf, type Model, type Spec } from './model.ts';

export type ColumnKind = 'number' | 'whole' | 'text' | 'truth';

/** A column of a model over tables, with the value of the example as a person would type it. */
export type Column = {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly isOptional: boolean;
  readonly example: string;
};

/** How the numbers of a picture lie in a tensor: `planes` is one plane after another, `pixels` the channels beside each other; a length of -1 is free. */
export type Raster = {
  readonly input: string;
  readonly layout: 'planes' | 'pixels' | 'flat';
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** Whether a pixel is a whole number from 0 to 255. */
  readonly isBytes: boolean;
  /** The dimensions of the tensor, with the free ones still -1. */
  readonly shape: readonly number[];
};

/** A way to ask a model, as a person sees it. */
export type Form =
  | { readonly kind: 'chat' }
  | { readonly kind: 'completion'; readonly prompt: string }
  | { readonly kind: 'similarity' }
  | { readonly kind: 'ranking' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'labels'; readonly text: string }
  | { readonly kind: 'question'; readonly question: string; readonly context: string }
  | { readonly kind: 'picture'; readonly accept: string }
  | { readonly kind: 'file' }
  | { readonly kind: 'drawing'; readonly raster: Raster }
  | { readonly kind: 'raster'; readonly raster: Raster }
  | { readonly kind: 'sound'; readonly input: string; readonly shape: readonly number[] }
  | { readonly kind: 'table'; readonly columns: readonly Column[]; readonly isNamed: boolean }
  | { readonly kind: 'json'; readonly body: string };

/** More columns than this are no form: nobody fills in so many fields. */
export const MOST_COLUMNS = 400;

/** The ways to ask this model, the most telling first; raw JSON is always the last. */
export function formsOf(model: Model): readonly Form[] {
  return [...speaking(model), ...reading(model), ...looking(model), ...tables(model), raw(model)];
}

function speaking({ paths, example }: Model): readonly Form[] {
  const prompt = fieldsOf(example)['prompt'];
  const chats = paths.has('POST /v1/chat/completions') && typeof prompt !== 'string';
  const completes = paths.has('POST /v1/completions');
  return [
    ...(chats ? [{ kind: 'chat' } as const] : []),
    ...(completes ? [{ kind: 'completion', prompt: textIn(prompt) } as const] : []),
    ...(paths.has('POST /v1/embeddings') ? [{ kind: 'similarity' } as const] : []),
    ...(paths.has('POST /v1/rerank') ? [{ kind: 'ranking' } as const] : []),
  ];
}

/** Hugging Face's tasks over texts, as far as the example shows them. */
function reading({ example, media, task, paths }: Model): readonly Form[] {
  const { inputs } = fieldsOf(example);
  if (media.some((type) => type.startsWith('image/')) || paths.has('POST /v1/completions'))
    return [];
  if (task === 'zero-shot-classification') return [{ kind: 'labels', text: textIn(inputs) }];
  if (typeof inputs === 'string') return [{ kind: 'text', text: inputs }];
  const { question, context } = fieldsOf(inputs);
  if (typeof question !== 'string' || typeof context !== 'string') return [];
  return [{ kind: 'question', question, context }];
}

function looking({ media, inputs }: Model): readonly Form[] {
  const pictures = media.filter((type) => type.startsWith('image/'));
  if (pictures.length > 0) return [{ kind: 'picture', accept: pictures.join(',') }];
  if (media.includes('multipart/form-data')) return [{ kind: 'file' }];
  const [only, ...others] = inputs;
  if (!only || others.length > 0) return [];
  const raster = rasterOf(only);
  if (raster)
    return isSmallGrey(raster) ? [{ kind: 'drawing', raster }] : [{ kind: 'raster', raster }];
  return isSound(only) ? [{ kind: 'sound', input: only.name, shape: only.shape }] : [];
}

/** Small enough to be drawn with a finger, and of one grey. */
function isSmallGrey({ channels, width, height }: Raster): boolean {
  return channels === 1 && width > 0 && width <= 64 && height > 0 && height <= 64;
}

/** The raster of an input that has pictures: [n, 3, h, w], [n, h, w, 3], grey ones with 1 or without it, and the flat grey ones of the digits data sets (8 × 8 and 28 × 28). */
function rasterOf({ name, datatype, shape }: Spec): Raster | undefined {
  if (!/^(FP|U?INT)/.test(datatype)) return undefined;
  const all = { input: name, isBytes: datatype === 'UINT8', shape };
  const [, a = 0, b = 0, c = 0] = shape;
  if (shape.length === 2 && (a === 64 || a === 784))
    return { ...all, layout: 'flat', channels: 1, width: Math.sqrt(a), height: Math.sqrt(a) };
  if (shape.length === 3 && isSide(a) && isSide(b) && a === b)
    return { ...all, layout: 'planes', channels: 1, height: a, width: b };
  if (shape.length !== 4) return undefined;
  if (isChannels(a) && isSide(b) && isSide(c))
    return { ...all, layout: 'planes', channels: a, height: b, width: c };
  if (isChannels(c) && isSide(a) && isSide(b))
    return { ...all, layout: 'pixels', channels: c, height: a, width: b };
  return undefined;
}

function isChannels(length: number): length is 1 | 3 {
  return length === 1 || length === 3;
}

function isSide(length: number): boolean {
  return length === -1 || length >= 8;
}

/** Shorter signals of one channel are rather measurements. */
const LEAST_SAMPLES = 4000;

/** A wave by the name of its input, or by its shape: one channel of thousands of numbers. */
function isSound({ name, datatype, shape }: Spec): boolean {
  const isWave = /audio|wave|sound|speech|pcm|samples/i.test(name);
  const isLong =
    shape.length > 0 && shape.length <= 3 && shape.some((length) => length === -1 || length > 1000);
  const [, first = 0, second = 0] = shape;
  const isOneChannel =
    shape.length === 3 && Math.min(first, second) === 1 && Math.max(first, second) >= LEAST_SAMPLES;
  return ((isWave && isLong) || isOneChannel) && datatype.startsWith('FP');
}

function tables(model: Model): readonly Form[] {
  const { inputs, media, example } = model;
  const [only, ...others] = inputs;
  if (!only || media.some((type) => type.startsWith('image/'))) return [];
  if (typeof fieldsOf(example)['inputs'] === 'string') return [];
  // Its one column is the text that another form has.
  if (model.paths.has('POST /v1/completions')) return [];
  const values = firstRow(example);
  const isMatrix = others.length === 0 && only.shape.length === 2;
  if (isMatrix) return matrixTable(only, values);
  if (!inputs.every((spec) => isColumn(spec, inputs.length))) return [];
  if (inputs.length > MOST_COLUMNS) return [];
  const columns = inputs.map((spec) => columnOf(spec, fieldsOf(values)[spec.name]));
  return [{ kind: 'table', columns, isNamed: true }];
}

function matrixTable(only: Spec, values: unknown): readonly Form[] {
  const [, declared = -1] = only.shape;
  const row = listOf(isFields(values) ? values[only.name] : values);
  const width = declared > 0 ? declared : row.length;
  if (width === 0 || width > MOST_COLUMNS) return [];
  const columns = Array.from({ length: width }, (_, index) => ({
    ...columnOf(only, row[index]),
    name: String(index + 1),
  }));
  return [{ kind: 'table', columns, isNamed: false }];
}

/** As the server has it: a column of values, or of rows of one value. */
function isColumn({ shape }: Spec, count: number): boolean {
  return shape.length === 1 || (count > 1 && shape.length === 2 && shape[1] === 1);
}

function columnOf({ name, datatype, isOptional }: Spec, value: unknown): Column {
  const [first] = [value].flat();
  return { name, kind: kindOf(datatype), isOptional, example: cellOf(first) };
}

function kindOf(datatype: string): ColumnKind {
  if (datatype === 'BYTES') return 'text';
  if (datatype === 'BOOL') return 'truth';
  return /^U?INT/.test(datatype) ? 'whole' : 'number';
}

/** A value as a person would type it; a missing one is an empty cell. */
export function cellOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The first row of an example in any of the forms that `/invocations` takes: by name, or in the order of the inputs. */
function firstRow(example: unknown): unknown {
  const whole = fieldsOf(example);
  const split = fieldsOf(whole['dataframe_split']);
  if (isFields(whole['dataframe_split'])) return named(split['columns'], listOf(split['data'])[0]);
  const given = whole['inputs'] ?? whole['instances'] ?? whole['dataframe_records'] ?? example;
  if (isTensors(given))
    return Object.fromEntries(given.map(({ name, data }) => [name, firstOf(data)]));
  if (!isFields(given)) return isRows(given) ? given[0] : given;
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, firstOf(value)]));
}

type OpenTensor = { readonly name: string; readonly data: unknown };

/** The inputs of the Open Inference Protocol. */
function isTensors(value: unknown): value is readonly OpenTensor[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((each) => isFields(each) && 'data' in each && 'name' in each)
  );
}

function isRows(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && (Array.isArray(value[0]) || isFields(value[0]));
}

function named(columns: unknown, row: unknown): Fields {
  const values = listOf(row);
  return Object.fromEntries(listOf(columns).map((name, index) => [String(name), values[index]]));
}

function firstOf(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : value;
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

// A larger example is no reading, and a field of that size makes a browser slow.
const LONGEST_JSON = 100_000;

function raw({ example, inputs }: Model): Form {
  const whole = JSON.stringify(
    example ?? { inputs: Object.fromEntries(inputs.map(({ name }) => [name, []])) },
    null,
    2,
  );
  const body = whole.length > LONGEST_JSON ? JSON.stringify(example) : whole;
  return { kind: 'json', body: body.length > LONGEST_JSON ? '' : compact(body) };
}

/** Lists of plain numbers stand in one line. */
function compact(json: string): string {
  return json.replace(
    /\[\s+(-?[\d.eE+-]+(?:,\s+-?[\d.eE+-]+)*)\s+\]/g,
    (_, numbers: string) => `[${numbers.replace(/\s+/g, ' ')}]`,
  );
}
