// Compiles the files of an environment that are imported: a tenth of all, and the only ones that the next process looks for.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdir, readdir, realpath, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const MOST_AT_ONCE = 4;

/** Compiles in advance what these modules will import; returns the files. */
export async function compileImported(python, modules) {
  const lib = join(await folderOf(python), 'lib');
  const [version] = await readdir(lib);
  const program = resolve('buildspecs/commands/compile-imported.py');
  const given = ['-I', '-S', program, join(lib, version, 'site-packages'), ...modules];
  return (await run(python, given, { maxBuffer: 2 ** 24 })).stdout.split('\n').filter(Boolean);
}

/**
 * Compiles those of these files that belong to the environment: the process that listed them has loaded the artifact, and may name others. PYTHON is the environment's own.
 * -S: it would run the code in .pth files. Unchecked: imports compare no file times. A file that does not compile cannot be imported anyway.
 */
export async function compileFiles(python, files) {
  const own = await ownFiles(python, files);
  const count = Math.min(MOST_AT_ONCE, availableParallelism());
  const given = ['-I', '-S', '-m', 'compileall', '-q', '--invalidation-mode', 'unchecked-hash'];
  const shares = Array.from({ length: count }, (_, share) =>
    own.filter((_, at) => at % count === share),
  );
  await Promise.all(
    shares.map(async (share) => {
      if (share.length === 0) return;
      const child = spawn(python, [...given, '-i', '-'], { stdio: ['pipe', 'ignore', 'ignore'] });
      child.stdin.on('error', () => undefined);
      child.stdin.end(share.join('\n'));
      await once(child, 'close');
    }),
  );
}

/** Links bytecode into another environment for files that are the same inode in both, as when uv links a wheel from its cache. */
export async function shareCompiled(python, other, files) {
  const [from, to] = await Promise.all([folderOf(python), folderOf(other)]);
  const shared = (await ownFiles(python, files)).map(async (file) => {
    const same = join(to, relative(from, file));
    const [one, two] = await Promise.all([stat(file), stat(same)]);
    if (one.ino !== two.ino || one.dev !== two.dev) return;
    await mkdir(dirname(compiledOf(same)), { recursive: true });
    await link(compiledOf(file), compiledOf(same));
  });
  // Fails for files that are not in both, or are already compiled there.
  await Promise.allSettled(shared);
}

async function ownFiles(python, files) {
  const folder = `${await folderOf(python)}${sep}`;
  const real = await Promise.all(files.map((file) => realpath(file).catch(() => '')));
  return real.filter((file) => file.startsWith(folder) && /^[^\n\r]+\.py$/.test(file));
}

function folderOf(python) {
  return realpath(dirname(dirname(python)));
}

/** https://peps.python.org/pep-3147 */
function compiledOf(file) {
  const [, folder, name] = /^(.*)[/\\]([^/\\]+)\.py$/.exec(file);
  const [, minor] = /[/\\]lib[/\\]python3\.(\d+)[/\\]/.exec(file);
  return join(folder, '__pycache__', `${name}.cpython-3${minor}.pyc`);
}
