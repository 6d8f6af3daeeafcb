import type { Framework, ModelFacts } from '#domain/artifact/facts.ts';
import { zipFiles } from '#formats/archives/zip-read.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { memorySource } from '#formats/bytes/memory-source.ts';
import {
  BOOSTER_HEAD_BYTES,
  boosterBegins,
  type HeldBooster,
  readBooster,
} from '#formats/pickle/held-boosters.ts';
import { datatypeOf } from '#formats/pickle/numpy-dtype.ts';
import { type Instance, isInstance, type Value } from '#formats/pickle/values.ts';
import type { ReadFile } from '#formats/reader.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import {
  ESTIMATOR_PACKAGES,
  type EstimatorFacts,
  estimatorFacts,
  onTables,
} from '#formats/sklearn/estimator-facts.ts';
import { readEstimator } from '#formats/sklearn/model.ts';
import { outputTables } from '#formats/sklearn/output-tables.ts';
import { tabularMemory } from '#formats/tables/tabular-facts.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { type Held, readSkopsTree } from './tree.ts';
import { skopsTypes } from './types.ts';

export const read: ReadFile = (source, name, { allowed, absent }) =>
  inspectSkops(source, name, allowed, absent);

export type SkopsFacts = ModelFacts & EstimatorFacts;

// Each array is a member, and a tree of a forest has four.
const MAX_MEMBERS = 20_000;
const MAX_BYTES = 64 * 2 ** 30;
const MAX_SCHEMA_BYTES = 16 * 2 ** 20;
// 0.9 writes 1, and 0.10 to 0.16 write 2.
const PROTOCOLS: readonly number[] = [1, 2];
// This is not the version that the file names: the newest release reads all of them, and fixes vulnerabilities found in older ones.
const READER = 'skops>=0.13,<1';
const NODE_BYTES = 500;
const RESAVE = 'Save the model with skops.io.dump and upload the whole file.';

/**
 * Reads the facts of an estimator that skops saved: its tree of types and values, and the headers of its arrays.
 * `allowed` are the names that the manifest allows besides the known ones; `absent` are those of them whose module was not found. Fails with `ArtifactRejected`.
 */
export async function inspectSkops(
  source: ByteSource,
  file: string,
  allowed: readonly string[],
  absent: readonly string[] = [],
): Promise<SkopsFacts> {
  const files = await zipFiles(source, file, { maxBytes: MAX_BYTES, maxEntries: MAX_MEMBERS });
  const written = files.find(({ name }) => name === 'schema.json');
  if (!written) throw rejected(`${file} is not a skops file: it has no schema.json`, RESAVE);
  if (written.sizeBytes > MAX_SCHEMA_BYTES) {
    throw rejected(
      `${file} describes its model in ${written.sizeBytes} bytes; the limit is ${MAX_SCHEMA_BYTES}`,
      'Save the model with joblib.dump, or convert it to ONNX.',
    );
  }
  const bytes = await (await written.open()).read(0, written.sizeBytes);
  const schema = schemaOf(bytes, file);
  const types = skopsTypes(file, allowed, absent);
  // Unknown names say more than the damage, which may be deliberate.
  const tree = await readSkopsTree(schema, file, { files, types }).catch((error: unknown) => {
    types.refuseUnknown();
    throw error;
  });
  types.refuseUnknown();

  const estimator = estimatorOf(tree.root, file);
  const protocol = protocolOf(schema, file);
  const framework = frameworkOf(estimator, tree.sklearnVersions, file);
  const members = files.filter(({ name }) => name.endsWith('.bin'));
  const boosters: HeldBooster[] = [];
  for (const held of tree.boosters) boosters.push(await boosterIn(held, files, file));
  const said = onTables(estimator, readEstimator(estimator), boosters);
  const weightBytes = members.reduce((sum, { sizeBytes }) => sum + sizeBytes, tree.weightBytes);
  const [sklearn] = tree.sklearnVersions;
  return {
    format: 'skops',
    formatVersion: `protocol ${protocol}`,
    framework,
    requirements: [
      READER,
      ...(framework.name === 'scikit-learn'
        ? []
        : [sklearn === undefined ? 'scikit-learn' : `scikit-learn==${sklearn}`]),
      ...outputTables(estimator),
    ],
    ...estimatorFacts(file, estimator, said),
    parameters: tree.elements,
    weightBytes,
    dtypes: [...new Set([...tree.codes].map(protocolName))].sort(),
    memory: [
      ...tabularMemory('skops', weightBytes, said.columns !== null),
      { name: 'objects of Python', bytes: tree.nodes * NODE_BYTES },
    ],
  };
}

async function boosterIn(
  { library, text, member }: Held,
  files: readonly ArtifactFile[],
  file: string,
): Promise<HeldBooster> {
  const found = files.find(({ name }) => name === member);
  const source = text === undefined ? await found?.open() : memorySource(Buffer.from(text));
  const head = await source?.read(0, BOOSTER_HEAD_BYTES);
  const begins = boosterBegins(Buffer.from(head ?? []).toString('latin1'));
  if (source && begins === library) return readBooster(source, `the model in ${file}`, library);
  throw rejected(`${file} holds a booster that is not a valid model of ${library}`, RESAVE);
}

function schemaOf(bytes: Uint8Array, file: string): Readonly<Record<string, unknown>> {
  try {
    const schema: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof schema === 'object' && schema !== null) return { ...schema };
  } catch {}
  throw rejected(`${file} is not a skops file: its schema.json is not a JSON object`, RESAVE);
}

/** The protocol decides how skops reads a node, and it reads older nodes less strictly. */
function protocolOf({ protocol }: Readonly<Record<string, unknown>>, file: string): number {
  if (typeof protocol === 'number' && PROTOCOLS.includes(protocol)) return protocol;
  throw rejected(
    `${file} has the skops protocol ${quoted(JSON.stringify(protocol) ?? 'none')}; the known ones are ${PROTOCOLS.join(' and ')}`,
    'Save the model again with skops.io.dump of skops 0.9 or later.',
  );
}

function estimatorOf(root: Value, file: string): Instance {
  if (isInstance(root)) return root;
  throw rejected(
    `${file} does not hold one fitted estimator`,
    'Save the estimator itself, or a Pipeline of all its steps, with skops.io.dump.',
  );
}

function frameworkOf({ of }: Instance, versions: ReadonlySet<string>, file: string): Framework {
  const name =
    ESTIMATOR_PACKAGES[of.module.split('.')[0] ?? ''] ?? (versions.size > 0 && 'scikit-learn');
  const [sklearn = null] = versions;
  if (name) return { name, version: name === 'scikit-learn' ? sklearn : null };
  throw rejected(
    `${file} holds an object of ${quoted(of.name)}, which is not an estimator of a known framework`,
    'Save the fitted estimator itself, or bring a predict.py that loads it.',
  );
}

function protocolName(code: string): string {
  return datatypeOf({ kind: 'dtype', code, itemBytes: 0, isBuilt: true });
}
