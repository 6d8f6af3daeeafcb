import { type ColumnRange, keptRanges, range, withMissing } from '#domain/artifact/column-range.ts';
import type { ModelFacts } from '#domain/artifact/facts.ts';
import { readerOf } from '#formats/bytes/byte-reader.ts';
import {
  digestOf,
  MOST_PRINTS,
  type Print,
  printOfList,
  wholePrinter,
} from '#formats/bytes/weight-print.ts';
import type { ReadFile } from '#formats/reader.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { type Answers, tabularMemory, tabularSignature } from '#formats/tables/tabular-facts.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { readTail, type Tail } from './tail.ts';
import { isStatistic, type Lines, lightgbmTreeFault, linesOf } from './trees.ts';

export const read: ReadFile = inspectLightgbm;

/** The file's facts beyond those of all models. `classes` is 1 unless there are several. */
export type LightgbmFacts = ModelFacts & {
  readonly objective: string;
  readonly features: number;
  readonly columns: readonly string[];
  readonly classes: number;
  readonly trees: number;
};

type Header = Lines;

const SHORT_HEADER_BYTES = 64 * 1024;
const MAX_HEADER_BYTES = 8 * 2 ** 20;
const NODE_BYTES = 48;
const TREE = 'Tree=';
const RESAVE = "Save the model with Booster.save_model('model.txt') and upload the whole file.";

// Measured: LightGBM 4.6 gives the same answers as 3.3 for v3 files, and as 2.1 for v2 files, except for a v2 model whose trees are averaged.
const PACKAGES: Readonly<Record<string, string>> = {
  v2: 'lightgbm>=2.1,<5',
  v3: 'lightgbm>=2.3,<5',
  v4: 'lightgbm>=4,<5',
};
const AVERAGED_V2 = 'lightgbm>=2.1,<2.3';

/**
 * Reads the facts of a model that LightGBM saved as text, and checks each of its trees.
 * The file does not record its LightGBM version: `requirements` has the range of versions that answer alike. Fails with `ArtifactRejected`.
 */
export async function inspectLightgbm(source: ByteSource, file: string): Promise<LightgbmFacts> {
  const read = await readLightgbm(source, file);
  const { header, version, columns, texts, isNamed, trees, nodes, print } = read;
  const isAveraged = version === 'v2' && header.has('average_output');
  const features = columns.length;
  const weightBytes = nodes * NODE_BYTES;
  const classes = whole(header, 'num_class', file);
  const [objective = ''] = words(header.get('objective'));
  const names = isNamed ? columns : null;
  const ranges = keptRanges(read.ranges);
  return {
    format: 'lightgbm',
    formatVersion: version,
    framework: { name: 'lightgbm', version: null },
    pythonVersion: null,
    requirements: [isAveraged ? AVERAGED_V2 : (PACKAGES[version] ?? 'lightgbm')],
    signature: tabularSignature(file, { features, names, texts }, answersOf(objective, classes)),
    takesColumns: isNamed,
    parameters: nodes,
    weightBytes,
    dtypes: ['FP64'],
    ...(print && { weights: [{ name: 'trees', isFinal: true, ...print }] }),
    ...(ranges && { ranges }),
    memory: tabularMemory('lightgbm', weightBytes, isNamed),
    example: null,
    entrypoint: null,
    objective,
    features,
    columns,
    classes,
    trees,
  };
}

