import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const OLDEST_MINOR = 9;

/** Why models of Python cannot be served on this machine; undefined where they can. */
export async function whyNoPython(): Promise<string | undefined> {
  const version = await run('python3', ['--version']).then(
    ({ stdout }) => stdout.trim(),
    () => '',
  );
  const minor = Number(/^Python 3\.(\d+)/.exec(version)?.[1] ?? Number.NaN);
  if (minor >= OLDEST_MINOR) return undefined;
  return `Python 3.${OLDEST_MINOR} or later is needed; this machine has ${version || 'none'}`;
}
