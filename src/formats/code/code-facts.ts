import type { ModelFacts } from '#domain/artifact/facts.ts';
import type { NamedFile } from '#formats/onnx/external-data.ts';

/** The facts of a model that is the user's own code, which is not examined: its files, and its Python requirements. */
export function codeFacts(
  files: readonly NamedFile[],
  python: { readonly name: string; readonly bytes: number } = PYTHON,
): Omit<
  ModelFacts,
  'format' | 'formatVersion' | 'pythonVersion' | 'requirements' | 'example' | 'entrypoint'
> {
  const bytes = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return {
    framework: null,
    signature: null,
    takesColumns: false,
    parameters: null,
    weightBytes: bytes,
    dtypes: [],
    memory: [{ name: 'files of the model', bytes }, python],
  };
}

const PYTHON = { name: 'Python and its packages', bytes: 150 * 2 ** 20 };
