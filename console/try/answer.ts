import { type Fields, fieldsOf, isFields, listOf, type Model, type Spec } from './model.ts';

export type Bar = { readonly label: string; readonly score: number };
export type Box = Bar & {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
};
export type Mark = Bar & { readonly start: number; readonly end: number };

/** How a part of an answer is shown. */
export type View =
  | { readonly kind: 'bars'; readonly title: string; readonly bars: readonly Bar[] }
  | { readonly kind: 'value'; readonly title: string; readonly value: string }
  | { readonly kind: 'text'; readonly title: string; readonly text: string }
  | {
      readonly kind: 'table';
      readonly columns: readonly string[];
      readonly rows: readonly (readonly string[])[];
    }
  | { readonly kind: 'boxes'; readonly boxes: readonly Box[] }
  | { readonly kind: 'marks'; readonly marks: readonly Mark[] }
  | { readonly kind: 'line'; readonly title: string; readonly values: readonly number[] }
  | {
      readonly kind: 'picture';
      readonly title: string;
      readonly width: number;
      readonly height: number;
      readonly rgb: readonly number[];
    };

/** The most bars and boxes that are shown; the likeliest are. */
const MOST_BARS = 10;
const MOST_BOXES = 100;

/** The views of an answer of `/invocations`; none where it has no form that is known here, and is shown as JSON alone. */
export function viewsOf(answer: unknown, { outputs }: Pick<Model, 'outputs'>): readonly View[] {
  const scored = scoredViews(answer);
  if (scored) return scored;
  const { predictions } = fieldsOf(answer);
  if (predictions === undefined) return [];
  const spoken = scoredViews(predictions);
  if (spoken) return spoken;
  const named = columnsOf(predictions, outputs);
  const boxes = boxesOf(named);
  if (boxes) return [{ kind: 'boxes', boxes }];
  const count = named[0]?.rows.length ?? 0;
  if (count === 0 || named.some(({ rows }) => rows.length !== count))
    return named.flatMap(loneView);
  return count === 1 ? oneRow(named) : [tableOf(named, count)];
}

/** The answers of Hugging Face's pipelines: labels with scores, with boxes, or with places in the text; or a text. */
function scoredViews(answer: unknown): readonly View[] | undefined {
  if (isFields(answer) && 'predictions' in answer) return undefined;
  const text = spokenIn(answer);
  if (text !== undefined) return [{ kind: 'text', title: '', text }];
  if (isFields(answer) && isTexts(answer['labels']) && Array.isArray(answer['scores'])) {
    const scores = listOf(answer['scores']);
    const bars = listOf(answer['labels']).map((label, at) => ({
      label: said(label),
      score: Number(scores[at]),
    }));
    return [barsOf('', bars)];
  }
  if (isFields(answer) && typeof answer['answer'] === 'string')
    return [{ kind: 'bars', title: '', bars: [barOf(answer)] }];
  const items = listOf(answer);
  const first = items[0];
  if (Array.isArray(first) && isFields(first[0]) && isScored(first[0])) {
    return items.flatMap((each) => scoredViews(each) ?? []);
  }
  if (items.length === 0 || !items.every(isFields) || !items.every(isScored)) return undefined;
  if (items.every(({ box }) => isFields(box)))
    return [{ kind: 'boxes', boxes: items.slice(0, MOST_BOXES).map(boxIn) }];
  if (items.every(({ start, end }) => Number.isInteger(start) && Number.isInteger(end)))
    return [{ kind: 'marks', marks: items.map(markIn) }];
  return [barsOf('', items.map(barOf))];
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function spokenIn(answer: unknown): string | undefined {
  const first = Array.isArray(answer) ? answer[0] : answer;
  const { generated_text, translation_text, summary_text } = fieldsOf(first);
  const text = generated_text ?? translation_text ?? summary_text;
  return typeof text === 'string' ? text : undefined;
}

function isScored(item: Fields): boolean {
  return typeof item['score'] === 'number' && nameIn(item) !== undefined;
}

function nameIn({ label, entity_group, entity, token_str, sequence, answer }: Fields): unknown {
  return label ?? entity_group ?? entity ?? token_str ?? sequence ?? answer;
}

function barOf(item: Fields): Bar {
  return { label: said(nameIn(item)), score: Number(item['score']) };
}

function boxIn(item: Fields): Box {
  const { xmin, ymin, xmax, ymax } = fieldsOf(item['box']);
  return {
    ...barOf(item),
    left: Number(xmin),
    top: Number(ymin),
    right: Number(xmax),
    bottom: Number(ymax),
  };
}

function markIn(item: Fields): Mark {
  return { ...barOf(item), start: Number(item['start']), end: Number(item['end']) };
}

function barsOf(title: string, bars: readonly Bar[]): View {
  const sorted = bars
    .filter(({ score }) => Number.isFinite(score))
    .toSorted((a, b) => b.score - a.score);
  return { kind: 'bars', title, bars: sorted.slice(0, MOST_BARS) };
}

/** An output's values, one in `rows` for each row of the request. */
type Output = {
  readonly name: string;
  readonly rows: readonly unknown[];
  readonly spec: Spec | undefined;
};

/** The outputs by name, whether an answer has them so, or has an object for each row, or is the only one. */
function columnsOf(predictions: unknown, outputs: readonly Spec[]): readonly Output[] {
  const specOf = (name: string) => outputs.find((spec) => spec.name === name);
  if (isFields(predictions)) {
    return Object.entries(predictions).map(([name, value]) => ({
      name,
      rows: asRows(value),
      spec: specOf(name),
    }));
  }
  const rows = asRows(predictions);
  if (rows.length > 0 && rows.every(isFields) && outputs.length > 1) {
    const names = [...new Set(rows.flatMap(Object.keys))];
    return names.map((name) => ({ name, rows: rows.map((row) => row[name]), spec: specOf(name) }));
  }
  return [{ name: outputs[0]?.name ?? '', rows, spec: outputs[0] }];
}

function asRows(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value];
}