/** The content of a LightGBM file, read from start to end. Fails with `ArtifactRejected`. */
export async function readLightgbm(source: ByteSource, file: string) {
  const { header, treesAt } = await readHeader(source, file);
  const version = header.get('version') ?? '';
  if (!PACKAGES[version]) {
    throw rejected(
      `${file} has the LightGBM format ${quoted(version)}; the known ones are ${Object.keys(PACKAGES).join(', ')}`,
      RESAVE,
    );
  }
  const columns = columnsOf(header, file);
  const sizes = words(header.get('tree_sizes'));
  if (treesAt + sum(sizes) > source.sizeBytes) throw truncated(file);
  if (!sizes.every((size) => /^\d{1,10}$/.test(size))) {
    throw rejected(`${file} is damaged: the size of one of its trees is not a number`, RESAVE);
  }
  refuseCounts(header, file, sizes.length);
  const begin = Buffer.from(await source.read(treesAt, TREE.length)).toString('latin1');
  // Without sizes, LightGBM reads whatever trees it finds.
  if (!header.has('tree_sizes') || (sizes.length === 0 && begin === TREE)) {
    throw rejected(`${file} is damaged: it has trees but not their sizes`, RESAVE);
  }
  const { trees, nodes, print, missing } = await countNodes(source, treesAt, {
    sizes,
    file,
    features: columns.length,
    isForest: header.has('average_output'),
  });
  const tail = await readTail(source, file, version);
  if (!tail.isWhole) throw truncated(file);
  const texts = textColumns(file, { header, columns, tail });
  const ranges = words(header.get('feature_infos')).map((info, at) =>
    withMissing(rangeIn(info), missing.has(at)),
  );
  return {
    header,
    version,
    columns,
    texts,
    isNamed: isNamed(columns),
    trees,
    nodes,
    print,
    ranges,
  };
}

function truncated(file: string) {
  return rejected(`${file} is truncated: it ends before its trees or its parameters do`, RESAVE);
}

function columnsOf(header: Header, file: string): readonly string[] {
  const columns = words(header.get('feature_names'));
  const features = whole(header, 'max_feature_idx', file) + 1;
  if (columns.length === features) return columns;
  throw rejected(`${file} names ${columns.length} features and has ${features}`, RESAVE);
}

/** A column of numbers has the least and the largest of its training: `[4.3:7.9]`; one of categories has their codes, which are not what clients send. */
function rangeIn(info: string): ColumnRange {
  const [, low, high] = /^\[([^:]+):([^:]+)\]$/.exec(info) ?? [];
  return range(Number(low), Number(high));
}

function isNamed(columns: readonly string[]): boolean {
  return columns.some((name, index) => name !== `Column_${index}`);
}

function answersOf(objective: string, classes: number): Answers {
  if (objective === 'binary') return { classes: 2, label: 'INT64', probabilities: 'FP64' };
  if (objective === 'multiclass' || objective === 'multiclassova') {
    return { classes, label: 'INT64', probabilities: 'FP64' };
  }
  return { values: classes, prediction: 'FP64' };
}

async function readHeader(source: ByteSource, file: string) {
  const reader = readerOf(source);
  let bytes: Buffer = Buffer.alloc(0);
  let end = -1;
  for (let length = SHORT_HEADER_BYTES; end < 0 && length <= MAX_HEADER_BYTES; length *= 2) {
    bytes = Buffer.concat([bytes, await reader.take(length - bytes.length)]);
    end = bytes.indexOf('\n\n');
    if (bytes.length < length) break;
  }
  const text = bytes.toString('utf8', 0, Math.max(0, end));
  if (bytes.toString('latin1', 0, 6) === 'tree\r\n') {
    throw rejected(
      `${file} has the line ends of Windows, and LightGBM goes by the bytes between those of Unix`,
      "Save it again with Booster.save_model('model.txt'), and copy it as binary: in Git, `*.txt -text`.",
    );
  }
  // LightGBM stops at a NUL.
  if (!text.startsWith('tree\n') || end < 0 || text.includes('\0')) {
    throw rejected(
      `${file} is not a LightGBM model: it does not begin with the head of one`,
      RESAVE,
    );
  }
  const { lines: header, twice } = linesOf(text.split('\n').slice(1));
  if (twice !== undefined) throw rejected(`${file} has ${quoted(twice)} twice`, RESAVE);
  return { header, treesAt: end + 2 };
}

function textColumns(
  file: string,
  read: { readonly header: Header; readonly columns: readonly string[]; readonly tail: Tail },
): ReadonlySet<string> {
  const { categories, categorical } = read.tail;
  const coded = categorical ?? codedColumns(words(read.header.get('feature_infos')));
  if (categories.length > 0 && categories.length !== coded.length) {
    throw rejected(
      `${file} has ${categories.length} columns of categories, and ${coded.length} that are categorical: it does not say which is which`,
      "Train it with pandas' categories or with categorical_feature, not with both.",
    );
  }
  const texts = coded.filter((_, at) => categories[at] === 'texts');
  return new Set(texts.map((index) => read.columns[index] ?? ''));
}

