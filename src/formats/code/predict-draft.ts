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
import { AUTOGLUON, autogluonTemplate } from './autogluon-template.ts';
import { templateForPickle } from './pickle-templates.ts';
import { pipelineTemplate } from './pipeline-templates.ts';
import { codeOf, type PredictTemplate, templateOf, withScript } from './predict-template.ts';
import { DRAFT_OF } from './predict-templates.ts';

/** The files that would serve a model by code, as a starting point for its owner; `python` is its version where no other version loads the model. */
export type PredictDraft = {
  readonly code: string;
  readonly requirements: readonly string[];
  readonly python?: string;
};

/** The files that would serve the first model among these. */
export async function draftPredict(files: readonly ArtifactFile[]): Promise<PredictDraft> {
  const mlflow = files.find(({ name }) => /(^|\/)MLmodel$/.test(name));
  if (mlflow) {
    // Its requirements lie beside it, in the folder that MLflow saved.
    return draft('a model that MLflow saved', await templateOf('mlflow'), folderOf(mlflow.name));
  }
  const [folder] = await findForeign(files, 'drafts');
  if (folder) {
    const { name, at } = folder;
    const template = (await FOLDER_TEMPLATES[name]?.(files, at)) ?? (await templateFor(name));
    return draft(name, template, folderOf(at));
  }
  const [found] = await modelFiles(files);
  if (!found) {
    return draft('a file of its own', await templateOf('plain'), files[0]?.name ?? 'model.bin');
  }
  const { file, format, foreign } = found;
  if (format === 'sklearn') {
    const template = await templateForPickle(await pickledNeeds(await file.open(), file.name));
    return draft('a pickle', template, file.name);
  }
  const what = foreign?.what ?? (await servedKind(file)) ?? `of the format ${format}`;
  const torch = what === 'a PyTorch file' ? await torchTemplate(file) : undefined;
  return draft(what, torch ?? (await templateFor(what)), file.name);
}

function templateFor(what: string): Promise<PredictTemplate> {
  return templateOf(DRAFT_OF[what] ?? 'plain');
}

const FOLDER_TEMPLATES: Readonly<
  Record<string, (files: readonly ArtifactFile[], at: string) => Promise<PredictTemplate>>
> = {
  'a Hugging Face model': transformersTemplate,
  [AUTOGLUON]: autogluonTemplate,
};

/** The template for a torch file that contains its code or objects; undefined for weights alone, which need a class in the owner's code. */
async function torchTemplate(file: ArtifactFile): Promise<PredictTemplate | undefined> {
  const archive = await openTorch(await file.open(), file.name).catch(() => undefined);
  if (!archive) return undefined;
  const { members } = archive;
  if (members.has('archive_format') || members.has('models/model.json')) {
    return templateOf('torch_exported');
  }
  if (members.has('constants.pkl')) return templateOf('torch_script');
  const { by, ofScript } = await loadedBy(archive);
  if (by === 'weights') return undefined;
  const template = await templateOf(`torch_${by}`);
  return ofScript.length > 0 ? withScript(template, ofScript) : template;
}

async function servedKind(file: ArtifactFile): Promise<string | undefined> {
  return recognise(file.name, await (await file.open()).read(0, HEAD_BYTES))?.what;
}

async function transformersTemplate(
  files: readonly ArtifactFile[],
  at: string,
): Promise<PredictTemplate> {
  const file = files.find(({ name }) => name === at);
  const text = file ? await readText(file, 2 ** 20) : '';
  if (text.includes('sentence_transformers')) return templateOf('sentence_transformers');
  const config = parseJson(text);
  if (!isObject(config)) return pipelineTemplate(UNKNOWN, { hasOwnCode: false });
  const named = config['architectures'];
  const architecture = Array.isArray(named) ? textOf(named[0]) : null;
  const task = architecture === null ? UNKNOWN : taskOf(architecture, config);
  return pipelineTemplate(task ?? UNKNOWN, { hasOwnCode: isObject(config['auto_map']) });
}

const UNKNOWN = 'feature-extraction';

function draft(what: string, template: PredictTemplate, path: string): PredictDraft {
  return { ...template, code: codeOf(template, what, path) };
}
