import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from '../../../support/slipway/running.ts';

const run = promisify(execFile);

const ORDER = {
  environmentHash: 'abc',
  python: { python: '3.12', orElse: [], requirements: ['scikit-learn==1.8.0'] },
  wishes: { optimize: 'auto' },
};

// More than a process may have as its number.
const NO_PROCESS = 2 ** 22 + 1;

/** A uv that installs nothing: of an environment it makes the folder, with a Python that says where its packages are. */
const UV = `#!/bin/sh
case "$1 $2" in
  "python find") echo true ;;
  "venv --quiet")
    for folder; do :; done
    mkdir -p "$folder/bin"
    printf '#!/bin/sh\\necho "%s/lib"\\n' "$folder" >"$folder/bin/python"
    chmod +x "$folder/bin/python" ;;
  "pip compile") while [ "$1" != --output-file ]; do shift; done; echo locked >"$2" ;;
esac
`;

describe('the environment of a model', () => {
  it('is made once, and takes away what killed builds of it have left', async () => {
    await using folder = await temporaryFolder();
    const [images, tools] = [join(folder.path, 'images'), join(folder.path, 'tools')];
    const left = [
      `abc.${NO_PROCESS}.partial`,
      `abc.${process.pid}.partial`,
      `b.${NO_PROCESS}.partial`,
    ];
    for (const name of left) await mkdir(join(images, 'environments', name), { recursive: true });
    await mkdir(tools);
    await writeFile(join(tools, 'uv'), UV);
    await chmod(join(tools, 'uv'), 0o755);
    const order = join(folder.path, 'order.json');
    await writeFile(order, JSON.stringify(ORDER));
    const env = { PATH: `${tools}:${process.env['PATH']}` };

    const command = ['buildspecs/commands/make-environment.mjs', images, 'model-1', order];
    await run(process.execPath, command, { env });

    const found = await readdir(join(images, 'environments'));
    expect(found.toSorted()).toEqual(['abc', ...left.slice(1)].toSorted());
    expect(await readdir(join(images, 'environments', 'abc'))).toContain('lock.txt');
  });
});
