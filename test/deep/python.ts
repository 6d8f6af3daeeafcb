import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A Python with torch and transformers, which `.ci/deep` installs; undefined where it was not run. */
export const DEEP_PYTHON = process.env['SLIPWAY_DEEP_PYTHON'];

/** The output of a script in this folder. */
export async function python(script: string, ...given: readonly string[]): Promise<string> {
  const file = join(import.meta.dirname, script);
  const { stdout } = await run(DEEP_PYTHON ?? 'python3', [file, ...given]);
  return stdout;
}
