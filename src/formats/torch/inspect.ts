import type { ModelFacts } from '#domain/artifact/facts.ts';
import type { MemoryTerm } from '#domain/artifact/memory-term.ts';
import { readText } from '#formats/bytes/text-file.ts';
import type { ReadFile } from '#formats/reader.ts';
import type { ByteSource } from '#ports/artifact-store.ts';
import { openTorch, type TorchArchive } from './archive.ts';
import { readExported } from './exported.ts';
import { refuseOldFile, refuseOldScript, refusePickle } from './refused.ts';
import { readScript } from './script.ts';

export const read: ReadFile = inspectTorch;

// Each version reads the files of the versions before it. The wheel for x86-64 brings CUDA, 5.2 GB installed; PyTorch's own index has one of 200 MB.
const ENGINE = 'torch==2.15.0';
// The package with which torch's converter writes ONNX.
const CONVERTER = 'onnxscript>=0.5';
const HEAD_BYTES = 512;
const MIB = 1024 * 1024;
// Measured with an empty module: Python, numpy and torch with CUDA's libraries, which are unused.
const SERVER_BYTES = 780 * MIB;
const COPIES = 1.5;

/** Reads the facts of a module that torch saved with its code. Fails with `ArtifactRejected` for weights alone, and for anything that could run other code. */
export async function inspectTorch(source: ByteSource, file: string): Promise<ModelFacts> {
  const head = Buffer.from(await source.read(0, Math.min(HEAD_BYTES, source.sizeBytes)));
  refuseOldFile(head, file);
  const archive = await openTorch(source, file);
  if (archive.members.has('archive_format') || archive.members.has('models/model.json')) {
    const { schema, torchVersion, ...program } = await readExported(archive);
    const version = torchVersion === null ? '' : `, by torch ${torchVersion}`;
    return {
      ...COMMON,
      formatVersion: `exported program, schema ${schema}${version}`,
      entrypoint: null,
      ...weighing(program),
    };
  }
  if (archive.members.has('constants.pkl')) {
    const { entrypoint, ...script } = await readScript(archive);
    return {
      ...COMMON,
      formatVersion: `TorchScript, archive ${await versionOf(archive)}`,
      entrypoint,
      ...weighing(script),
    };
  }
  refuseOldScript(archive);
  throw await refusePickle(archive);
}

const COMMON = {
  format: 'torch',
  framework: null,
  pythonVersion: null,
  requirements: [ENGINE, CONVERTER],
  takesColumns: false,
  example: null,
} as const;

type Weighed = Pick<ModelFacts, 'parameters' | 'weightBytes' | 'dtypes' | 'signature' | 'weights'>;

function weighing(found: Weighed): Weighed & { readonly memory: readonly MemoryTerm[] } {
  const { parameters, weightBytes, dtypes, signature, weights } = found;
  const memory = [
    { name: 'the server and PyTorch', bytes: SERVER_BYTES },
    {
      name: 'the weights, and what a request is computed in',
      bytes: Math.ceil(weightBytes * COPIES),
    },
  ];
  return { parameters, weightBytes, dtypes, signature, ...(weights && { weights }), memory };
}

async function versionOf({ members }: TorchArchive): Promise<string> {
  const member = members.get('version') ?? members.get('.data/version');
  return member ? (await readText(member, 64)).trim() : 'unknown';
}
