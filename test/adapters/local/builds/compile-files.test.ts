import { execFile } from 'node:child_process';
import { mkdir, readdir, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { basename, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { COMMANDS } from '../../../support/local/commands.ts';
import { missingPython, needing } from '../../../support/needs.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';

const run = promisify(execFile);
const { compileFiles, compileImported } = await import(
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

needing(missingPython, () => {
  describe('the bytecode of an environment', () => {
    it('is of the files that were imported, and of no other', async () => {
      await using folder = await temporaryFolder();
      const { python, packages, compiled } = await environment(join(folder.path, 'one'));
      const outside = join(folder.path, 'predict.py');
      await writeFile(outside, 'b = 2\n');
      // It would say that it ran.
      await writeFile(join(packages, 'runs.pth'), `import os; os.mkdir('${folder.path}/ran')\n`);

      await compileFiles(
        python,
        [
          join(packages, 'used.py'),
          join(packages, '../../../../predict.py'),
          outside,
          `${join(packages, 'used.py')}\n${outside}`,
        ],
        join(folder.path, 'kept'),
      );

      expect(await compiled()).toEqual([expect.stringMatching(/^used\.cpython-3\d+\.pyc$/)]);
      expect((await readdir(folder.path)).toSorted()).toEqual(['kept', 'one', 'predict.py']);
    });

    it('is of what will be imported before anything is', async () => {
      await using folder = await temporaryFolder();
      const { python, packages } = await environment(join(folder.path, 'one'));
      const ran = `open('${folder.path}/ran', 'w')\n`;
      const many = Array.from({ length: 300 }, (_, at) => `name_${at} = 'text ${at}'\n`);
      const modules = {
        '__init__.py': `${ran}from . import many, taken\nimport os.path, kit.deep.within as within\n`,
        // Its names and constants have numbers of more than a byte.
        'many.py': `${many.join('')}from .behind import thing\n`,
        'behind.py': 'thing = 2\n',
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

      const found: readonly string[] = await compileImported(python, ['kit', 'nowhere'], {
        kept: join(folder.path, 'kept'),
      });

      const names = found.map((file) => relative(join(packages, 'kit'), file)).toSorted();
      const deep = ['deep/__init__.py', 'deep/within.py'];
      const imported = ['__init__.py', 'behind.py', 'many.py', 'other.py', 'taken.py', 'torn.py'];
      expect(names).toEqual([...imported, ...deep].toSorted());
      expect((await readdir(folder.path)).toSorted()).toEqual(['kept', 'one']);
      // Python itself accepts the compiled file.
      const given = ['-c', 'import kit, sys; sys.stdout.write(kit.__cached__)'];
      await writeFile(join(packages, 'kit', '__init__.py'), 'a syntax error');
      const { stdout } = await run(python, given);
      expect(stdout).toMatch(/kit\/__pycache__\/__init__\.cpython-3\d+\.pyc$/);
      expect(await readdir(join(packages, 'kit', '__pycache__'))).toHaveLength(5);
    });

    it('is told to be there before what is imported last is compiled', async () => {
      await using folder = await temporaryFolder();
      const { python, packages } = await environment(join(folder.path, 'one'));
      const files = ['used', 'unused'].map((name) => join(packages, `${name}.py`));
      let imported: Promise<unknown> | undefined;

      const found = await compileImported(python, ['used'], {
        kept: join(folder.path, 'kept'),
        last: ['unused'],
        onFirst: () => {
          imported ??= run(python, ['-c', 'import used; print(used.__cached__, end="")']);
        },
      });

      expect(found).toEqual(files);
      await expect(imported).resolves.toMatchObject({
        stdout: expect.stringMatching(/used\..*pyc$/),
      });
    });

    it('is told to be there, of many files, while the last are compiled in the order of their imports', async () => {
      await using folder = await temporaryFolder();
      const { python, packages } = await environment(join(folder.path, 'one'));
      await mkdir(join(packages, 'many'));
      const names = Array.from({ length: 1000 }, (_, at) => `m${at}`);
      for (const name of names) await writeFile(join(packages, 'many', `${name}.py`), 'a = 1\n');
      await writeFile(join(packages, 'many', 'm0.py'), 'import used\n');
      const imports = names.map((name) => `from . import ${name}\n`);
      await writeFile(join(packages, 'many', '__init__.py'), imports.join(''));

      const given = ['-I', '-S', join(COMMANDS, 'compile-imported.py'), packages];
      const running = run(python, [...given, join(folder.path, 'kept'), 'many']);
      running.child.stdin?.end();
      const lines = (await running).stdout.trimEnd().split('\n');

      const inTurn = lines.filter(Boolean).map((file) => basename(file));
      expect(inTurn.toSorted()).toEqual(
        ['__init__.py', 'used.py', ...names.map((name) => `${name}.py`)].toSorted(),
      );
      expect(inTurn.indexOf('used.py')).toBeLessThan(inTurn.indexOf('m500.py'));
      const begun = lines.indexOf('');
      // A single worker would be overtaken.
      if (cpus().length > 1) expect(begun).toBeGreaterThanOrEqual(500);
      if (cpus().length > 1)
        expect(begun).toBeLessThan(lines.indexOf(join(packages, 'many/m999.py')));
    });

    it('is compiled once for all environments with the same file, whose own name it tells', async () => {
      await using folder = await temporaryFolder();
      const one = await environment(join(folder.path, 'one'));
      const other = await environment(join(folder.path, 'other'));
      for (const { packages } of [one, other]) {
        await writeFile(join(packages, 'used.py'), `text = '${folder.path}'\nraise KeyError\n`);
      }

      for (const { python, packages } of [one, other]) {
        await compileFiles(python, [join(packages, 'used.py')], join(folder.path, 'kept'));
      }

      const [kept, linked] = await Promise.all(
        [one, other].map(async ({ packages, compiled }) => {
          const [name = ''] = await compiled();
          return stat(join(packages, '__pycache__', name));
        }),
      );
      expect(linked?.ino).toBe(kept?.ino);
      const failing = run(other.python, ['-c', 'import used']);
      await expect(failing).rejects.toThrow(`"${join(other.packages, 'used.py')}", line 2`);
    });

    it('is compiled again where what was kept of it is torn', async () => {
      await using folder = await temporaryFolder();
      const one = await environment(join(folder.path, 'one'));
      const other = await environment(join(folder.path, 'other'));
      for (const { python, packages, compiled } of [one, other]) {
        await writeFile(join(packages, 'used.py'), `print('${folder.path}')\n`);
        await compileFiles(python, [join(packages, 'used.py')], join(folder.path, 'kept'));
        const { stdout } = await run(python, ['-c', 'import used']);
        expect(stdout).toBe(`${folder.path}\n`);
        const [name = ''] = await compiled();
        await truncate(join(packages, '__pycache__', name), 20);
      }
    });

    it('is compiled also where nothing can be kept, as below a home that cannot be written', async () => {
      await using folder = await temporaryFolder();
      const { python, packages, compiled } = await environment(join(folder.path, 'one'));
      await writeFile(join(folder.path, 'home'), 'a file');
      const kept = join(folder.path, 'home', 'kept');

      await compileFiles(python, [join(packages, 'used.py')], kept);
      const imported: readonly string[] = await compileImported(python, ['unused'], { kept });

      expect(await compiled()).toHaveLength(2);
      expect(imported).toEqual([join(packages, 'unused.py')]);
    });

    it('is kept for a month once no environment has it', async () => {
      await using folder = await temporaryFolder();
      const { python, packages } = await environment(join(folder.path, 'one'));
      const kept = join(folder.path, 'kept');
      await compileFiles(python, [join(packages, 'used.py')], kept);
      const [tag = ''] = await readdir(kept);
      const [used = ''] = await readdir(join(kept, tag));
      for (const name of ['old', 'new']) await writeFile(join(kept, tag, name), '');
      for (const name of ['old', used]) await utimes(join(kept, tag, name), 0, 0);

      await compileFiles(python, [join(packages, 'used.py')], kept);

      expect((await readdir(join(kept, tag))).toSorted()).toEqual([used, 'new'].toSorted());
    });
  });
});
