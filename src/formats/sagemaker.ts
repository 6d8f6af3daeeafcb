import type { ModelFacts } from '#domain/artifact-facts.ts';
import type { Format } from '#domain/format.ts';
import type { ArtifactFile } from './artifact-file.ts';
import { codeFacts } from './code-facts.ts';
import { within } from './folder.ts';
import type { InspectData } from './mlflow.ts';
import { requirementsIn } from './python-code.ts';
import { rejected } from './rejected.ts';
import { readText } from './text-file.ts';

/** The file of handlers in a SageMaker archive, by its place in it. */
export const HANDLERS = 'code/inference.py';

const HANDLER =
  /^(async[ \t]+)?def[ \t]+(model_fn|input_fn|predict_fn|output_fn|transform_fn)[ \t]*\(/m;

/**
 * Reads the facts of what SageMaker packs in a model.tar.gz, `root` being the folder that it has everything in: handlers in
 * `code/inference.py` with their requirements, or else the one file of a model, which goes to `inspectData`. Fails with `ArtifactRejected`.
 */
export async function inspectSagemaker(
  files: readonly ArtifactFile[],
  root: string,
  {
    model,
    inspectData,
  }: {
    readonly model: { readonly file: ArtifactFile; readonly format: Format } | null;
    readonly inspectData: InspectData;
  },
): Promise<ModelFacts> {
  const handlers = files.find(({ name }) => name === within(root, HANDLERS));
  if (!handlers) {
    if (!model) throw rejected('the archive has no model and no code', 'Pack the model in it.');
    const facts = await inspectData(model.file, model.format);
    return { ...facts, format: 'sagemaker', entrypoint: null };
  }
  if (!HANDLER.test(await readText(handlers, 1024 * 1024))) {
    throw rejected(
      `${handlers.name} has none of the handlers model_fn, input_fn, predict_fn and output_fn`,
      'Write `def model_fn(model_dir)`, which loads the model, in it.',
    );
  }
  return {
    format: 'sagemaker',
    formatVersion: HANDLERS,
    ...codeFacts(files),
    pythonVersion: null,
    requirements: await requirementsIn(files, within(root, 'code/requirements.txt')),
    example: null,
    entrypoint: HANDLERS,
  };
}
