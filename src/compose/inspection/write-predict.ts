import { stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { errorCode } from '#adapters/local/registry/file-state.ts';
import { Failure } from '#domain/failure.ts';
import { draftPredict } from '#formats/code/predict-draft.ts';
import { filesAt } from './inspect-path.ts';

/**
 * Writes a `predict.py` and a `requirements.txt` that would serve a file or folder, into its folder, and returns their paths.
 * Fails with `InputInvalid` when the path does not exist, or one of the two files already does.
 */
export async function writePredict(path: string): Promise<readonly string[]> {
  const root = resolve(path);
  const files = await filesAt(path);
  const folder = (await stat(root)).isDirectory() ? root : dirname(root);
  const { code, requirements } = await draftPredict(files);
  const written = [
    [join(folder, 'predict.py'), code],
    [join(folder, 'requirements.txt'), requirements.map((each) => `${each}\n`).join('')],
  ] as const;
  for (const [file, text] of written) {
    await writeFile(file, text, { flag: 'wx' }).catch((cause: unknown) => {
      if (errorCode(cause) !== 'EEXIST') throw cause;
      throw new Failure('InputInvalid', `${file} is there already`, {
        cause,
        fix: 'Change it by hand, or move it away and ask again.',
      });
    });
  }
  return written.map(([file]) => file);
}
