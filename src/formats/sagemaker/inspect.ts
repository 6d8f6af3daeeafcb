import type { ModelData, ModelFacts } from '#domain/artifact/facts.ts';
import { folderOf, within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { readText } from '#formats/bytes/text-file.ts';
import { codeFacts } from '#formats/code/code-facts.ts';
import { modelFiles } from '#formats/model-files.ts';
import { requirementsIn } from '#formats/python/inspect.ts';
import type { FoundFile, Given, ReadFolder } from '#formats/reader.ts';
import { rejected } from '#formats/rejected.ts';
import { sagemaker } from './format.ts';

export const read: ReadFolder = inspectSagemaker;

/** The path of the handlers' file in a SageMaker archive. */
const HANDLERS = sagemaker.folder.marker;

const HANDLER =
  /^(async[ \t]+)?def[ \t]+(model_fn|input_fn|predict_fn|output_fn|transform_fn)[ \t]*\(/m;

/**
 * Reads the facts of a SageMaker model.tar.gz whose content is in the folder `root`: handlers in
 * `code/inference.py` with their requirements, or else a single model file, which goes to `inspectData`. Fails with `ArtifactRejected`.
 */
export async function inspectSagemaker(
  files: readonly ArtifactFile[],
  root: string,
  { model, inspectData }: Pick<Given, 'model' | 'inspectData'>,
): Promise<ModelFacts> {
  const handlers = files.find(({ name }) => name === within(root, HANDLERS));
  if (!handlers) {
    if (!model) throw rejected('the archive has neither a model nor code', 'Pack the model in it.');
    const facts = await inspectData(model.file, model.format);
    return { ...facts, format: 'sagemaker', entrypoint: null, data: dataOf(model, root) };
  }
  const code = await readText(handlers, 1024 * 1024);
  if (!HANDLER.test(code)) {
    throw rejected(
      `${handlers.name} has none of the handlers model_fn, input_fn, predict_fn and output_fn`,
      'Write `def model_fn(model_dir)`, which loads the model, in it.',
    );
  }
  const loaded = LOADS.test(code) ? undefined : await onlyModel(files, root);
  // Files that the handlers load are theirs; a file that is loaded for them is inspected like any other.
  if (loaded) await inspectData(loaded.file, loaded.format);
  return {
    ...(loaded && { data: dataOf(loaded, root) }),
    format: 'sagemaker',
    formatVersion: HANDLERS,
    ...codeFacts(files),
    pythonVersion: null,
    requirements: await requirementsIn(files, within(root, 'code/requirements.txt')),
    example: null,
    entrypoint: HANDLERS,
  };
}

const LOADS = /^(async[ \t]+)?def[ \t]+model_fn[ \t]*\(/m;

/** The one model at the top of the folder, which SageMaker's containers load when the handlers do not. */
async function onlyModel(
  files: readonly ArtifactFile[],
  root: string,
): Promise<FoundFile | undefined> {
  const top = files.filter(({ name }) => folderOf(name) === root);
  const [one, another] = await modelFiles(top);
  return one?.format && !another ? { file: one.file, format: one.format } : undefined;
}

function dataOf({ file, format }: FoundFile, root: string): ModelData {
  const path = root === '.' ? file.name : file.name.slice(root.length + 1);
  return { file: path, format, modelClass: null };
}
