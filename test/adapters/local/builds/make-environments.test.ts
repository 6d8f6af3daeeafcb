import { execFile } from 'node:child_process';
import {
  appendFile,
  chmod,
  cp,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stageOf } from '#domain/build/build-progress.ts';
import { COMMANDS } from '../../../support/local/commands.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';

const run = promisify(execFile);
const MAKE = join(COMMANDS, 'make-environments.mjs');

const ORDER = {
  environmentHash: 'abc',
  python: { python: '3.12', orElse: [], requirements: ['scikit-learn==1.8.0'] },
  keptBecause: 'it is code',
  imports: [],
};

const KEPT = join('.cache', 'slipway', 'environments');

// More than a process may have as its number.
const NO_PROCESS = 2 ** 22 + 1;

/** A uv that installs nothing: it makes only the folder of an environment, and with REPLACES a package that contains Python's configuration. It cannot lock the converter where `wanted` names this framework. */
const UV = `#!/bin/sh
case "$1 $2" in
  "python find") echo "$HOME/python" ;;
  "venv --quiet")
    for folder; do :; done
    mkdir -p "$folder/lib/python3.12/site-packages"
    echo 'home = /usr/bin' >"$folder/pyvenv.cfg" ;;
  "pip compile")
    for wanted; do case "$wanted" in */wanted.txt) grep -q 'convert.*' "$wanted" && grep -q none==1 "$wanted" && exit 1 ;; esac; done
    while [ "$1" != --output-file ]; do shift; done; printf '# locked\\nscipy==1\\nnumpy==2 \\\\\\n    --hash=sha256:a\\n' >"$2" ;;
  "pip sync")
    [ ! "$REPLACES" ] || echo 'home = /elsewhere' >"\${4%/bin/python}/pyvenv.cfg"
    printf 'Resolved 2 packages in 1ms\\nDownloading scipy (33.7MiB)\\n Downloaded scipy\\nInstalled 2 packages\\n' >&2 ;;
esac
`;

/** Asks for the one that converts, and for the one that serves where nothing converts, or ASKED says so. */
const PROGRAM = `
const [, program, images, image, order] = process.argv;
const { makeEnvironments } = await import(program);
const { environment, converter, finish } = makeEnvironments(images, image, JSON.parse(order));
if (!(await converter()) || process.env.ASKED) await environment();
await finish();
`;

