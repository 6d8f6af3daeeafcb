import {
  DATATYPES,
  type Datatype,
  type Signature,
  type TensorSpec,
} from '#domain/artifact/signature.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { tensorPrints } from '#formats/bytes/tensor-prints.ts';
import { readText } from '#formats/bytes/text-file.ts';
import { type Instance, isInstance, isThing, itemsOf, type Value } from '#formats/pickle/values.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { RESAVE, type TorchArchive } from './archive.ts';
import { fittedInPickle } from './fitted.ts';
import { STORAGES, torchGlobals } from './globals.ts';
import { scanMember } from './pickled.ts';
import { isTensor, tensorsIn, weighed } from './tensors.ts';

// The build asks the model for its answer to this many zeros.
const MOST_VALUES = 10_000_000;
const MAX_CODE_BYTES = 32 * 2 ** 20;
// Operators that open files, whatever their path; torch has them for its own tests.
const REACHES_OUT =
  /\b(torch\.from_file|torch\.save|aten::from_file|aten::save|ops\.aten\.(from_file|save))\b/;
// Operators of other namespaces come from packages that the server does not have.
const NAMESPACE = /\bops\.(\w+)\./g;
const OWN_NAMESPACES: readonly string[] = ['aten', 'prim', 'prims', 'quantized', 'inductor'];

/** The content of a TorchScript module: its class, its arguments, its weights. */
export async function readScript(archive: TorchArchive) {
  const { file, members } = archive;
  await refuseCode(archive);
  const data = members.get('data.pkl');
  if (!data) throw rejected(`${file} is damaged: it has no data.pkl`, RESAVE);
  const root = await scanned(archive, data);
  const constants = members.get('constants.pkl');
  const held = constants ? await scanned(archive, constants) : null;
  if (!isInstance(root) || !root.of.name.startsWith('__torch__.')) {
    throw rejected(`${file}: its data.pkl is not a module of TorchScript`, RESAVE);
  }
  const tensors = tensorsIn(root, archive, 'data');
  const weights = weighed(tensors, archive, 'data');
  const others = weighed(tensorsIn(held, archive, 'constants'), archive, 'constants');
  const prints = await tensorPrints(
    await fittedInPickle(tensors, archive, { folder: 'data', hasClasses: true }),
  );
  return {
    ...weights,
    ...(prints && { weights: prints }),
    dtypes: [...new Set([...weights.dtypes, ...others.dtypes])].sort(),
    weightBytes: weights.weightBytes + others.weightBytes,
    entrypoint: root.of.name.replace(/^__torch__\./, ''),
    signature: await signatureOf(archive, root),
  };
}

/** The content of a module's pickle; its code lies beside it, so it names nothing else. */
async function scanned(archive: TorchArchive, member: ArtifactFile): Promise<Value> {
  const globals = torchGlobals({ hasCode: true });
  const { root } = await scanMember(archive, member, globals);
  const [other] = globals.others();
  if (other === undefined) return root;
  throw rejected(
    `${archive.file}: its ${member.name} names ${quoted(other)}, which no TorchScript does`,
    RESAVE,
  );
}

async function refuseCode({ file, members }: TorchArchive): Promise<void> {
  let bytes = 0;
  for (const [path, member] of members) {
    if (!path.startsWith('code/') || !path.endsWith('.py')) continue;
    bytes += member.sizeBytes;
    if (bytes > MAX_CODE_BYTES) {
      throw rejected(`${file} has more than ${MAX_CODE_BYTES} bytes of code`, RESAVE);
    }
    const code = await readText(member, MAX_CODE_BYTES);
    refuseCalls(`${file}: its code, ${quoted(path)},`, code);
  }
}

function refuseCalls(where: string, code: string): void {
  const [reaches] = REACHES_OUT.exec(code) ?? [];
  if (reaches !== undefined) {
    throw rejected(
      `${where} calls ${quoted(reaches)}, which opens files; no model needs that`,
      'Remove it from the module, and save it again.',
    );
  }
  const names = [...code.matchAll(NAMESPACE)].map(([, name = '']) => name);
  const foreign = names.find((name) => !OWN_NAMESPACES.includes(name));
  if (foreign === undefined) return;
  throw rejected(
    `${where} calls operators of ${quoted(foreign)}, which torch alone does not have`,
    'Export it to ONNX, or load it in a predict.py beside it, with the package of these operators in requirements.txt.',
  );
}

/** A traced module records its traced inputs. */
async function signatureOf(archive: TorchArchive, root: Instance): Promise<Signature | null> {
  const traced = archive.members.get('traced_inputs.pkl');
  const kept = traced ? await scanned(archive, traced) : null;
  const names = await argumentsOf(archive, root.of.name);
  if (kept === null || names === null) return null;
  const given = itemsOf(forwardOf(kept));
  const inputs = given.map((value, at) => specOf(value, names[at]));
  if (given.length !== names.length) return null;
  const known = inputs.filter((spec) => spec !== null);
  return known.length === inputs.length && known.length > 0 ? { inputs: known, outputs: [] } : null;
}

function forwardOf(kept: Value): Value | undefined {
  const tagged = isInstance(kept) ? (kept.args[0] ?? null) : kept;
  const forward = isThing(tagged) && tagged.kind === 'dict' ? tagged.entries.get('forward') : null;
  return isInstance(forward) ? forward.args[0] : forward;
}

function specOf(value: Value, name: string | undefined): TensorSpec | null {
  if (!isTensor(value) || name === undefined) return null;
  const [stored, , size] = value.args;
  const dtype = isInstance(stored) ? stored.of.name : '';
  const datatype = datatypeOf(dtype);
  const shape = itemsOf(size).filter((dim) => typeof dim === 'number');
  const values = shape.reduce((product, dim) => product * dim, 1);
  return datatype === null || values > MOST_VALUES ? null : { name, datatype, shape };
}

function datatypeOf(storage: string): Datatype | null {
  const [, name = ''] = /^torch\.(\w+)$/.exec(storage) ?? [];
  const [dtype] = STORAGES[name] ?? [];
  return DATATYPES.find((each) => each === dtype && each !== 'BF16') ?? null;
}

/** The names of the arguments of `forward`, all of them tensors; null where they are not, or the code has another form. */
async function argumentsOf(
  { members }: TorchArchive,
  name: string,
): Promise<readonly string[] | null> {
  const at = name.lastIndexOf('.');
  const member = members.get(`code/${name.slice(0, at).replaceAll('.', '/')}.py`);
  if (!member) return null;
  const code = await readText(member, MAX_CODE_BYTES);
  const [, body = ''] = code.split(new RegExp(`^class ${name.slice(at + 1)}\\(`, 'm'));
  const [, list] =
    /^ {2}def forward\(self: [\w.]+,\s*([^)]*)\)/m.exec(body.split(/^class /m)[0] ?? '') ?? [];
  if (list === undefined) return null;
  const given = list.split(',').map((each) => /^\s*(\w+): Tensor\s*$/.exec(each)?.[1] ?? null);
  const names = given.filter((each) => each !== null);
  return names.length === given.length ? names : null;
}
