import { keptRanges } from '#domain/artifact/column-range.ts';
import type { Framework, ModelFacts } from '#domain/artifact/facts.ts';
import { BY_CODE } from '#domain/artifact/ways-out.ts';
import { Failure } from '#domain/failure.ts';
import { readerOf, readerOfStream } from '#formats/bytes/byte-reader.ts';
import { type Compression, compressionOf, decompress } from '#formats/bytes/decompress.ts';
import { fixOf, HEAD_BYTES, recognise } from '#formats/known-formats.ts';
import { type PickleGlobals, pickleGlobals, rootOf } from '#formats/pickle/globals.ts';
import type { PickleTally } from '#formats/pickle/machine.ts';
import { isPrinted } from '#formats/pickle/prints.ts';
import { newTally, type Pickled, scanPickle } from '#formats/pickle/scan.ts';
import {
  type Instance,
  isInstance,
  isThing,
  type Uses,
  type Value,
} from '#formats/pickle/values.ts';
import type { ReadFile } from '#formats/reader.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { tabularMemory } from '#formats/tables/tabular-facts.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import {
  ESTIMATOR_PACKAGES,
  type EstimatorFacts,
  estimatorFacts,
  onTables,
} from './estimator-facts.ts';
import { readEstimator } from './model.ts';
import { outputTables } from './output-tables.ts';
import { rangesOf } from './ranges.ts';
import { weightsOf } from './weights.ts';

export const read: ReadFile = (source, name, { allowed, absent }) =>
  inspectSklearn(source, name, allowed, absent);

/** The facts that a pickled estimator records beyond those of all models; null where it records nothing. */
export type SklearnFacts = ModelFacts & EstimatorFacts & { readonly format: 'sklearn' };

// The memory of the unpickled objects besides their arrays, estimated per opcode.
const OPCODE_BYTES = 24;

/**
 * Reads the facts of an estimator that pickle or joblib wrote, by following its opcodes without creating anything.
 * `allowed` are the names that the manifest allows besides the known ones; `absent` are those of them whose module was not found. Fails with `ArtifactRejected`.
 */
export async function inspectSklearn(
  source: ByteSource,
  file: string,
  allowed: readonly string[],
  absent: readonly string[] = [],
): Promise<SklearnFacts> {
  const { reader, compression } = await openPickle(source, file);
  const { root, tally } = await scanPickle(reader, file, {
    globals: pickleGlobals(file, allowed, absent),
  });
  const estimator = estimatorOf(root, file);
  const framework = frameworkOf(estimator, tally, file);
  const { boosters } = tally;
  const read = onTables(estimator, readEstimator(estimator), boosters);
  const [held] = boosters.filter(({ library }) => library === 'xgboost');
  const said = { ...read, features: read.features ?? held?.features ?? null };
  const weights = isPrinted(tally) ? weightsOf(estimator) : undefined;
  const [booster, another] = boosters;
  const trees = { thresholds: tally.thresholds, booster: another ? undefined : booster?.ranges };
  const ranges = keptRanges(rangesOf(estimator, said, trees));
  return {
    format: 'sklearn',
    formatVersion: versionOf({ root, tally }, compression),
    framework,
    requirements: [
      ...requirementsOf(framework, tally),
      // joblib reads it with a package that it does not require.
      ...(compression === 'lz4' ? ['lz4'] : []),
      ...outputTables(estimator),
    ],
    ...estimatorFacts(file, estimator, said),
    parameters: boosters.length > 0 ? null : tally.elements,
    weightBytes: tally.weightBytes,
    dtypes: [...tally.dtypes].sort(),
    ...(weights && { weights }),
    ...(ranges && { ranges }),
    memory: [
      ...tabularMemory(framework.name, tally.weightBytes, said.columns !== null),
      { name: 'objects of Python', bytes: tally.opcodes * OPCODE_BYTES },
    ],
  };
}

/** The needs of a pickle where it is loaded, as far as they can be read. */
export type PickledNeeds = {
  /** The top-level modules of the names in it, without those that can never be allowed. */
  readonly roots: readonly string[];
  /** The version of scikit-learn that wrote it; null where there is none, or several. */
  readonly sklearn: string | null;
  /** Its classes and functions that were defined in a notebook or script. */
  readonly ofScript: readonly string[];
};