describe('the environment of a model', () => {
  const made = async (folder: string, order: object, variables = {}, cwd = '.') => {
    const [images, tools] = [join(folder, 'images'), join(folder, 'tools')];
    await mkdir(tools, { recursive: true });
    await writeFile(join(tools, 'uv'), UV);
    await chmod(join(tools, 'uv'), 0o755);
    await appendFile(join(folder, 'python'), '');
    const image = join(images, 'images', 'model-1.partial');
    await rm(image, { recursive: true, force: true });
    const env = { PATH: `${tools}:${process.env['PATH']}`, HOME: folder, ...variables };
    const command = ['--input-type=module', '-e', PROGRAM, MAKE, images, image];
    const { stderr } = await run(process.execPath, [...command, JSON.stringify(order)], {
      env,
      cwd,
    });
    const linked = await readdir(image);
    const environments = (await readdir(join(images, 'environments'))).toSorted();
    return { environments, linked, stages: stderr.split('\n').filter((line) => stageOf([line])) };
  };

  it('is made beside one that converts only where it is asked for too', async () => {
    await using folder = await temporaryFolder();

    expect(await made(folder.path, { ...ORDER, keptBecause: null })).toMatchObject({
      environments: ['abc-convert'],
      linked: ['converter'],
    });
    expect(
      await made(folder.path, { ...ORDER, keptBecause: null }, { ASKED: 'yes' }),
    ).toMatchObject({
      environments: ['abc', 'abc-convert'],
      linked: ['converter', 'environment'],
    });
  });

  it('is not made where a package would have Python start by other code than its own', async () => {
    await using folder = await temporaryFolder();

    const making = made(folder.path, ORDER, { REPLACES: 'yes' });

    await expect(making).rejects.toThrow(/a package brings a pyvenv\.cfg of its own/);
    expect(await readdir(join(folder.path, 'images/environments'))).toEqual([]);
  });

  it('has of the server’s files none that another Python has compiled', async () => {
    await using folder = await temporaryFolder();
    const server = join(folder.path, 'runtimes/python');
    await cp('runtimes/python', server, { recursive: true });
    await mkdir(join(server, 'slipway_server/serving/__pycache__'), { recursive: true });
    await writeFile(join(server, 'slipway_server/serving/__pycache__/app.cpython-39.pyc'), '');

    await made(folder.path, ORDER, {}, folder.path);

    const packages = join(folder.path, 'images/environments/abc/lib/python3.12/site-packages');
    const files = await readdir(join(packages, 'slipway_server'), { recursive: true });
    expect(files).toContain('serving/app.py');
    expect(files.filter((file) => file.includes('__pycache__'))).toEqual([]);
  });

  it('says how many of its packages are there as it is made', async () => {
    await using folder = await temporaryFolder();

    const { stages } = await made(folder.path, ORDER);
    const again = await made(folder.path, ORDER);

    expect(stages).toEqual([
      'progress: resolving packages',
      'progress: installing 2 packages',
      'progress: installing 1 of 2 packages',
      'progress: installing 2 of 2 packages',
      'progress: installing 2 of 2 packages',
      'progress: compiling what is imported',
    ]);
    expect(again.stages).toEqual([]);
  });

  it('has the server’s own packages as they are locked where the model asks for none', async () => {
    await using folder = await temporaryFolder();

    await made(folder.path, { ...ORDER, python: { ...ORDER.python, requirements: [] } });

    const lock = join(folder.path, 'images', 'environments', 'abc', 'lock.txt');
    const [server, numpy] = await Promise.all(
      ['requirements', 'numpy'].map((name) => readFile(`runtimes/python/${name}.txt`, 'utf8')),
    );
    expect(await readFile(lock, 'utf8')).toBe(`${server}${numpy}`);
  });

  it('is installed once for a machine and each of its Pythons where the model asks for no packages', async () => {
    await using folder = await temporaryFolder();
    const [images, kept] = [join(folder.path, 'images'), join(folder.path, KEPT)];
    const order = { ...ORDER, python: { ...ORDER.python, requirements: [] } };
    const lockIn = (environment: string) => stat(join(environment, 'lock.txt'));
    const anew = async (wanted: object) => {
      await rm(images, { recursive: true, force: true });
      return (await made(folder.path, wanted)).stages.length > 0;
    };

    expect([await anew(order), await anew(order)]).toEqual([true, false]);
    const [name = ''] = await readdir(kept);
    const lock = await lockIn(join(kept, name));
    expect((await lockIn(join(images, 'environments', 'abc'))).ino).toBe(lock.ino);
    expect([await anew(ORDER), await anew(ORDER)]).toEqual([true, true]);
    // An update of Python may be of another version.
    await utimes(join(folder.path, 'python'), 1, 1);
    expect([await anew(order), await anew(order)]).toEqual([true, false]);
    expect(await readdir(kept)).toHaveLength(2);
  });

  it('is kept for a month after the last that was made of it', async () => {
    await using folder = await temporaryFolder();
    const [images, kept] = [join(folder.path, 'images'), join(folder.path, KEPT)];
    const of = (environmentHash: string) => ({
      ...ORDER,
      environmentHash,
      python: { ...ORDER.python, requirements: [] },
    });
    const longAgo = async () => {
      for (const name of await readdir(kept)) await utimes(join(kept, name), 1, 1);
    };

    await made(folder.path, of('abc'));
    await longAgo();
    await made(folder.path, of('of another Slipway'));
    expect(await readdir(kept)).toHaveLength(2);
    await rm(images, { recursive: true });
    await longAgo();
    await made(folder.path, of('a third'));

    expect(await readdir(kept)).toHaveLength(1);
  });

  it('is made also where there is none that converts', async () => {
    await using folder = await temporaryFolder();
    const python = { ...ORDER.python, requirements: ['none==1'] };

    const { environments } = await made(folder.path, { ...ORDER, python, keptBecause: null });

    expect(environments).toEqual(['abc']);
  });

  it('is made once, and takes away what killed builds of it have left', async () => {
    await using folder = await temporaryFolder();
    const images = join(folder.path, 'images');
    const left = [
      `abc.${NO_PROCESS}.partial`,
      `abc.${process.pid}.partial`,
      `b.${NO_PROCESS}.partial`,
    ];
    for (const name of left) await mkdir(join(images, 'environments', name), { recursive: true });
    await made(folder.path, ORDER);

    const found = await readdir(join(images, 'environments'));
    expect(found.toSorted()).toEqual(['abc', ...left.slice(1)].toSorted());
    expect(await readdir(join(images, 'environments', 'abc'))).toContain('lock.txt');
  });
});
