import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stageOf } from '#domain/build/build-progress.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';

const run = promisify(execFile);

const ORDER = {
  environmentHash: 'abc',
  python: { python: '3.12', orElse: [], requirements: ['scikit-learn==1.8.0'] },
  converts: false,
};

// More than a process may have as its number.
const NO_PROCESS = 2 ** 22 + 1;

/** A uv that installs nothing: of an environment it makes the folder. It cannot lock what converts where `wanted` names this framework. */
const UV = `#!/bin/sh
case "$1 $2" in
  "python find") echo true ;;
  "venv --quiet")
    for folder; do :; done
    mkdir -p "$folder/lib/python3.12/site-packages" ;;
  "pip compile")
    for wanted; do case "$wanted" in */wanted.txt) grep -q 'convert.*' "$wanted" && grep -q none==1 "$wanted" && exit 1 ;; esac; done
    while [ "$1" != --output-file ]; do shift; done; printf '# locked\\nscipy==1\\nnumpy==2 \\\\\\n    --hash=sha256:a\\n' >"$2" ;;
  "pip sync")
    printf 'Resolved 2 packages in 1ms\\nDownloading scipy (33.7MiB)\\n Downloaded scipy\\nInstalled 2 packages\\n' >&2 ;;
esac
`;

describe('the environment of a model', () => {
  const made = async (folder: string, order: object) => {
    const [images, tools] = [join(folder, 'images'), join(folder, 'tools')];
    await mkdir(tools, { recursive: true });
    await writeFile(join(tools, 'uv'), UV);
    await chmod(join(tools, 'uv'), 0o755);
    const path = join(folder, 'order.json');
    await writeFile(path, JSON.stringify(order));
    const env = { PATH: `${tools}:${process.env['PATH']}` };
    const command = ['buildspecs/commands/make-environment.mjs', images, 'model-1', path];
    const { stderr } = await run(process.execPath, command, { env });
    const linked = await readdir(join(images, 'images', 'model-1.partial'));
    const environments = (await readdir(join(images, 'environments'))).toSorted();
    return { environments, linked, stages: stderr.split('\n').filter((line) => stageOf([line])) };
  };

  it('has one beside it that converts only where its model may be converted', async () => {
    await using folder = await temporaryFolder();

    expect(await made(folder.path, ORDER)).toMatchObject({
      environments: ['abc'],
      linked: ['environment'],
    });
    expect(await made(folder.path, { ...ORDER, converts: true })).toMatchObject({
      environments: ['abc', 'abc-convert'],
    });
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

  it('is made also where there is none that converts', async () => {
    await using folder = await temporaryFolder();
    const python = { ...ORDER.python, requirements: ['none==1'] };

    const { environments } = await made(folder.path, { ...ORDER, python, converts: true });

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