/** The categorical columns of a file without parameters: their infos list their codes, where other columns have a range. */
function codedColumns(infos: readonly string[]): readonly number[] {
  return infos.flatMap((info, index) => (/^-?\d/.test(info) ? [index] : []));
}

type Trees = {
  readonly sizes: readonly string[];
  readonly features: number;
  readonly file: string;
  /** Whether the trees are averaged, and so trained apart from each other. */
  readonly isForest: boolean;
};

/** A tree with n leaves has n - 1 inner nodes. LightGBM trusts the sizes, and takes the bytes at each offset for a tree. */
async function countNodes(
  source: ByteSource,
  treesAt: number,
  { sizes, features, file, isForest }: Trees,
) {
  const reader = readerOf(source, treesAt);
  const prints: Print[] = [];
  const statistics = wholePrinter();
  const missing = new Set<number>();
  let nodes = 0;
  for (const [index, size] of sizes.entries()) {
    const text = Buffer.from(await reader.take(Number(size))).toString('latin1');
    const [, number, leaves] = /^Tree=(\d+)\nnum_leaves=(\d{1,9})\n/.exec(text) ?? [];
    const isThere = Number(number) === index && text.length === Number(size);
    const fault = isThere
      ? lightgbmTreeFault(text, features, missing)
      : 'does not stand where its size says';
    if (fault) throw rejected(`${file} is damaged: its tree ${index} ${fault}`, RESAVE);
    const ownNodes = 2 * Number(leaves) - 1;
    nodes += ownNodes;
    if (sizes.length > MOST_PRINTS) continue;
    const lines = text.split('\n').slice(1);
    prints.push(printOfTree(lines, ownNodes));
    statistics.see(Buffer.from(lines.filter(isStatistic).join('\n')));
  }
  const known = isForest ? printsOfForest(prints, statistics.print()) : prints;
  return {
    trees: sizes.length,
    nodes,
    missing,
    print: known.length > 0 ? printOfList(known) : undefined,
  };
}

/** Without the statistics of the training, which no answer depends on. Its size is that of its nodes, since another number may have another number of digits. */
function printOfTree(lines: readonly string[], nodes: number): Print {
  const { see, print } = wholePrinter();
  see(Buffer.from(lines.filter((line) => !isStatistic(line)).join('\n')));
  return { ...print(), bytes: nodes * NODE_BYTES };
}

/**
 * Another training keeps the trees of a forest that did not see what it corrects, and changes the statistics of the others. So each print has the statistics of all trees in it:
 * prints of trees that are the same show that no tree was trained again. Empty for a file without statistics.
 */
function printsOfForest(prints: readonly Print[], { bytes, pieces }: Print): readonly Print[] {
  if (bytes === 0) return [];
  return prints.map((print) => ({
    ...print,
    pieces: [digestOf([...print.pieces, ...pieces].join())],
  }));
}

/** LightGBM allocates memory for this many classes, and assigns the trees to them in turn. */
function refuseCounts(header: Header, file: string, trees: number): void {
  const [classes, perRound] = ['num_class', 'num_tree_per_iteration'].map((key) =>
    whole(header, key, file),
  );
  const most = Math.max(1, trees);
  const isSound = [classes, perRound].every((count = 0) => count >= 1 && count <= most);
  if (isSound && trees % (perRound ?? 1) === 0) return;
  throw rejected(
    `${file} says that it has ${classes} classes and ${perRound} trees for each round; it has ${trees} trees`,
    RESAVE,
  );
}

function sum(sizes: readonly string[]): number {
  return sizes.reduce((total, size) => total + Number(size), 0);
}

function words(line: string | undefined): readonly string[] {
  return (line ?? '').split(' ').filter((word) => word !== '');
}

function whole(header: Header, key: string, file: string): number {
  const value = header.get(key)?.trim() ?? '';
  if (/^\d{1,8}$/.test(value)) return Number(value);
  throw rejected(`${file} is not a complete LightGBM model: it has no ${key}`, RESAVE);
}