function oneRow(named: readonly Output[]): readonly View[] {
  const scores = named.find(({ rows }) => isProbabilities(rows[0]));
  const label = named.find(
    ({ rows, name }) => isLabel(rows[0]) && /label|class|prediction/i.test(name),
  );
  const others = named.filter((each) => each !== scores && each !== label);
  if (!scores) return named.flatMap((each) => valueView(each, each.rows[0]));
  const name = label === undefined ? '' : said(label.rows[0]);
  return [
    barsOf(name, classBars(scores, name)),
    ...others.flatMap((each) => valueView(each, each.rows[0])),
  ];
}

/** The classes with their names: the server's, or else the label that was answered for the likeliest, and numbers for the others. */
function classBars({ rows, spec }: Output, label: string): readonly Bar[] {
  const [row] = rows;
  if (isFields(row))
    return Object.entries(row).map(([name, score]) => ({ label: name, score: Number(score) }));
  const scores = listOf(row).map(Number);
  const labels = spec?.labels ?? [];
  const top = scores.indexOf(Math.max(...scores));
  const nameAt = (at: number) => labels[at] ?? (at === top && label !== '' ? label : `class ${at}`);
  return scores.map((score, at) => ({ label: nameAt(at), score }));
}

function isLabel(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** Numbers from 0 to 1, at least two, whose sum is 1; by the names of classes too. */
function isProbabilities(value: unknown): boolean {
  const numbers = isFields(value) ? Object.values(value) : listOf(value);
  if (
    numbers.length < 2 ||
    !numbers.every((each) => typeof each === 'number' && each >= 0 && each <= 1)
  )
    return false;
  return Math.abs(numbers.reduce<number>((sum, each) => sum + Number(each), 0) - 1) < 0.01;
}

const LEAST_POINTS = 8;

function valueView({ name, spec }: Output, value: unknown): readonly View[] {
  if (typeof value === 'number') return [{ kind: 'value', title: name, value: shown(value) }];
  if (typeof value === 'string') return [textView(name, value)];
  if (typeof value === 'boolean' || value === null)
    return [{ kind: 'value', title: name, value: String(value) }];
  if (isFields(value)) {
    const scores = Object.entries(value);
    if (scores.every(([, score]) => typeof score === 'number'))
      return [
        barsOf(
          name,
          scores.map(([label, score]) => ({ label, score: Number(score) })),
        ),
      ];
    return [];
  }
  const picture = pictureOf(name, value);
  if (picture) return [picture];
  const items = listOf(value);
  if (items.length === 0 || !items.every((each) => typeof each === 'number')) return [];
  if (items.length >= LEAST_POINTS)
    return [{ kind: 'line', title: name, values: items.map(Number) }];
  const columns = items.map((_, at) => spec?.labels[at] ?? `${name} ${at + 1}`);
  return [{ kind: 'table', columns, rows: [items.map((each) => shown(Number(each)))] }];
}

function textView(title: string, text: string): View {
  return text.length > 40 ? { kind: 'text', title, text } : { kind: 'value', title, value: text };
}

/** An output that has not a row for each of the others': the whole of it is one value. */
function loneView(output: Output): readonly View[] {
  return valueView(output, output.rows.length === 1 ? output.rows[0] : output.rows);
}

function tableOf(named: readonly Output[], count: number): View {
  const columns = named.flatMap(({ name, rows, spec }) => cellNames(name, rows[0], spec));
  const rows = Array.from({ length: count }, (_, at) =>
    named.flatMap(({ rows: each }) => cellsOf(each[at])),
  );
  return { kind: 'table', columns, rows };
}

// A wider answer has one cell, with its length.
const MOST_CELLS = 20;

function cellNames(name: string, value: unknown, spec: Spec | undefined): readonly string[] {
  if (isFields(value)) return Object.keys(value);
  if (!Array.isArray(value) || value.length > MOST_CELLS) return [name];
  if (value.length === 1) return [name];
  return value.map((_, at) => spec?.labels[at] ?? `${name} ${at}`);
}

function cellsOf(value: unknown): readonly string[] {
  if (isFields(value)) return Object.values(value).map(cell);
  if (!Array.isArray(value)) return [cell(value)];
  return value.length > MOST_CELLS ? [`${value.length} values`] : value.map(cell);
}

function cell(value: unknown): string {
  return typeof value === 'number' ? shown(value) : said(value);
}

function said(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** Six digits are as many as anybody compares; whole numbers keep all of theirs. */
export function shown(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}

/** Tensors of a detector: n × 4 corners, and as many scores and classes. */
function boxesOf(named: readonly Output[]): readonly Box[] | undefined {
  const of = (pattern: RegExp) => named.find(({ name }) => pattern.test(name));
  const corners = unbatched(of(/box|bbox/i)?.rows);
  const scores = unbatched(of(/score|conf/i)?.rows);
  const labels = of(/label|class/i);
  if (!corners || !scores || !corners.every((each) => listOf(each).length === 4)) return undefined;
  if (corners.length !== scores.length || !scores.every((each) => typeof each === 'number'))
    return undefined;
  const classes = unbatched(labels?.rows) ?? [];
  const boxes = corners.map((each, at) => {
    const [left = 0, top = 0, right = 0, bottom = 0] = listOf(each).map(Number);
    const known = labels?.spec?.labels[Number(classes[at])];
    const label = known ?? (classes[at] === undefined ? '' : said(classes[at]));
    return { label, score: Number(scores[at]), left, top, right, bottom };
  });
  return boxes.toSorted((a, b) => b.score - a.score).slice(0, MOST_BOXES);
}

/** Detectors answer with or without a first dimension of one picture. */
function unbatched(rows: readonly unknown[] | undefined): readonly unknown[] | undefined {
  const [only, ...others] = rows ?? [];
  if (others.length === 0 && Array.isArray(only) && only.every(Array.isArray)) return only;
  const isOfOne = others.length === 0 && Array.isArray(only) && only.length !== 4;
  return isOfOne ? only : rows;
}

/** A grey or coloured picture of at least 8 × 8, as planes or with the colours beside each other; numbers beyond 1 are taken for bytes. */
function pictureOf(title: string, value: unknown): View | undefined {
  const planes = gridsOf(value);
  const [first] = planes ?? [];
  const height = first?.length ?? 0;
  const width = first?.[0]?.length ?? 0;
  if (!planes || !first || height < 8 || width < 8) return undefined;
  const numbers = planes.flat(2);
  if (!numbers.every((each) => typeof each === 'number')) return undefined;
  const most = numbers.reduce((a, b) => Math.max(a, b), 0);
  const scale = most <= 1 ? 255 : most <= 255 ? 1 : 255 / most;
  const at = (plane: number, y: number, x: number) =>
    Math.min(255, Math.max(0, Math.round((planes[plane]?.[y]?.[x] ?? 0) * scale)));
  const rgb = first.flatMap((row, y) =>
    row.flatMap((_, x) => [0, 1, 2].map((channel) => at(planes.length === 3 ? channel : 0, y, x))),
  );
  return { kind: 'picture', title, width, height, rgb };
}

type Grid = readonly (readonly number[])[];

function gridsOf(value: unknown): readonly Grid[] | undefined {
  if (!isGrid(value) && isCube(value)) {
    if (value.length === 1 || value.length === 3) return value;
    const depth = value[0]?.[0]?.length ?? 0;
    if (depth !== 1 && depth !== 3) return undefined;
    return Array.from({ length: depth }, (_, channel) =>
      value.map((row) => row.map((pixel) => Number(pixel[channel]))),
    );
  }
  return isGrid(value) ? [value] : undefined;
}

function isGrid(value: unknown): value is Grid {
  if (!Array.isArray(value) || value.length === 0) return false;
  const [first] = value;
  if (!Array.isArray(first) || first.length === 0) return false;
  return value.every(
    (row) => Array.isArray(row) && row.length === first.length && typeof row[0] === 'number',
  );
}

function isCube(value: unknown): value is readonly Grid[] {
  return Array.isArray(value) && value.length > 0 && value.every(isGrid);
}

/** How alike two vectors are: the cosine of their angle, from -1 to 1; 0 where one of them has no length. */
export function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = a.reduce((sum, each, at) => sum + each * (b[at] ?? 0), 0);
  const length = Math.hypot(...a) * Math.hypot(...b);
  return length === 0 ? 0 : dot / length;
}
