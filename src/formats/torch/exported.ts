import * as z from 'zod/mini';
import type { Datatype, Signature, TensorSpec } from '#domain/artifact/signature.ts';
import { parseJson } from '#domain/parse-json.ts';
import { tensorPrints } from '#formats/bytes/tensor-prints.ts';
import { readText } from '#formats/bytes/text-file.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { EXPORT_AGAIN as AGAIN, RESAVE, type TorchArchive } from './archive.ts';
import { fittedIn, type Parameter } from './fitted.ts';
import { torchGlobals } from './globals.ts';
import { openInner, scanMember } from './pickled.ts';
import { refuseOddProgram } from './program.ts';

const MODEL = 'models/model.json';
const WEIGHTS = 'data/weights/';
const CONSTANTS = 'data/constants/';
const SAMPLES = 'data/sample_inputs/model.pt';
const MAX_JSON_BYTES = 64 * 2 ** 20;
const OWN = /^(\.?data\/|byteorder$|archive_(format|version)$|models\/model\.json$|extra\/)/;
const ARCHIVE_VERSION = '0';
const SCHEMA = 8;
const FRACTIONS = /^(FP|BF)/;

/** The types by the numbers of torch's schema: the protocol's name or torch's own, and the bytes of one number. */
const SCALARS: Readonly<Record<number, readonly [string, number, Datatype | null]>> = {
  1: ['UINT8', 1, 'UINT8'],
  2: ['INT8', 1, 'INT8'],
  3: ['INT16', 2, 'INT16'],
  4: ['INT32', 4, 'INT32'],
  5: ['INT64', 8, 'INT64'],
  6: ['FP16', 2, 'FP16'],
  7: ['FP32', 4, 'FP32'],
  8: ['FP64', 8, 'FP64'],
  10: ['complex64', 8, null],
  11: ['complex128', 16, null],
  12: ['BOOL', 1, 'BOOL'],
  13: ['BF16', 2, null],
};

const size = z.union([z.object({ as_int: z.int() }), z.object({ as_expr: z.unknown() })]);
const tensorMeta = z.object({ dtype: z.int(), sizes: z.array(size) });
const weightsConfig = z.object({
  config: z.record(
    z.string(),
    z.object({
      path_name: z.string(),
      is_param: z.optional(z.boolean()),
      use_pickle: z.boolean(),
      tensor_meta: z.nullish(tensorMeta),
    }),
  ),
});
const userInput = z.object({
  user_input: z.object({ arg: z.object({ as_tensor: z.object({ name: z.string() }) }) }),
});
const program = z.object({
  graph_module: z.object({
    graph: z.object({
      nodes: z.array(z.object({ target: z.string(), inputs: z.array(z.unknown()) })),
      tensor_values: z.record(z.string(), tensorMeta),
    }),
    signature: z.object({ input_specs: z.array(z.unknown()) }),
  }),
  schema_version: z.object({ major: z.int(), minor: z.int() }),
  torch_version: z.optional(z.string()),
});

/** The content of an exported program: every name and expression of its graph is checked, since torch turns them into Python. */
export async function readExported(archive: TorchArchive) {
  const { file } = archive;
  refuseCompiled(archive);
  const version = await textOf(archive, 'archive_version');
  if (version?.trim() !== ARCHIVE_VERSION) {
    throw rejected(
      `${file} has the archive version ${quoted(version ?? 'none')}; torch reads ${ARCHIVE_VERSION}`,
      AGAIN,
    );
  }
  const written = parseJson((await textOf(archive, MODEL)) ?? '');
  const { data } = program.safeParse(written);
  if (!data) throw rejected(`${file} is damaged: its ${MODEL} is not an exported program`, AGAIN);
  const { major, minor } = data.schema_version;
  if (major !== SCHEMA) {
    throw rejected(
      `${file} has the schema ${major}.${minor}; this version serves ${SCHEMA}`,
      AGAIN,
    );
  }
  refuseOddProgram(file, written);
  await refuseSamples(archive);
  const { found, ...weights } = await weightsOf(archive);
  const { graph, signature } = data.graph_module;
  const prints = await tensorPrints(
    await fittedIn({ nodes: graph.nodes, specs: signature.input_specs }, found),
  );
  return {
    ...weights,
    ...(prints && { weights: prints }),
    schema: `${major}.${minor}`,
    torchVersion: data.torch_version ?? null,
    signature: signatureOf(file, data),
  };
}

