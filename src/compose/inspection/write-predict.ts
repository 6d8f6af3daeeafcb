import { stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errorCode } from '#adapters/local/registry/file-state.ts';
import { Failure } from '#domain/failure.ts';
import { draftPredict } from '#formats/code/predict-draft.ts';
import { filesAt } from './inspect-path.ts';

/**
 * Writes a `predict.py` and a `requirements.txt` that would serve a file or folder, into its folder, and returns their paths.
 * Requirements that are there, as MLflow writes them, stay as they are. Fails with `InputInvalid` when the path does not exist, or there is a `predict.py`.
 */
export async function writePredict(path: string): Promise<readonly string[]> {
  const root = resolve(path);
  const files = await filesAt(path);
  const folder = (await stat(root)).isDirectory() ? root : dirname(root);
  const { code, requirements } = await draftPredict(files);
  const predict = join(folder, 'predict.py');
  if (!(await writeNew(predict, code))) {
    throw new Failure('InputInvalid', `${predict} is there already`, {
      fix: 'Change it by hand, or move it away and ask again.',
    });
  }
  const needs = join(folder, 'requirements.txt');
  const isNew = await writeNew(needs, requirements.map((each) => `${each}\n`).join(''));
  return isNew ? [predict, needs] : [predict];
}

/** False where the file is there already, which then stays as it is. */
async function writeNew(file: string, text: string): Promise<boolean> {
  try {
    await writeFile(file, text, { flag: 'wx' });
    return true;
  } catch (cause) {
    if (errorCode(cause) !== 'EEXIST') throw cause;
    return false;
  }
}
