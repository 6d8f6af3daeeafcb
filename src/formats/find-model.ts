import type { Unpacking } from '#domain/artifact/facts.ts';
import {
  type FileFormat,
  FORMATS,
  type Format,
  isFileFormat,
  pageOf,
} from '#domain/artifact/format.ts';
import { KNOWN_FILES } from '#domain/artifact/known-files.ts';
import { BY_CODE, PREDICT } from '#domain/artifact/ways-out.ts';
import { folderOf, foldersWith, isLitter, within } from '#formats/archives/folder.ts';
import { isArchive, openArchive, unpackingOf } from '#formats/archives/open.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { type CodeEntry, findCode } from '#formats/python/inspect.ts';
import { type Foreign, findForeign } from './foreign/find.ts';
import { fixOf } from './known-formats.ts';
import { type ModelFile, modelFiles } from './model-files.ts';
import type { FoundFile } from './reader.ts';
import { folderReader } from './readers.ts';
import { listed, quoted, rejected } from './rejected.ts';
import { type TritonModel, tritonConfigs, tritonModel } from './triton/repository.ts';

/** An artifact's one model, and where it is. */
export type Found = {
  readonly format: Format;
  /** The archives that contain it, outermost first; empty when it is among the artifact's own files. */
  readonly archives: readonly string[];
  readonly unpacking: readonly Unpacking[];
  /** All files beside it: the artifact's, or those of the innermost archive. */
  readonly files: readonly ArtifactFile[];
  /** The folder of a model that is a folder; `.` is the root. */
  readonly root: string;
  /** The model's file; null when the model is a folder. Its own format is `fileFormat`. */
  readonly file: ArtifactFile | null;
  readonly fileFormat: FileFormat | null;
  /** Triton's configuration of the model, which has to agree with the file. */
  readonly config?: ArtifactFile;
};

export type FindOptions = {
  /** Limits the size of an archive's content. */
  readonly maxBytes: number;
  /** The format that the manifest gives, or `auto`. */
  readonly format: Format | 'auto';
  /** The model's file, if the manifest names it. */
  readonly path: string | null;
};

/** The most common ending of each kind. */
const ENDINGS = KNOWN_FILES.filter(({ format }) => format).map(
  ({ endings, shared = [] }) => shared[0] ?? endings[0] ?? '',
);

type Files = readonly ArtifactFile[];
type Place = Pick<Found, 'archives' | 'unpacking' | 'files'>;

const MAX_ARCHIVES = 2;

/**
 * Finds the model in an artifact. If there are several candidates, it takes the kind that says most about how it is served.
 * An archive is opened only when nothing else is a model. Fails with `ArtifactRejected`: no model, two of the same rank, or a kind that is not served.
 */
export async function findModel(files: Files, options: FindOptions): Promise<Found> {
  return findIn(
    { archives: [], unpacking: [], files: files.filter(({ name }) => !isLitter(name)) },
    options,
  );
}

async function findIn(place: Place, options: FindOptions): Promise<Found> {
  const { files, archives, unpacking } = place;
  refuseForeign(await findForeign(files, 'images'), options);
  const code = await codeOf(files, options);
  const asCode = code && {
    ...place,
    format: 'python' as const,
    root: code.root,
    file: null,
    fileFormat: null,
  };
  if (asCode && isWrittenForIt(code, options)) return asCode;
  const found = await folderModel(place, options);
  if (found) return found;

  const models = await modelFiles(files.filter(({ name }) => !isArchive(name)));
  const wanted = models.filter((model) => isWanted(model, options));
  const isLoadedByCode = wanted.some(({ file }) => code?.text.includes(baseOf(file.name)));
  if (asCode && (wanted.length === 0 || isLoadedByCode || options.format === 'python')) {
    return asCode;
  }
  const served = wanted.filter(({ format }) => format !== null);
  const [one, another] = served.length > 0 ? served : wanted;
  if (one && another) throw twoModels(one.file.name, another.file.name);
  if (one) return fileModel(place, one);
  const inner = files.filter(({ name }) => isArchive(name));
  const [archive, second] = inner;
  if (!archive) {
    const [foreign] = await findForeign(files, 'alone');
    if (foreign) refuseForeign([foreign], options);
    throw noModel(place, options);
  }
  if (second) throw twoModels(archive.name, second.name);
  if (archives.length >= MAX_ARCHIVES) {
    throw rejected(
      `${archive.name} is nested in too many archives; the limit is ${MAX_ARCHIVES}`,
      'Unpack it, and upload the archive with the model in it.',
    );
  }
  const inside = await openArchive(archive, options.maxBytes);
  const taken = inside.filter(({ name }) => !isLitter(name));
  return findIn(
    {
      archives: [...archives, archive.name],
      unpacking: [...unpacking.map(only(archive)), await unpackingOf(archive, taken)],
      files: taken,
    },
    options,
  );
}

