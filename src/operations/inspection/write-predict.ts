import { stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errorCode } from '#adapters/local/files/file-state.ts';
import { Failure } from '#domain/failure.ts';
import { draftPredict } from '#formats/code/predict-draft.ts';
import { filesAt } from './inspect-path.ts';

/**
 * Writes a `predict.py`, a `requirements.txt` and, where only one version of Python loads the model, a `.python-version` that would serve a file or folder, into its folder, and returns their paths.
 * Except for the first, a file that already exists stays, and is not returned: it belongs to the model.
 * Fails with `InputInvalid` when the path does not exist, or a `predict.py` already does.
 */
export async function writePredict(path: string): Promise<readonly string[]> {
  const root = resolve(path);
  const files = await filesAt(path);
  const folder = (await stat(root)).isDirectory() ? root : dirname(root);
  const { code, requirements, python } = await draftPredict(files);
  const predict = join(folder, 'predict.py');
  if (!(await isWritten(predict, code))) {
    throw new Failure('InputInvalid', `${predict} is there already`, {
      fix: 'Change it by hand, or move it away and ask again.',
    });
  }
  const beside = {
    'requirements.txt': requirements.map((each) => `${each}\n`).join(''),
    ...(python ? { '.python-version': `${python}\n` } : {}),
  };
  const written = [predict];
  for (const [name, text] of Object.entries(beside)) {
    if (await isWritten(join(folder, name), text)) written.push(join(folder, name));
  }
  return written;
}

/** False where the file already exists, which is then left as it is. */
async function isWritten(file: string, text: string): Promise<boolean> {
  try {
    await writeFile(file, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}
