import { parseJson } from '#domain/parse-json.ts';
import { folderOf } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { readText } from '#formats/bytes/text-file.ts';
import { findForeign } from '#formats/foreign/find.ts';
import { isObject, textOf } from '#formats/huggingface/json-file.ts';
import { taskOf } from '#formats/huggingface/tasks.ts';
import { HEAD_BYTES, recognise } from '#formats/known-formats.ts';
import { modelFiles } from '#formats/model-files.ts';
import { pickledNeeds } from '#formats/sklearn/inspect.ts';
import { openTorch } from '#formats/torch/archive.ts';
import { loadedBy } from '#formats/torch/refused.ts';
import { AUTOGLUON, autogluonWay } from './autogluon-template.ts';
import { templateForPickle } from './pickle-templates.ts';
import { pipelineWay } from './pipeline-templates.ts';
import { codeOf, type PredictTemplate, withScript } from './predict-template.ts';
import { MLFLOW, PLAIN, SENTENCES, TORCH_PROGRAMS, WAYS } from './predict-templates.ts';

/** The files that would serve a model by code, as a starting point for its owner; `python` is its version where no other version loads the model. */
export type PredictDraft = {
  readonly code: string;
  readonly requirements: readonly string[];
  readonly python?: string;
};

/** The files that would serve the first model among these. */
export async function draftPredict(files: readonly ArtifactFile[]): Promise<PredictDraft> {
  const mlflow = files.find(({ name }) => /(^|\/)MLmodel$/.test(name));
  if (mlflow) return draft('a model that MLflow saved', MLFLOW, folderOf(mlflow.name));
  const [folder] = await findForeign(files, 'drafts');
  if (folder) {
    const { name, at } = folder;
    const template = (await FOLDER_WAYS[name]?.(files, at)) ?? WAYS[name];
    return draft(name, template ?? PLAIN, folderOf(at));
  }
  const [found] = await modelFiles(files);
  if (!found) return draft('a file of its own', PLAIN, files[0]?.name ?? 'model.bin');
  const { file, format, foreign } = found;
  if (format === 'sklearn') {
    const template = templateForPickle(await pickledNeeds(await file.open(), file.name));
    return draft('a pickle', template, file.name);
  }
  const what = foreign?.what ?? (await servedKind(file)) ?? `of the format ${format}`;
  const template = (what === 'a PyTorch file' && (await torchWay(file))) || WAYS[what];
  return draft(what, template ?? PLAIN, file.name);
}

const FOLDER_WAYS: Readonly<
  Record<string, (files: readonly ArtifactFile[], at: string) => Promise<PredictTemplate>>
> = {
  'a Hugging Face model': transformersWay,
  [AUTOGLUON]: autogluonWay,
};

/** The template for a torch file that contains its code or objects; undefined for weights alone, which need a class in the owner's code. */
async function torchWay(file: ArtifactFile): Promise<PredictTemplate | undefined> {
  const archive = await openTorch(await file.open(), file.name).catch(() => undefined);
  if (!archive) return undefined;
  const { members } = archive;
  if (members.has('archive_format') || members.has('models/model.json')) {
    return TORCH_PROGRAMS.exported;
  }
  if (members.has('constants.pkl')) return TORCH_PROGRAMS.script;
  const { by, ofScript } = await loadedBy(archive);
  if (by === 'weights') return undefined;
  return ofScript.length > 0 ? withScript(TORCH_PROGRAMS[by], ofScript) : TORCH_PROGRAMS[by];
}

async function servedKind(file: ArtifactFile): Promise<string | undefined> {
  return recognise(file.name, await (await file.open()).read(0, HEAD_BYTES))?.what;
}

async function transformersWay(
  files: readonly ArtifactFile[],
  at: string,
): Promise<PredictTemplate> {
  const file = files.find(({ name }) => name === at);
  const text = file ? await readText(file, 2 ** 20) : '';
  if (text.includes('sentence_transformers')) return SENTENCES;
  const config = parseJson(text);
  if (!isObject(config)) return pipelineWay(UNKNOWN);
  const named = config['architectures'];
  const architecture = Array.isArray(named) ? textOf(named[0]) : null;
  const task = architecture === null ? UNKNOWN : taskOf(architecture, config);
  const isOwn = isObject(config['auto_map']);
  const { load, ...template } = pipelineWay(task ?? UNKNOWN, isOwn ? OWN_CODE : '');
  return { ...template, load: isOwn ? [TRUSTED, ...load] : load };
}

const UNKNOWN = 'feature-extraction';
const OWN_CODE = ', trust_remote_code=True';
const TRUSTED =
  '# Runs the code that its author put into the folder: leave it only where you have read that.';

function draft(what: string, template: PredictTemplate, name: string): PredictDraft {
  const { requirements, python } = template;
  return { code: codeOf(what, template, name), requirements, ...(python ? { python } : {}) };
}