/** If an archive contains another one, only the inner archive is unpacked from it. */
function only({ member }: ArtifactFile): (each: Unpacking) => Unpacking {
  return (each) =>
    member && each.members.includes(member) ? { ...each, members: [member] } : each;
}

/** A model that is a folder; kinds that say more about how they are served rank first. */
async function folderModel(place: Place, options: FindOptions): Promise<Found | undefined> {
  const { files } = place;
  const saved = await folderOfRank('saved', place, options);
  if (saved) return saved;
  const [triton, second] = options.format === 'auto' ? tritonConfigs(files) : [];
  if (triton && second) throw twoModels(triton.name, second.name);
  if (triton) return tritonFound(place, await tritonModel(files, triton));
  const handlers = await folderOfRank('handlers', place, options);
  if (handlers) return handlers;
  // A folder that is not served as a whole may hold a file that the manifest names.
  if (options.path === null) refuseForeign(await findForeign(files, 'wholes'), options);
  const weights = await folderOfRank('weights', place, options);
  if (weights) return weights;
  refuseForeign(await findForeign(files, 'folders'), options);
  return folderOfRank('marked', place, options);
}

type Rank = NonNullable<ReturnType<typeof pageOf>['folder']>['rank'];

/** The one folder of the first format of this rank that has any. */
async function folderOfRank(
  rank: Rank,
  place: Place,
  { format: wanted, path }: FindOptions,
): Promise<Found | undefined> {
  for (const format of FORMATS) {
    const { folder } = pageOf(format);
    if (folder?.rank !== rank || isFileFormat(format)) continue;
    if (wanted !== 'auto' && wanted !== format) continue;
    // A file of weights that the manifest names is served alone, in its own format.
    if (rank === 'weights' && path !== null && wanted === 'auto') continue;
    const { folders, servedAlone } = folderReader(format);
    const [root, another] = await (folders?.(place.files) ??
      foldersWith(place.files, folder.marker));
    if (root === undefined) continue;
    if (another !== undefined) {
      throw twoFolders(within(root, folder.marker), within(another, folder.marker));
    }
    const alone = await servedAlone?.(place.files, root);
    if (alone) return aloneFound(place, alone);
    return { ...place, format, root, file: null, fileFormat: null };
  }
  return undefined;
}

/** A file that is found by itself, without settings beside it. */
function aloneFound(place: Place, { file, format }: FoundFile): Found {
  const files = place.files.filter(({ name }) => folderOf(name) === folderOf(file.name));
  return fileModel({ ...place, files }, { file, format, foreign: null });
}

/** The ONNX file of its newest version. */
function tritonFound(place: Place, { file, config }: TritonModel): Found {
  return { ...aloneFound(place, { file, format: 'onnx' }), config };
}

