import type { Signature } from '#domain/artifact/signature.ts';
import type { ExpectedChanges } from '#domain/manifest/gate.ts';
import { isObject, type RelativeTolerance } from '#domain/rollout/json-difference.ts';

/** The changes of its answers that the owner of a version declares in `gate.expect`. `columns` are the classes of each output whose columns differ between the versions, by its name. `only` is the output of a model that has one alone. `made` are the outputs whose declared scale the version before has already. */
export type DeclaredChanges = Pick<ExpectedChanges, 'tolerance' | 'labels' | 'outputs'> & {
  readonly columns: ReadonlyMap<string, ColumnClasses>;
  readonly only?: string;
  readonly made?: readonly string[];
};

type Outputs = NonNullable<ExpectedChanges['outputs']>;
type ColumnClasses = { readonly before: readonly string[]; readonly after: readonly string[] };
type Json = Readonly<Record<string, unknown>>;
type Row = readonly unknown[];

/** A place in an answer: the innermost output that contains it, and the rows of the answer that a declared label exempts, of `rows`. */
type Place = {
  readonly declared: DeclaredChanges;
  readonly output: string | undefined;
  readonly areWhole: boolean;
  readonly rows: number;
  readonly exempt: ReadonlySet<number>;
};

/** The field in which `/invocations` answers the only output of a model. */
const PREDICTIONS = 'predictions';
/** The precision of the golden comparison. */
const RTOL = 1e-4;

/**
 * The changes that `gate.expect` declares of two versions with these signatures; undefined if it declares no more than a share.
 * `made` are the outputs that the version before declared when it replaced another one: it has made their scales, and a line that was left in the manifest makes none twice.
 */
export function declaredChanges(
  { tolerance, labels, outputs }: ExpectedChanges,
  before: Signature | null,
  after: Signature | null,
  made: Outputs = {},
): DeclaredChanges | undefined {
  if (tolerance === undefined && !labels && !outputs) return undefined;
  const own = new Map(after?.outputs.map(({ name, classes = [] }) => [name, classes]));
  const columns = (before?.outputs ?? []).flatMap(({ name, classes = [] }) => {
    const now = own.get(name) ?? [];
    const isSame = classes.join('\n') === now.join('\n');
    return isSame || classes.length === 0 || now.length === 0
      ? []
      : [[name, { before: classes, after: now }] as const];
  });
  const [only, ...more] = (after ?? before)?.outputs ?? [];
  const single = more.length === 0 ? only?.name : undefined;
  const past = Object.keys(outputs ?? {}).filter((name) => isMade(outputs?.[name], made[name]));
  return {
    ...(tolerance !== undefined && { tolerance }),
    ...(labels && { labels }),
    ...(outputs && { outputs: byOutput(withoutScales(outputs, past), single) }),
    ...(past.length > 0 && { made: past }),
    columns: new Map(columns),
    ...(single !== undefined && { only: single }),
  };
}

function isMade(change: Outputs[string] | undefined, made: Outputs[string] | undefined): boolean {
  const [one, other] = [scaleOf(change), scaleOf(made)];
  const isScale = one.scale !== 1 || one.offset !== 0;
  return isScale && one.scale === other.scale && one.offset === other.offset;
}

function scaleOf({ scale = 1, offset = 0 }: Outputs[string] = {}) {
  return { scale, offset };
}

function withoutScales(outputs: Outputs, of: readonly string[]): Outputs {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, change]) => {
      if (!of.includes(name)) return [name, change];
      const { tolerance } = change;
      return [name, tolerance === undefined ? {} : { tolerance }];
    }),
  );
}

/** The only output may be declared by its own name, or by that of its field. */
function byOutput(
  { [PREDICTIONS]: field, ...outputs }: Outputs,
  only: string | undefined,
): Outputs {
  return field ? { [only ?? PREDICTIONS]: field, ...outputs } : outputs;
}

/** Whether a place in the answers belongs to the output of this name. */
export function isAt(
  place: string,
  output: string,
  { only }: Pick<DeclaredChanges, 'only'>,
): boolean {
  const isField = output === only && `${place}/`.startsWith(`/${PREDICTIONS}/`);
  return isField || `${place}/`.includes(`/${output}/`);
}

/** How far numbers may differ and still count as the same. */
export function toleranceOf(declared: DeclaredChanges | undefined): RelativeTolerance {
  const outputs = Object.entries(declared?.outputs ?? {}).flatMap(([name, { tolerance }]) => {
    if (tolerance === undefined) return [];
    const names = name === declared?.only ? [name, PREDICTIONS] : [name];
    return names.map((each) => [each, tolerance] as const);
  });
  return { others: declared?.tolerance ?? RTOL, outputs: new Map(outputs) };
}

