import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { zipOf } from '../support/bytes/zip.ts';
import { COMMANDS, run } from '../support/local/commands.ts';
import { temporaryFolder } from '../support/slipway/running.ts';

const { findUv, findPython } = await import(
  String(pathToFileURL(join(COMMANDS, 'python-tools.mjs')))
);
const INSTALL = join(COMMANDS, '../../runtimes/python/install-packages.sh');

type Wheel = {
  readonly name: string;
  readonly version: string;
  readonly needs?: readonly string[];
  /** The path of a file beside the code. */
  readonly bytes?: number;
  /** The code that Python runs as it starts, once this is installed. */
  readonly runs?: string;
};

const MIB = 1024 * 1024;
// PyPI's torch brings CUDA's libraries; the index of torch has packages of other names too, newer than any.
const PYPI: readonly Wheel[] = [
  { name: 'torch', version: '2.15.0', needs: ['nvidia', 'filelock'], bytes: MIB },
  { name: 'nvidia', version: '13.0', bytes: 4 * MIB },
  { name: 'filelock', version: '3.0' },
  { name: 'encoder', version: '1.0', needs: ['torch>=2', 'filelock'] },
  {
    ...{ name: 'hostile', version: '1.0', needs: ['torch>=2'] },
    runs: 'import os; open(os.environ["HOME"] + "/has-run", "w").close()',
  },
];
const FOR_CPUS: readonly Wheel[] = [
  { name: 'torch', version: '2.15.0+cpu', needs: ['filelock'] },
  { name: 'torch', version: '2.16.0+cpu', needs: ['filelock'] },
  { name: 'filelock', version: '99.0' },
  { name: 'encoder', version: '99.0' },
];