function refuseCompiled({ file, members }: TorchArchive): void {
  const odd = [...members.keys()].find(
    (path) => !OWN.test(path) || path.startsWith('data/aotinductor'),
  );
  if (odd === undefined) return;
  throw rejected(
    `${file} has ${quoted(odd)}: compiled code, or another model than the one in ${MODEL}`,
    'Upload the program as torch.export.save writes it, one in a file.',
  );
}

/** The sample inputs of the export are a pickle, which torch loads with the program. */
async function refuseSamples(archive: TorchArchive): Promise<void> {
  const member = archive.members.get(SAMPLES);
  if (!member) return;
  const inner = await openInner(archive, member);
  const data = inner.members.get('data.pkl');
  const globals = torchGlobals({ hasCode: false });
  if (data) await scanMember(inner, data, globals);
  const [other] = globals.others();
  if (other === undefined) return;
  throw rejected(
    `${archive.file}: its ${SAMPLES} names ${quoted(other)}, which no tensor does`,
    'Export it with inputs that are tensors, lists and dicts of them.',
  );
}

async function weightsOf(archive: TorchArchive) {
  let [parameters, weightBytes] = [0, 0];
  const dtypes = new Set<string>();
  const found: Parameter[] = [];
  const listed = [
    [WEIGHTS, `${WEIGHTS}model_weights_config.json`],
    [CONSTANTS, `${CONSTANTS}model_constants_config.json`],
  ] as const;
  for (const [folder, path] of listed) {
    const { data } = weightsConfig.safeParse(parseJson((await textOf(archive, path)) ?? ''));
    if (!data) throw rejected(`${archive.file} is damaged: its ${path} lists no weights`, AGAIN);
    for (const [name, said] of Object.entries(data.config)) {
      const place = `${folder}${said.path_name}`;
      const { count, dtype, itemBytes, bytes } = tensorOf(archive, place, name, said);
      parameters += count;
      weightBytes += bytes;
      dtypes.add(dtype);
      const member = archive.members.get(place);
      const isWhole = count > 0 && count * itemBytes === bytes;
      if (said.is_param && isWhole && member && FRACTIONS.test(dtype)) {
        found.push({ name, member, itemBytes });
      }
    }
  }
  return { parameters, weightBytes, dtypes: [...dtypes].sort(), found };
}

type Said = z.infer<typeof weightsConfig>['config'][string];

/** A weight by its description, checked against the member that has its bytes. */
function tensorOf({ file, members }: TorchArchive, path: string, name: string, said: Said) {
  const { use_pickle, tensor_meta } = said;
  const [dtype, itemBytes] = SCALARS[tensor_meta?.dtype ?? 0] ?? [];
  if (use_pickle || !tensor_meta || dtype === undefined || itemBytes === undefined) {
    throw rejected(
      `${file}: its ${quoted(name)} is not a plain tensor, so loading it can run any code`,
      'Export a module whose parameters, buffers and constants are plain tensors.',
    );
  }
  const sizes = tensor_meta.sizes.map((dim) => ('as_int' in dim ? dim.as_int : -1));
  const count = sizes.reduce((product, dim) => product * dim, 1);
  const bytes = members.get(path)?.sizeBytes ?? -1;
  if (sizes.every((dim) => dim >= 0) && count * itemBytes <= bytes) {
    return { count, dtype, itemBytes, bytes };
  }
  throw rejected(
    `${file} is damaged: its ${quoted(name)} takes ${count * itemBytes} bytes, and has ${Math.max(0, bytes)}`,
    RESAVE,
  );
}

function signatureOf(file: string, { graph_module }: z.infer<typeof program>): Signature {
  const { graph, signature } = graph_module;
  const specs: TensorSpec[] = [];
  for (const each of signature.input_specs) {
    if (typeof each !== 'object' || each === null || !('user_input' in each)) continue;
    const name = userInput.safeParse(each).data?.user_input.arg.as_tensor.name;
    const meta = name === undefined ? undefined : graph.tensor_values[name];
    const datatype = SCALARS[meta?.dtype ?? 0]?.[2];
    if (name === undefined || !meta || !datatype) {
      throw rejected(
        `${file} takes an input that is not a tensor of numbers`,
        'Export it with inputs that are all tensors: numbers as constants of the module.',
      );
    }
    const shape = meta.sizes.map((dim) => ('as_int' in dim ? dim.as_int : -1));
    specs.push({ name, datatype, shape });
  }
  return { inputs: specs, outputs: [] };
}

async function textOf({ members }: TorchArchive, path: string): Promise<string | undefined> {
  const member = members.get(path);
  return member && readText(member, MAX_JSON_BYTES);
}