/**
 * The answer of the version before as the new version is declared to give it: with numbers in their new unit, renamed labels, and its columns where the new version has them.
 * Where `after`, its answer, has a label that is declared as new, or the one before had a label that is declared as gone, that row is expected as it is.
 */
export function asDeclared(
  before: unknown,
  after: unknown,
  declared: DeclaredChanges | undefined,
): unknown {
  if (!declared) return before;
  const rows = exemptRows(before, after, declared);
  return valueAs(before, after, { declared, output: undefined, areWhole: true, ...rows });
}

/** The label in the words of the new version; undefined where nothing is declared of it. */
export function renamedLabel(
  value: unknown,
  { labels }: Pick<DeclaredChanges, 'labels'>,
): string | number | undefined {
  const renamed = labels?.renamed ?? {};
  const name = String(value);
  return Object.hasOwn(renamed, name) ? renamed[name] : undefined;
}

/** The number of the version before in the unit of the new one, at an output of this name. */
export function scaled(
  value: number,
  output: string | undefined,
  { outputs = {} }: Pick<DeclaredChanges, 'outputs'>,
): number {
  const change =
    output !== undefined && Object.hasOwn(outputs, output) ? outputs[output] : undefined;
  return change ? (change.scale ?? 1) * value + (change.offset ?? 0) : value;
}

function valueAs(before: unknown, after: unknown, at: Place): unknown {
  if (Array.isArray(before)) return listAs(before, Array.isArray(after) ? after : [], at);
  if (isObject(before)) return objectAs(before, isObject(after) ? after : {}, at);
  const isLabel = typeof before === 'string' || isWholeLabel(before, after, at);
  if (isLabel) {
    if (isExempt(before, after, at.declared)) return after;
    const name = renamedLabel(before, at.declared);
    if (name !== undefined) return String(after) === String(name) ? after : name;
  }
  return typeof before === 'number' ? scaled(before, at.output, at.declared) : before;
}

/** Classes may be whole numbers: they are beside others, or have become texts. */
function isWholeLabel(before: unknown, after: unknown, { areWhole }: Place): boolean {
  return Number.isInteger(before) && (typeof after === 'string' || areWhole);
}

function listAs(before: Row, after: Row, at: Place): Row {
  if (before.some(hasName)) {
    const own = new Map(after.filter(hasName).map((item) => [item.name, item]));
    return before.map((item) => valueAs(item, hasName(item) ? own.get(item.name) : undefined, at));
  }
  if (before.length > 0 && before.every(isRanked)) {
    return rankedAs(before, after.filter(isRanked), at);
  }
  const columns = at.declared.columns.get(at.output ?? '');
  if (columns && before.length === columns.before.length && before.every(isNumber)) {
    return columnsAs(before, after, columns, at.declared);
  }
  const areWhole = [...before, ...after].every(Number.isInteger);
  return before.map((item, index) =>
    before.length === at.rows && at.exempt.has(index)
      ? after[index]
      : // The columns of a row are no rows.
        valueAs(item, after[index], { ...at, areWhole, rows: 0 }),
  );
}

/** Labels with their scores, in the order of the new version if it has the same ones but for those that are declared. */
function rankedAs(before: readonly Ranked[], after: readonly Ranked[], at: Place): Row {
  const { declared } = at;
  if (isExempt(before[0]?.label, after[0]?.label, declared)) return after;
  const kept = before
    .filter(({ label }) => !isRemoved(label, declared))
    .map((item) => ({ ...objectAs(item, {}, at), label: renamed(item.label, declared) }));
  const expected = after.flatMap((item) =>
    isAdded(item.label, declared) ? [item] : kept.filter(({ label }) => label === item.label),
  );
  const isWhole = kept.every((item) => expected.includes(item));
  return isWhole ? expected : kept;
}

/** A number for each class of the new version: that of the same class before, or its own where the class is new. */
function columnsAs(
  before: Row,
  after: Row,
  columns: ColumnClasses,
  declared: DeclaredChanges,
): Row {
  const named = columns.before.map((label) => renamed(label, declared));
  return columns.after.map((label, index) => {
    const place = named.indexOf(label);
    return place < 0 ? after[index] : before[place];
  });
}

