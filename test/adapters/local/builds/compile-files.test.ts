import { execFile } from 'node:child_process';
import { link, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { COMMANDS } from '../../../support/local/commands.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';

const run = promisify(execFile);
const { compileFiles, compileImported, shareCompiled } = await import(
  String(pathToFileURL(join(COMMANDS, 'compile-files.mjs')))
);

/** A virtual environment with a package of two modules. */
async function environment(folder: string) {
  await run('python3', ['-m', 'venv', '--without-pip', folder]);
  const [version = ''] = await readdir(join(folder, 'lib'));
  const packages = join(folder, 'lib', version, 'site-packages');
  for (const name of ['used.py', 'unused.py']) await writeFile(join(packages, name), 'a = 1\n');
  const compiled = () => readdir(join(packages, '__pycache__')).catch(() => []);
  return { python: join(folder, 'bin', 'python'), packages, compiled };
}

describe('the bytecode of an environment', () => {
  it('is of the files that were imported, and of no other', async () => {
    await using folder = await temporaryFolder();
    const { python, packages, compiled } = await environment(join(folder.path, 'one'));
    const outside = join(folder.path, 'predict.py');
    await writeFile(outside, 'b = 2\n');
    // It would say that it ran.
    await writeFile(join(packages, 'runs.pth'), `import os; os.mkdir('${folder.path}/ran')\n`);

    await compileFiles(python, [
      join(packages, 'used.py'),
      join(packages, '../../../../predict.py'),
      outside,
      `${join(packages, 'used.py')}\n${outside}`,
    ]);

    expect(await compiled()).toEqual([expect.stringMatching(/^used\.cpython-3\d+\.pyc$/)]);
    expect((await readdir(folder.path)).toSorted()).toEqual(['one', 'predict.py']);
  });

  it('is of what will be imported before anything is', async () => {
    await using folder = await temporaryFolder();
    const { python, packages } = await environment(join(folder.path, 'one'));
    const ran = `open('${folder.path}/ran', 'w')\n`;
    const modules = {
      '__init__.py': `${ran}from . import taken\nimport os.path, kit.deep.within as within\n`,
      'taken.py':
        'def later():\n    from . import late\nclass Now:\n    from .other import thing\n',
      'late.py': '',
      'other.py': 'thing = 1\n',
      'left.py': '',
      'torn.py': 'def\n',
      'deep/__init__.py': 'try:\n    from .. import torn\nexcept SyntaxError: pass\n',
      'deep/within.py': 'from ..other import thing\n',
    };
    await mkdir(join(packages, 'kit', 'deep'), { recursive: true });
    for (const [name, code] of Object.entries(modules)) {
      await writeFile(join(packages, 'kit', name), code);
    }

    const found: readonly string[] = await compileImported(python, ['kit', 'nowhere']);

    const names = found.map((file) => relative(join(packages, 'kit'), file)).toSorted();
    const imported = ['__init__.py', 'deep/__init__.py', 'deep/within.py', 'other.py', 'taken.py'];
    expect(names).toEqual([...imported, 'torn.py'].toSorted());
    expect(await readdir(folder.path)).toEqual(['one']);
    // Python itself takes what was compiled for what it is.
    const given = ['-c', 'import kit, sys; sys.stdout.write(kit.__cached__)'];
    await writeFile(join(packages, 'kit', '__init__.py'), 'a syntax error');
    const { stdout } = await run(python, given);
    expect(stdout).toMatch(/kit\/__pycache__\/__init__\.cpython-3\d+\.pyc$/);
    expect(await readdir(join(packages, 'kit', '__pycache__'))).toHaveLength(3);
  });

  it('is that of another environment for the files that both share, and no others', async () => {
    await using folder = await temporaryFolder();
    const one = await environment(join(folder.path, 'one'));
    const other = await environment(join(folder.path, 'other'));
    await mkdir(join(one.packages, 'shared'));
    await mkdir(join(other.packages, 'shared'));
    await writeFile(join(one.packages, 'shared', 'same.py'), 'c = 3\n');
    await link(join(one.packages, 'shared', 'same.py'), join(other.packages, 'shared', 'same.py'));
    const files = [join(one.packages, 'used.py'), join(one.packages, 'shared', 'same.py')];
    await compileFiles(one.python, files);

    await shareCompiled(one.python, other.python, files);

    expect(await readdir(join(other.packages, 'shared', '__pycache__'))).toHaveLength(1);
    expect(await other.compiled()).toEqual([]);
  });
});