describe('the packages of a model that needs torch', () => {
  let origin: string;
  let server: Server;
  const asked: string[] = [];
  beforeAll(async () => {
    server = createServer(({ url = '' }, response) => {
      asked.push(url);
      const body = answers.get(url);
      response.writeHead(body ? 200 : 404, { 'content-type': 'text/html' }).end(body);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    asked.length = 0;
  });
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });

  const answers = new Map([...indexed('/pypi', PYPI), ...indexed('/cpu', FOR_CPUS)]);

  /** The installed parts of a package, the output and the lock; and whether the package's code has run. */
  async function installed(index: string, name = 'encoder') {
    await using folder = await temporaryFolder();
    const environment = join(folder.path, 'environment');
    const wanted = join(folder.path, 'wanted.txt');
    writeFileSync(wanted, `${name}\n`);
    const [uv, base] = [await findUv(), await findPython(await findUv(), ['3.13', '3.12', '3.11'])];
    const settings = {
      HOME: folder.path,
      UV_DEFAULT_INDEX: `${origin}/pypi/`,
      UV_CACHE_DIR: join(folder.path, 'cache'),
      TORCH_INDEX: index,
      // It looks at the environment's Python for each of its commands.
      ...(name !== 'encoder' && { UV_NO_CACHE: '1' }),
    };
    await run(uv, ['venv', '--quiet', '--python', base, environment], '', settings);
    const python = join(environment, 'bin/python');
    const { code, out, err } = await run(
      'sh',
      [INSTALL, uv, python, wanted, environment],
      '',
      settings,
    );
    const [lib = ''] = readdirSync(join(environment, 'lib'));
    const packages = readdirSync(join(environment, 'lib', lib, 'site-packages'))
      .filter((name) => name.endsWith('.dist-info'))
      .map((name) => name.replace(/\.dist-info$/, ''))
      .toSorted();
    const locked = readdirSync(environment)
      .filter((name) => /^(lock|torch)\.txt$/.test(name))
      .map((name) => readFileSync(join(environment, name), 'utf8'));
    const hasRun = readdirSync(folder.path).includes('has-run');
    return { code, count: out.trim(), err, packages, locked: locked.join(''), hasRun };
  }

  it('come with the torch that its own index has for CPUs, locked by hash', async () => {
    const { code, count, packages, locked } = await installed(`${origin}/cpu/`);

    expect(code).toBe(0);
    expect(packages).toEqual(['encoder-1.0', 'filelock-3.0', 'torch-2.15.0+cpu']);
    expect(count).toBe('3');
    const [torch] = FOR_CPUS;
    expect(locked).toContain(`torch==2.15.0+cpu \\\n    --hash=sha256:${hashOf(wheelOf(torch!))}`);
  });

  it('have no code run as the others are installed', async () => {
    const { packages, hasRun } = await installed(`${origin}/cpu/`, 'hostile');

    expect(packages).toContain('hostile-1.0');
    expect(packages).toContain('torch-2.15.0+cpu');
    expect(hasRun).toBe(false);
  });

  it('are otherwise never asked of that index, whatever it has', async () => {
    await installed(`${origin}/cpu/`);

    const names = asked.filter((url) => url.startsWith('/cpu/')).map((url) => url.split('/')[2]);
    expect(new Set(names)).toEqual(new Set(['torch']));
  });

  it('come with PyPI’s where that index has none, and the build’s log says how large it is', async () => {
    const { code, packages, err } = await installed(`${origin}/nothing/`);

    expect(code).toBe(0);
    expect(packages).toEqual(['encoder-1.0', 'filelock-3.0', 'nvidia-13.0', 'torch-2.15.0']);
    expect(err).toMatch(
      /^install-packages: torch==2\.15\.0 of PyPI takes 5 MiB with CUDA's libraries; http:.*\/nothing\/ gave none: .*not found/m,
    );
  });

  it('come with PyPI’s where nobody can reach it, or none is wanted', async () => {
    const unreachable = await installed('http://127.0.0.1:1/cpu/');
    const unwanted = await installed('none');

    expect(unreachable.packages).toContain('torch-2.15.0');
    expect(unreachable.err).toMatch(/gave none: Connection refused/);
    expect(unwanted.packages).toContain('torch-2.15.0');
    expect(unwanted.err).toMatch(/of PyPI takes 5 MiB with CUDA's libraries$/m);
    expect(asked.filter((url) => url.startsWith('/cpu/'))).toEqual([]);
  });

  it('are not installed where the setting is no address', async () => {
    const { code, err } = await installed('https://a.example/"\n[tool.uv]\nx = "');

    expect(code).toBe(1);
    expect(err).toContain('TORCH_INDEX is not the address of an index');
  });
});

/** A simple index below `root`, by path. https://packaging.python.org/en/latest/specifications/simple-repository-api */
function indexed(root: string, wheels: readonly Wheel[]) {
  const pages = new Map<string, string>();
  const files = wheels.map((wheel): [string, string | Buffer] => {
    const [page, file] = [`${root}/${wheel.name}/`, fileOf(wheel)];
    const bytes = wheelOf(wheel);
    const place = encodeURIComponent(file);
    const link = `<a href="${place}#sha256=${hashOf(bytes)}">${file}</a>\n`;
    pages.set(page, (pages.get(page) ?? '') + link);
    return [`${page}${place}`, bytes];
  });
  return [...pages, ...files] as const;
}

function fileOf({ name, version }: Wheel): string {
  return `${name}-${version}-py3-none-any.whl`;
}

function wheelOf({ name, version, needs = [], bytes = 0, runs }: Wheel): Buffer {
  const info = `${name}-${version}.dist-info`;
  const requires = needs.map((each) => `Requires-Dist: ${each}\n`).join('');
  const files = {
    [`${name}/__init__.py`]: '',
    [`${name}/library.so`]: 'x'.repeat(bytes),
    ...(runs !== undefined && { [`${name}.pth`]: `${runs}\n` }),
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n${requires}`,
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
  };
  const record = Object.keys(files).map((path) => `${path},,\n`);
  const parts = Object.entries({ ...files, [`${info}/RECORD`]: record.join('') });
  return zipOf(parts.map(([path, text]) => ({ name: path, content: Buffer.from(text) })));
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
