import type { ModelFacts } from '#domain/artifact/facts.ts';
import { BY_CODE } from '#domain/artifact/ways-out.ts';
import { within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { openWire } from '#formats/bytes/protobuf-walk.ts';
import type { ReadFolder } from '#formats/reader.ts';
import { listed, quoted, rejected } from '#formats/rejected.ts';
import { refuseEndlessCalls } from '#formats/tensorflow/function-calls.ts';
import { type MetaGraph, readMetaGraphs } from '#formats/tensorflow/meta-graph.ts';
import { variablePrints } from '#formats/tensorflow/prints.ts';
import { BY_OPENVINO, openvinoMemory } from '#formats/tensorflow/served.ts';
import { elementsOf, signatureOf } from '#formats/tensorflow/tensor-types.ts';
import { readVariables } from '#formats/tensorflow/variables.ts';

export const read: ReadFolder = (files, root) => inspectSavedModel(files, root);

/** The facts in a SavedModel beyond those of all models; both lists of names are sorted. */
export type SavedModelFacts = ModelFacts & {
  readonly format: 'savedmodel';
  readonly signatures: readonly string[];
  readonly operators: readonly string[];
};

const LIMITS = { readBytes: 512 * 2 ** 20, messages: 2_000_000, contentBytes: 64 * 2 ** 20 };
const SERVE = 'serve';
const DEFAULT = 'serving_default';
// The operation that TensorFlow runs once when it loads a model.
const INITIAL = '__saved_model_init_op';
const MOST_OPERATORS = 200;
// A graph of 4,001 nodes, with as many functions, was measured at 80 MiB.
const NODE_BYTES = 20 * 1024;
// Operators that run Python code, or read and write files of the machine.
const REACHING_OUT =
  /^((Eager)?PyFunc(Stateless)?|(Read|Write)File|MatchingFiles|(Save|Restore)Slices?|.*Dataset(V\d)?|\w*Reader(V\d)?|InitializeTableFromTextFile(V\d)?|LoadAndRemapMatrix|ImmutableConst|DebugIdentity(V\d)?)$/;

/**
 * Reads the facts of the SavedModel in the folder `root`: its signature and graph, and the types, shapes and prints of its variables.
 * The object graph, from which TensorFlow would rebuild Python's objects, is never read; the list of the checkpoint gives names alone. Fails with `ArtifactRejected`.
 */
export async function inspectSavedModel(
  files: readonly ArtifactFile[],
  root: string,
): Promise<SavedModelFacts> {
  const name = within(root, 'saved_model.pb');
  const written = files.find((file) => file.name === name);
  if (!written) throw rejected(`${name} is missing`, 'Upload the whole folder.');
  const graphs = await readMetaGraphs(openWire(await written.open(), name, LIMITS));
  const graph = graphs.find(({ tags }) => tags.includes(SERVE));
  if (!graph) throw rejected(`${name} has no graph with the tag ${quoted(SERVE)}`, RESAVE);
  refuseReachingOut(graph, name);
  refuseEndlessCalls(graph.functions, name);
  const signature = servedSignature(graph, name);
  const variables = await readVariables(files, root);
  const weightBytes = variables?.bytes ?? written.sizeBytes;
  const weights = variables && (await variablePrints(variables, graph.operators));
  return {
    format: 'savedmodel',
    formatVersion: versionOf(graph),
    ...BY_OPENVINO,
    signature,
    parameters: variables?.parameters ?? null,
    weightBytes,
    dtypes: variables?.dtypes ?? [],
    ...(weights && { weights }),
    memory: openvinoMemory({
      weightBytes: weightBytes + written.sizeBytes,
      activationBytes: endsBytes(graph),
      graphBytes: graph.nodes * NODE_BYTES,
    }),
    signatures: [...graph.signatures.keys()].filter((name) => name !== INITIAL).sort(),
    operators: [...graph.operators].sort().slice(0, MOST_OPERATORS),
  };
}

const RESAVE =
  'Save it with a signature: `model.export(FOLDER)` in Keras 3, `tf.saved_model.save(model, FOLDER, signatures=…)` in TensorFlow.';

const RENAME =
  'Save it again with the one to be served: `m = tf.saved_model.load(FOLDER)`, `tf.saved_model.save(m, ANOTHER, signatures=m.signatures[NAME])`.';

function servedSignature({ signatures }: MetaGraph, file: string) {
  const found = signatures.get(DEFAULT);
  if (found) return signatureOf(file, found);
  const others = [...signatures.keys()].filter((name) => name !== INITIAL);
  throw rejected(
    `${file} has no signature ${quoted(DEFAULT)}; it has ${listed(others) || 'none'}`,
    others.length > 0 ? RENAME : RESAVE,
  );
}

function refuseReachingOut({ operators }: MetaGraph, file: string): void {
  const found = [...operators].filter((operator) => REACHING_OUT.test(operator)).sort();
  const [one] = found;
  if (one === undefined) return;
  throw rejected(
    `${file} has the operator ${quoted(one)}, which runs code or reads files outside the graph`,
    `Export the model without it, or ${BY_CODE}.`,
  );
}

function versionOf({ tensorflowVersion }: MetaGraph): string {
  return /^[\w.+-]{1,40}$/.test(tensorflowVersion) ? `TensorFlow ${tensorflowVersion}` : '';
}

/** The size of a row's inputs and outputs: a graph does not record the shapes between them. */
function endsBytes({ signatures }: MetaGraph): number {
  const { inputs = [], outputs = [] } = signatures.get(DEFAULT) ?? {};
  return [...inputs, ...outputs].reduce(
    (sum, { shape, type }) => sum + (elementsOf(shape ?? []) * type.bits) / 8,
    0,
  );
}
