import { execFile } from 'node:child_process';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { confined } from '#adapters/local/servers/confined-command.ts';
import { wallsVariable } from '#adapters/local/servers/walls.ts';
import { RUNTIMES } from '#domain/build/runtime.ts';
import { COMMANDS } from '../../../support/local/commands.ts';
import { needing } from '../../../support/needs.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';
import { LAUNCHER, MACHINE, missingWalls } from '../../../support/walls/canaries.ts';

const run = promisify(execFile);
const PYTHON = String(MACHINE.python);

/** An environment with a package that has code in each place from which Python runs it unasked; each says whether it reads a file outside, the last one also where it was looked for. */
async function environmentIn(folder: string): Promise<string> {
  const asked = ['-c', 'import sys; print("python%d.%d" % sys.version_info[:2])'];
  const version = (await run(PYTHON, asked)).stdout.trim();
  const packages = join(folder, 'environment/lib', version, 'site-packages');
  await mkdir(join(packages, 'slipway_server'), { recursive: true });
  await mkdir(join(folder, 'environment/bin'));
  await mkdir(join(folder, 'scratch'));
  await symlink(PYTHON, join(folder, 'environment/bin/python'));
  await writeFile(join(folder, 'environment/pyvenv.cfg'), `home = ${dirname(PYTHON)}\n`);
  await writeFile(join(folder, 'secret'), '');
  await writeFile(
    join(packages, 'hostile.py'),
    `
said = []
def tries(name):
    try:
        open(${JSON.stringify(join(folder, 'secret'))})
        said.append(name + " reads")
    except OSError:
        said.append(name + " is refused")
`,
  );
  await writeFile(join(packages, 'hostile.pth'), 'import hostile; hostile.tries("a .pth file")\n');
  const sitecustomize = 'import hostile; hostile.tries("sitecustomize")\n';
  await writeFile(join(packages, 'sitecustomize.py'), sitecustomize);
  const server =
    'import hostile, json; hostile.tries("the server"); print(json.dumps(sorted(set(hostile.said))))\n';
  for (const module of ['__init__', '__main__', 'describe']) {
    const text = module === '__init__' ? '' : server;
    await writeFile(join(packages, 'slipway_server', `${module}.py`), text);
  }
  // This file is not part of the server's copy: a package may have put its own file in its place.
  await writeFile(join(packages, 'slipway_server/walls.py'), 'def enter_or_end(): pass\n');
  return join(folder, 'environment/bin/python');
}

/** A distribution's Python may have a sitecustomize of its own, which goes before that of a package. */
function expectRefused(said: readonly string[]): void {
  expect(said.filter((each) => !each.endsWith(' is refused'))).toEqual([]);
  expect(said).toEqual(expect.arrayContaining(['a .pth file is refused', 'the server is refused']));
}

needing(missingWalls('landlock'), () => {
  describe('what a package has Python run as it starts runs behind the walls', () => {
    it('of a model server', async () => {
      await using folder = await temporaryFolder();
      const python = await environmentIn(folder.path);
      const { process } = RUNTIMES.python;
      if (!process) throw new Error('models of Python run as processes');
      const walls = { machine: MACHINE, refuses: null, launcher: LAUNCHER };
      const scratch = join(folder.path, 'scratch');

      const { command, variables } = confined(
        process,
        { server: '', python },
        { read: scratch, write: scratch, memoryMiB: 512 },
        { ...walls, serverFiles: [], compiled: '' },
      );
      const [program, ...given] = command;
      const { stdout } = await run(program, given, { cwd: scratch, env: { ...variables } });

      expectRefused(JSON.parse(stdout));
    });

    it('of a build that loads the model', async () => {
      await using folder = await temporaryFolder();
      const python = await environmentIn(folder.path);
      const scratch = join(folder.path, 'scratch');

      const { stdout } = await described(python, scratch, {});

      expectRefused(JSON.parse(stdout));
    });
  });

  it('a build whose model computes without end says that the model reached its limit', async () => {
    await using folder = await temporaryFolder();
    const python = await environmentIn(folder.path);
    const packages = dirname(await hostileIn(folder.path));
    await writeFile(join(packages, 'slipway_server/describe.py'), 'while True: pass\n');

    const ended = described(python, join(folder.path, 'scratch'), { cpuSeconds: 1 });

    await expect(ended).rejects.toMatchObject({
      stderr: expect.stringContaining('the model was not proven in 1 s of CPU, its limit'),
    });
  });
});

/** The output of a build's Python that describes a model behind walls of these limits. */
function described(python: string, scratch: string, limits: Readonly<Record<string, number>>) {
  const { SLIPWAY_WALLS } = wallsVariable(MACHINE, { read: [], write: [], limits });
  const program = `
    const { modelPython } = await import(${JSON.stringify(pathToFileURL(join(COMMANDS, 'model-python.mjs')))});
    const [place, out] = process.argv.slice(1);
    const { printed } = modelPython(out, { out, model: out, facts: '', startupSeconds: 60 });
    process.stdout.write(await printed(place, ['-m', 'slipway_server.describe']));
  `;
  const given = ['--input-type=module', '-e', program, python, scratch];
  return run(process.execPath, given, { env: { PATH: '/usr/bin:/bin', WALLS: SLIPWAY_WALLS } });
}

async function hostileIn(folder: string): Promise<string> {
  const found = await readdir(folder, { recursive: true });
  return join(folder, String(found.find((name) => name.endsWith('hostile.py'))));
}