export async function pickledNeeds(source: ByteSource, file: string): Promise<PickledNeeds> {
  const globals = toTheEnd(pickleGlobals(file, []));
  const tally = newTally();
  try {
    const { reader } = await openPickle(source, file);
    await scanPickle(reader, file, { globals, tally });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
  }
  const [sklearn = null, another] = tally.sklearnVersions;
  const known = [...tally.modules].map(rootOf);
  const roots = [...new Set([...globals.foreignRoots(), ...known])];
  return { roots, sklearn: another === undefined ? sklearn : null, ofScript: globals.ofScript() };
}

const ANY_USE: Uses = { call: true, make: true, fill: true, takesAnyState: true };

/** Code may load a pickle with any names: the whole pickle is followed, since needed names may come after forbidden ones. */
function toTheEnd(globals: PickleGlobals): PickleGlobals {
  return {
    ...globals,
    find: (...named) => ({ ...globals.find(...named), uses: ANY_USE }),
    refuseUnknown: () => undefined,
  };
}

async function openPickle(source: ByteSource, file: string) {
  const compression = compressionOf(await headOf(source, file));
  const bytes = readerOf(source);
  const reader = compression ? readerOfStream(decompress(bytes, compression, file)) : bytes;
  return { reader, compression };
}

async function headOf(source: ByteSource, file: string): Promise<Uint8Array> {
  if (source.sizeBytes === 0) throw rejected(`${file} is empty`, 'Upload the whole file again.');
  const head = await source.read(0, HEAD_BYTES);
  const other = recognise('', head);
  if (!other || compressionOf(head) || head[0] === PROTO) return head;
  throw rejected(`${file} is ${other.what}, not a pickle`, fixOf(other));
}

const PROTO = 0x80;

function versionOf({ tally }: Pickled, compression: Compression | null): string {
  const writer = tally.isJoblib || compression ? ['joblib'] : [];
  return [`pickle ${tally.protocol}`, ...writer, ...(compression ? [compression] : [])].join(', ');
}

function estimatorOf(root: Value, file: string): Instance {
  if (isInstance(root)) return root;
  const kind = isThing(root) ? KINDS[root.kind] : undefined;
  throw rejected(
    `${file} holds ${kind ?? 'a plain value'}, not one fitted estimator`,
    `Save the estimator itself, or a Pipeline of all its steps, with joblib.dump, or ${BY_CODE}.`,
  );
}

const KINDS: Readonly<Record<string, string>> = {
  tuple: 'a tuple',
  list: 'a list',
  dict: 'a dict',
  array: 'an array',
  bytes: 'bytes',
  global: 'a class or function itself',
};

function frameworkOf({ of }: Instance, tally: PickleTally, file: string): Framework {
  const root = of.module.split('.')[0] ?? '';
  const name =
    ESTIMATOR_PACKAGES[root] ?? (tally.sklearnVersions.size > 0 ? 'scikit-learn' : undefined);
  if (name) return { name, version: madeBy(name, tally) };
  throw rejected(
    `${file} holds an object of ${quoted(of.name)}, which is not an estimator of scikit-learn, XGBoost, LightGBM or CatBoost`,
    `Save the fitted estimator itself with joblib.dump, or ${BY_CODE}.`,
  );
}

/** The version of the library; for libraries other than scikit-learn, from the model that they keep in a string or bytes. */
function madeBy(name: string, { boosters, sklearnVersions }: PickleTally): string | null {
  if (name === 'scikit-learn') return [...sklearnVersions][0] ?? null;
  return boosters.find(({ library }) => library === name)?.version ?? null;
}

/** The other packages that it names, and the versions of numpy and scipy that can load it: numpy moved its modules in version 2, and scipy has changed the content of splines. */
function requirementsOf(framework: Framework, tally: PickleTally): readonly string[] {
  const modules = [...tally.modules];
  const names = (root: string) => modules.some((module) => module.split('.')[0] === root);
  const [sklearn = ''] = tally.sklearnVersions;
  const others = Object.entries(ESTIMATOR_PACKAGES)
    .filter(([root, name]) => name !== framework.name && names(root))
    .map(([, name]) => (name === 'scikit-learn' && sklearn ? `${name}==${sklearn}` : name));
  const needsSklearn =
    /^(xgboost|lightgbm)$/.test(framework.name) &&
    !others.some((one) => one.startsWith('scikit-learn'));
  const numpy = modules.some((module) => module.startsWith('numpy._core')) ? 'numpy>=2' : 'numpy<2';
  const hasNumpy = modules.some((module) => /^numpy\._?core/.test(module));
  return [
    ...others,
    ...(needsSklearn ? ['scikit-learn'] : []),
    ...(hasNumpy ? [numpy] : []),
    ...tally.scipy,
  ];
}
