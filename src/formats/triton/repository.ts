import type { Signature, TensorSpec } from '#domain/artifact/signature.ts';
import { BY_CODE } from '#domain/artifact/ways-out.ts';
import { folderOf, within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { readText } from '#formats/bytes/text-file.ts';
import { quoted, rejected } from '#formats/rejected.ts';
import { readTextProto, type TextMessage, type TextValue } from './text-proto.ts';

/** A Triton model in ONNX: the file of its newest version, and its configuration, which has to agree with it. */
export type TritonModel = { readonly file: ArtifactFile; readonly config: ArtifactFile };

const MAX_CONFIG_BYTES = 256 * 1024;
const ONNX: readonly string[] = ['onnxruntime', 'onnxruntime_onnx'];
const TYPES: Readonly<Record<string, string>> = { TYPE_STRING: 'BYTES' };

/** The configurations of Triton models among the files: each has folders of numbered versions beside it. */
export function tritonConfigs(files: readonly ArtifactFile[]): readonly ArtifactFile[] {
  return files.filter(
    ({ name }) => /(^|\/)config\.pbtxt$/.test(name) && versionsIn(files, folderOf(name)).length > 0,
  );
}

/** The version of this model that Triton would serve; only ONNX is supported. Fails with `ArtifactRejected`. */
export async function tritonModel(
  files: readonly ArtifactFile[],
  config: ArtifactFile,
): Promise<TritonModel> {
  const said = await configOf(config);
  const backend = textOf(said, 'backend') || textOf(said, 'platform');
  const folder = folderOf(config.name);
  const name = textOf(said, 'default_model_filename') || 'model.onnx';
  const kept = allowedVersions(said);
  const versions = versionsIn(files, folder)
    .filter((version) => kept.length === 0 || kept.includes(version))
    .sort((one, other) => other - one);
  const [file] = versions.flatMap((version) =>
    files.filter((each) => each.name === within(folder, `${version}/${name}`)),
  );
  if ((backend === '' || ONNX.includes(backend)) && name.endsWith('.onnx') && file) {
    return { file, config };
  }
  throw rejected(
    `${config.name} makes this a Triton model of ${quoted(backend || 'no backend')}; those of ${quoted('onnxruntime')} are served, with a file ${quoted(name)} in a numbered folder`,
    `NVIDIA's image serves it as it is, on EC2 or by \`--engine docker\`: \`runtime: { image: REPOSITORY@sha256:…, port: 8000, healthPath: /v2/health/ready, requestPath: /v2/models/NAME/infer }\`. Or upload the model file in it alone, or ${BY_CODE}.`,
  );
}

/** Checks a graph against the inputs and outputs that its configuration declares. Fails with `ArtifactRejected`. */
export async function requireDeclared(
  config: ArtifactFile,
  found: Signature | null,
): Promise<void> {
  const said = await configOf(config);
  const hasBatch = Number(textOf(said, 'max_batch_size') || 0) > 0;
  for (const side of ['input', 'output'] as const) {
    for (const declared of messages(said, side)) {
      const name = textOf(declared, 'name');
      const type = textOf(declared, 'data_type');
      const datatype = TYPES[type] ?? type.replace(/^TYPE_/, '');
      const dims = (declared.get('dims') ?? []).map(Number);
      const shape = declared.has('reshape') ? null : hasBatch ? [-1, ...dims] : dims;
      const own = found?.[`${side}s`].find((each) => each.name === name);
      if (own?.datatype === datatype && (shape === null || agrees(own, shape))) continue;
      const has = own ? `${own.datatype}[${own.shape.join(', ')}]` : 'none of that name';
      throw rejected(
        `${config.name} declares the ${side} ${quoted(name)} of ${datatype}[${(shape ?? dims).join(', ')}]; the graph has ${has}`,
        'Correct the configuration, or upload the .onnx file alone.',
      );
    }
  }
}

/** A free dimension of the graph may be declared as a number; a fixed one must have the declared number. */
function agrees({ shape, isUnranked }: TensorSpec, declared: readonly number[]): boolean {
  if (isUnranked) return true;
  return (
    shape.length === declared.length &&
    shape.every((dim, axis) => dim === -1 || dim === declared[axis])
  );
}

function versionsIn(files: readonly ArtifactFile[], folder: string): readonly number[] {
  const found = files.flatMap(({ name }) => {
    const below =
      folder === '.' ? name : name.startsWith(`${folder}/`) ? name.slice(folder.length + 1) : '';
    const [, version] = /^([1-9]\d{0,8})\//.exec(below) ?? [];
    return version === undefined ? [] : [Number(version)];
  });
  return [...new Set(found)];
}

function allowedVersions(said: TextMessage): readonly number[] {
  const [policy] = messages(said, 'version_policy');
  const [specific] = policy ? messages(policy, 'specific') : [];
  return (specific?.get('versions') ?? []).map(Number);
}

async function configOf(config: ArtifactFile): Promise<TextMessage> {
  return readTextProto(await readText(config, MAX_CONFIG_BYTES), config.name);
}

function textOf(message: TextMessage, field: string): string {
  const value = message.get(field)?.at(-1);
  return typeof value === 'string' ? value : '';
}

function messages(message: TextMessage, field: string): readonly TextMessage[] {
  return (message.get(field) ?? []).filter(isMessage);
}

function isMessage(value: TextValue): value is TextMessage {
  return typeof value !== 'string';
}