/** A SageMaker archive without code holds just the model's file, in a gzipped tar. */
function fileModel(place: Place, { file, format, foreign }: ModelFile): Found {
  if (format === null) {
    throw rejected(
      `${file.name} is ${foreign?.what ?? 'a model'}, which ${foreign?.fix ? 'this version does not serve' : 'its name does not show'}`,
      foreign
        ? fixOf(foreign)
        : `Export the model to ONNX and upload the .onnx file, or ${BY_CODE}.`,
    );
  }
  if (format === 'onnx' && place.archives.length > 0) {
    throw rejected(
      `${file.name} is in ${place.archives.at(-1)}; an ONNX model is not served from an archive`,
      'Upload the .onnx file itself, or its folder where it has external data.',
    );
  }
  const isSagemaker = /\.(tar\.gz|tgz)$/i.test(place.archives.at(-1) ?? '');
  return {
    ...place,
    format: isSagemaker ? 'sagemaker' : format,
    root: folderOf(file.name),
    file,
    fileFormat: format,
  };
}

function isWanted({ file, format }: ModelFile, options: FindOptions): boolean {
  if (options.path !== null) return file.name === options.path;
  return options.format === 'auto' || options.format === 'sagemaker' || options.format === format;
}

/** The code of a plain Python model, at the top or in the one folder that holds everything. */
async function codeOf(files: Files, { format }: FindOptions) {
  if (format !== 'auto' && format !== 'python') return undefined;
  const root = commonFolder(files);
  const code = await findCode(files, root);
  if (!code) return undefined;
  const hasRequirements = files.some(({ name }) => name === within(root, 'requirements.txt'));
  if (hasRequirements || format === 'python' || isPredict(code)) return { ...code, root };
  return undefined;
}

/** A predict.py is only ever written to answer requests; a model.py may be the training code. */
function isWrittenForIt(code: CodeEntry, { path }: FindOptions): boolean {
  return isPredict(code) && path === null;
}

function isPredict({ entrypoint }: CodeEntry): boolean {
  return entrypoint.startsWith('predict.py:');
}

function commonFolder(files: Files): string {
  const tops = new Set(files.map(({ name }) => (name.includes('/') ? name.split('/')[0] : '.')));
  const [only = '.'] = tops;
  return tops.size === 1 ? only : '.';
}

function baseOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

function refuseForeign(found: readonly Foreign[], { format }: FindOptions): void {
  const [one, another] = found;
  if (!one || format !== 'auto') return;
  if (another) throw twoModels(one.at, another.at);
  throw rejected(`${one.at} makes this ${one.name}, ${one.why}`, one.fix);
}

function twoModels(
  one: string,
  another: string,
  fix = 'Upload each under its own name, or set `model.path` in model.yaml to one of them.',
) {
  return rejected(
    `${quoted(one)} and ${quoted(another)} are two models; the limit is one model per artifact`,
    fix,
  );
}

/** The fix for two folders: `model.path` cannot choose, since it names a file and these are served whole. */
function twoFolders(one: string, another: string) {
  return twoModels(one, another, 'Upload the folder of one of them, or each under its own name.');
}

function noModel({ files, archives }: Place, { format, path }: FindOptions) {
  const names = files.map(({ name }) => name);
  const where = archives.length > 0 ? ` in ${archives.map(quoted).join(' in ')}` : '';
  const what =
    path === null
      ? `no model${format === 'auto' ? '' : ` of the format ${format}`}`
      : `no model ${quoted(path)}`;
  const noEntry = files.some(({ name }) => /(^|\/)predict\.py$/.test(name))
    ? ': predict.py has neither a function `predict` nor a class `Predictor` with one'
    : '';
  const hasCode = files.some(({ name }) => name.endsWith('.py'));
  return rejected(
    `there is ${what} among ${listed(names, 3) || 'no files'}${where}${noEntry}`,
    hasCode
      ? 'Write `def predict(…)` or `class Predictor` in predict.py, and the packages that it needs in a requirements.txt beside it.'
      : `Upload a file that ends in ${ENDINGS.slice(0, -1).join(', ')} or ${ENDINGS.at(-1)}, an MLflow folder, a model.tar.gz, or a folder with ${PREDICT}.`,
  );
}
