import type { ModelFacts } from '#domain/artifact/facts.ts';
import { within } from '#formats/archives/folder.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { readText } from '#formats/bytes/text-file.ts';
import { codeFacts } from '#formats/code/code-facts.ts';
import { parseRequirements } from '#formats/code/python-requirements.ts';
import type { ReadFolder } from '#formats/reader.ts';
import { rejected } from '#formats/rejected.ts';

export const read: ReadFolder = (files, root) => inspectPythonCode(files, root);

/** A file with code that answers, named like `predict.py:Predictor`, and its text. */
export type CodeEntry = { readonly entrypoint: string; readonly text: string };

const FILES = ['predict.py', 'model.py'] as const;
const MAX_CODE_BYTES = 1024 * 1024;
const PYTHON = /^(?:python-)?(3\.\d{1,2}(?:\.\d{1,3})?)$/;

/**
 * The entry of a plain Python model, found from its text alone: `predict.py`, or else `model.py`, in the folder `root`,
 * with a class `Predictor` or `Model`, or a function `predict`. Undefined when there is none.
 */
export async function findCode(
  files: readonly ArtifactFile[],
  root: string,
): Promise<CodeEntry | undefined> {
  for (const name of FILES) {
    const file = files.find((each) => each.name === within(root, name));
    if (!file) continue;
    const text = await readText(file, MAX_CODE_BYTES);
    const entry = entryOf(text);
    if (entry) return { entrypoint: `${name}:${entry}`, text };
  }
  return undefined;
}

/** Reads the facts of a plain Python model in the folder `root`; its code is only searched, never run. Fails with `ArtifactRejected`. */
export async function inspectPythonCode(
  files: readonly ArtifactFile[],
  root: string,
): Promise<ModelFacts> {
  const code = await findCode(files, root);
  if (!code) {
    throw rejected(
      `${FILES.join(' and ')} have neither a function \`predict\` nor a class \`Predictor\``,
      'Write `def predict(…)`, or `class Predictor` with a method `predict`, in predict.py.',
    );
  }
  const [file = ''] = code.entrypoint.split(':');
  return {
    format: 'python',
    formatVersion: file,
    ...codeFacts(files),
    pythonVersion: await pythonVersionOf(files, root),
    requirements: await requirementsIn(files, within(root, 'requirements.txt')),
    example: null,
    entrypoint: code.entrypoint,
  };
}

/** The requirements in the file of that name; empty when there is no such file. */
export async function requirementsIn(
  files: readonly ArtifactFile[],
  name: string,
): Promise<readonly string[]> {
  const file = files.find((each) => each.name === name);
  return file ? parseRequirements(await readText(file), name) : [];
}

const METHOD = /^[ \t]+(?:async[ \t]+)?def[ \t]+predict[ \t]*\(/m;
// A function that is defined there, made by another call, or imported from another file.
const FUNCTION =
  /^(?:(?:async[ \t]+)?def[ \t]+predict[ \t]*\(|predict[ \t]*(?::[^=\n]*)?=(?!=)|from[ \t]+\S+[ \t]+import[ \t][^#\n]*\bpredict\b(?![ \t]+as\b))/m;
const TAKEN = /^from[ \t]+\S+[ \t]+import[ \t][^#\n]*\bPredictor\b(?![ \t]+as\b)/m;
const INHERITS = /^class[ \t]+Predictor[ \t]*\([ \t]*(?!object\b)[\w]/m;

function entryOf(text: string): string | undefined {
  const code = withoutTexts(text);
  const holder = CLASSES.find((name) => METHOD.test(bodyOf(code, name)));
  if (holder) return holder;
  if (FUNCTION.test(code)) return 'predict';
  return TAKEN.test(code) || INHERITS.test(code) ? 'Predictor' : undefined;
}

const CLASSES = ['Predictor', 'Model'] as const;

/** The lines of a class: a network that is called Model beside it has other methods. */
function bodyOf(code: string, name: (typeof CLASSES)[number]): string {
  const [, after = ''] = code.split(new RegExp(`^class[ \\t]+${name}\\b`, 'm'));
  return after.split(/^(?=[^\s#)])/m)[0] ?? '';
}

/** The code without its triple-quoted strings, in which lines may look like code. */
function withoutTexts(text: string): string {
  return text.replaceAll(/'''[\s\S]*?'''|"""[\s\S]*?"""/g, "''");
}

async function pythonVersionOf(
  files: readonly ArtifactFile[],
  root: string,
): Promise<string | null> {
  for (const name of ['.python-version', 'runtime.txt']) {
    const file = files.find((each) => each.name === within(root, name));
    const [, version] = (file && PYTHON.exec((await readText(file)).trim())) ?? [];
    if (version) return version;
  }
  return null;
}
