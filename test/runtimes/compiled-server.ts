import { execFile } from 'node:child_process';
import { cp, mkdtemp } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { hashOfSource, isSource, keptFolder } from '../support/slipway/kept.ts';

const NAME = 'runtimes/python/slipway_server';
const SOURCE = fileURLToPath(new URL(`../../${NAME}`, import.meta.url));

/**
 * The folder of a copy of the Python server that this Python has compiled, made once for the source as it is. As in the environment of a build, nothing is
 * compiled beside a model: the walls let no process write there. Each start would compile it anew in memory, a third of what a start computes.
 */
export async function compiledServer(python: string): Promise<string> {
  const hash = await hashOfSource([NAME]);
  return keptFolder('slipway-python-server', { hash }, async (parent) => {
    const folder = await mkdtemp(join(parent, 'made-'));
    const filter = (path: string) => isSource(basename(path));
    await cp(SOURCE, join(folder, basename(SOURCE)), { recursive: true, filter });
    // The copy never changes, so no import needs to compare it with its bytecode.
    const compile = ['-m', 'compileall', '-q', '--invalidation-mode', 'unchecked-hash'];
    await promisify(execFile)(python, [...compile, folder]);
    return folder;
  });
}