function objectAs(before: Json, after: Json, at: Place): Json {
  const { declared } = at;
  if (isRanked(before) && isExempt(before.label, after['label'], declared)) return after;
  if (hasName(before)) return tensorAs(before, after, at);
  const outputs = declared.outputs ?? {};
  return Object.fromEntries(
    Object.entries(before).flatMap(([key, value]) => {
      if (isRemoved(key, declared) && !Object.hasOwn(after, key)) return [];
      const name = renamed(key, declared);
      const own = Object.hasOwn(after, name) ? after[name] : undefined;
      const output = key === PREDICTIONS ? (declared.only ?? key) : key;
      const isOutput = Object.hasOwn(outputs, output) || declared.columns.has(output);
      const place = isOutput ? { ...at, output } : at;
      return [[name, valueAs(value, own, place)] as const];
    }),
  );
}

/** A tensor of the protocol: the values of a matrix may lie in one list. */
function tensorAs(before: Named, after: Json, at: Place): Json {
  const { data } = before;
  const place = { ...at, output: before.name };
  if (!Array.isArray(data)) return before;
  const own: Row = Array.isArray(after['data']) ? after['data'] : [];
  const [width, wide] = [widthOf(before['shape']), widthOf(after['shape'])];
  if (width === undefined || wide === undefined) {
    return { ...before, data: listAs(data, own, place) };
  }
  const rows = listAs(rowsOf(data, width), rowsOf(own, wide), place);
  const values = rows.flat();
  const shape = [rows.length, values.length / rows.length];
  return { ...before, shape, data: data.some(Array.isArray) ? rows : values };
}

/** The width of a matrix; undefined for any other shape. */
function widthOf(shape: unknown): number | undefined {
  const [rows, width] = Array.isArray(shape) && shape.length === 2 ? shape : [];
  return isNumber(rows) && isNumber(width) && rows > 0 && width > 0 ? width : undefined;
}

function rowsOf(data: Row, width: number): readonly Row[] {
  const values = data.flat();
  return Array.from({ length: Math.ceil(values.length / width) }, (_, row) =>
    values.slice(row * width, (row + 1) * width),
  );
}

/** The rows in which a label is new, or had one that is gone, by the first list of labels. */
function exemptRows(
  before: unknown,
  after: unknown,
  declared: DeclaredChanges,
): Pick<Place, 'rows' | 'exempt'> {
  const found = labelLists(before, after).find(([theirs, own]) =>
    theirs.some((label, row) => isExempt(label, own[row], declared)),
  );
  if (!found) return { rows: 0, exempt: new Set() };
  const [theirs, own] = found;
  const exempt = theirs.flatMap((label, row) => (isExempt(label, own[row], declared) ? [row] : []));
  return { rows: theirs.length, exempt: new Set(exempt) };
}

/** The lists of texts or whole numbers at the same places of both. */
function labelLists(before: unknown, after: unknown): readonly (readonly [Row, Row])[] {
  if (Array.isArray(before)) {
    const own: Row = Array.isArray(after) ? after : [];
    if (before.every(isLabel)) return [[before, own]];
    const named = new Map(own.filter(hasName).map((item) => [item.name, item]));
    return before.flatMap((item, index) =>
      labelLists(item, hasName(item) ? named.get(item.name) : own[index]),
    );
  }
  if (!isObject(before)) return [];
  const own = isObject(after) ? after : {};
  return Object.entries(before).flatMap(([key, value]) =>
    key === 'shape' || !Object.hasOwn(own, key) ? [] : labelLists(value, own[key]),
  );
}

function renamed(label: string, declared: DeclaredChanges): string {
  return String(renamedLabel(label, declared) ?? label);
}

function isExempt(before: unknown, after: unknown, declared: DeclaredChanges): boolean {
  return isAdded(after, declared) || isRemoved(before, declared);
}

function isAdded(label: unknown, { labels }: DeclaredChanges): boolean {
  return isLabel(label) && (labels?.added ?? []).map(String).includes(String(label));
}

function isRemoved(label: unknown, { labels }: DeclaredChanges): boolean {
  return isLabel(label) && (labels?.removed ?? []).map(String).includes(String(label));
}

function isLabel(value: unknown): value is string | number {
  return typeof value === 'string' || Number.isInteger(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

type Named = Json & { readonly name: string };
type Ranked = Json & { readonly label: string };

function hasName(value: unknown): value is Named {
  return isObject(value) && typeof value['name'] === 'string';
}

function isRanked(value: unknown): value is Ranked {
  return isObject(value) && typeof value['label'] === 'string';
}
