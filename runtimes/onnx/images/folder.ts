import { labelsOf, objectIn, onnxIn, textIn } from '../language/folder.ts';
import { type Preparation, readPreparation } from './processor.ts';

/** A folder as transformers saved it, whose ONNX classifies images; `labels` are in the order of its output. */
export type ImageFolder = {
  readonly modelPath: string;
  readonly labels: readonly string[];
  readonly problemType: string | null;
  readonly preparation: Preparation;
};

// The same pattern as in src/formats/huggingface.
const CLASSIFIES = /ForImageClassification(WithTeacher)?$/;

/** Undefined where the folder's network has another purpose. Throws where settings are missing. */
export async function readImageFolder(root: string): Promise<ImageFolder | undefined> {
  const config = await objectIn(root, 'config.json');
  const named = config?.['architectures'];
  if (!Array.isArray(named) || !CLASSIFIES.test(String(named[0]))) return undefined;
  return {
    modelPath: await onnxIn(root),
    labels: labelsOf(config),
    problemType: textIn(config, 'problem_type') ?? null,
    preparation: await readPreparation(root),
  };
}
