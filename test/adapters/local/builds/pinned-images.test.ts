import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMMANDS, run } from '../../../support/local/commands.ts';

/** A Docker whose engine has the images of the file `here`, and whose registries have those of `there`. */
const DOCKER = `#!/bin/sh
echo "$*" >> "$HOME/said"
for last; do :; done
case "$1 $2" in
"image inspect") grep -qxF "$last" "$HOME/here" ;;
"pull --quiet") grep -qxF "$last" "$HOME/there" ;;
esac
`;

const ONNX = { tag: 'onnx-1', runtime: 'onnx', stage: null, isOptional: false, python: null };
const PYTHON = {
  tag: 'python-1',
  runtime: 'python',
  stage: 'environment',
  isOptional: false,
  python: { python: '3.11', orElse: ['3.12', '3.10'], requirements: ['numpy'] },
};

const DIGEST = /@sha256:[0-9a-f]{64}$/;

describe('the images that an environment begins from', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'slipway-pinned-'));
    await mkdir(join(home, 'bin'));
    await writeFile(join(home, 'bin/docker'), DOCKER, { mode: 0o755 });
  });
  afterEach(() => rm(home, { recursive: true }));

  type Images = { readonly here?: readonly string[]; readonly there?: readonly string[] };

  /** Builds an environment; `arguments` are those of its build that name images or Python. */
  async function build(environment: object, { here = [], there = [] }: Images, env = {}) {
    await writeFile(join(home, 'order.json'), JSON.stringify({ environments: [environment] }));
    await writeFile(join(home, 'here'), here.join('\n'));
    await writeFile(join(home, 'there'), there.join('\n'));
    const { code, err } = await run(
      process.execPath,
      [join(COMMANDS, 'build-environments.mjs'), home],
      '',
      { HOME: home, PATH: `${join(home, 'bin')}:${process.env['PATH']}`, ...env },
    );
    const said = await readFile(join(home, 'said'), 'utf8');
    const given = said.split('\n').findLast((line) => line.startsWith('buildx build ')) ?? '';
    const named = [...given.matchAll(/--build-arg (\S+)/g)].map(([, argument]) => argument);
    return { code, err, arguments: named };
  }

  it('are those of the Dockerfile, by their digests, where a registry has them', async () => {
    const pins = await pinsOf('onnx');

    const built = await build(ONNX, { there: Object.values(pins) });

    expect(Object.keys(pins)).toEqual(['WEB_ADAPTER_IMAGE', 'NODE_IMAGE']);
    for (const pin of Object.values(pins)) expect(pin).toMatch(DIGEST);
    expect(built).toMatchObject({ code: 0, arguments: [] });
  });

  it('are those that the engine has by the tag, where none can be pulled', async () => {
    const pins = await pinsOf('onnx');
    const tags = Object.entries(pins).map(([name, pin]) => [name, pin.replace(DIGEST, '')]);

    const built = await build(ONNX, { here: tags.map(([, tag]) => tag ?? '') });

    expect(built).toMatchObject({ code: 0, arguments: tags.map((tag) => tag.join('=')) });
  });

  it('are left to the builder, which says why, where neither is there', async () => {
    expect(await build(ONNX, {})).toMatchObject({ code: 0, arguments: [] });
  });

  it('are the web adapter that the stack names', async () => {
    const { NODE_IMAGE = '' } = await pinsOf('onnx');

    const built = await build(ONNX, { there: [NODE_IMAGE] }, { WEB_ADAPTER_IMAGE: 'mine:1' });

    expect(built).toMatchObject({ code: 0, arguments: ['WEB_ADAPTER_IMAGE=mine:1'] });
  });

  it('are those of the Python that the model was made with, else of the nearest that is there', async () => {
    const pins = await pinsOf('python');
    const adapter = pins['WEB_ADAPTER_IMAGE'] ?? '';
    const wished = pins['PYTHON_3_11_IMAGE'] ?? '';
    const other = (pins['PYTHON_3_10_IMAGE'] ?? '').replace(DIGEST, '');

    const first = await build(PYTHON, { there: [adapter, wished] });
    const nearest = await build(PYTHON, { there: [adapter], here: [other] });

    expect(first).toMatchObject({ code: 0, arguments: ['PYTHON_VERSION=3.11'] });
    expect(nearest).toMatchObject({ code: 0 });
    expect(nearest.arguments).toEqual([`PYTHON_3_10_IMAGE=${other}`, 'PYTHON_VERSION=3.10']);
  });

  it('say which Python there is no image of', async () => {
    const { code, err } = await build(PYTHON, {});

    expect(code).toBe(1);
    expect(err).toContain('no image of Python 3.11 or 3.12 or 3.10 can be pulled');
  });
});

/** The images that a runtime's Dockerfile names, by the settings that override them. */
async function pinsOf(runtime: string): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(join(COMMANDS, `../../runtimes/${runtime}/Dockerfile`), 'utf8');
  const found = text.matchAll(/^ARG ([A-Z0-9_]+_IMAGE)=(\S+)$/gm);
  return Object.fromEntries([...found].map(([, name, image]) => [name, image]));
}
