import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { COMMANDS, run } from '../../../support/local/commands.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';
import { ORDER } from '../../../support/worlds/build-order.ts';

const DESCRIBED = {
  signature: { inputs: [], outputs: [] },
  takesColumns: true,
  rows: 2,
  example: null,
  nativeMicros: 9,
  importMs: 1,
  loadMs: 1,
  peakBytes: 1,
  packages: [],
  uncompiled: [],
};
const MEASURED = { by: 'none', runs: [{ vcpus: 2, rows: 1, requests: 3, ms: 1, cpuMs: 1 }] };
const AS_ONNX = { by: 'affinity', runs: [{ vcpus: 1, rows: 1, requests: 3, ms: 0.1, cpuMs: 0.1 }] };
const CONVERTED = {
  ...{ converted: true, reason: '', rows: 2, maxDifference: 0, onnxMicros: 3 },
  measured: AS_ONNX,
  batching: { rows: 64, reason: 'as ONNX' },
};
const REFUSED = { ...CONVERTED, converted: false, reason: 'label differs in 1 of 2 rows' };

/** A Python, or Docker with one, that loads nothing: it writes its arguments to a file, and the converter answers with `conversion`, or ends. */
const python = (asked: string, conversion: object | null | undefined) => `#!/bin/sh
for each; do
  case "$before" in --out) out=$each ;; esac
  before=$each
done
case "$*" in
  *slipway_server.describe*)
    echo described >>"${asked}"
    echo '${JSON.stringify({ ...DESCRIBED, measured: MEASURED, batching: { rows: 8, reason: 'r'.repeat(600) } })}' ;;
  *slipway_server.convert*)
    echo converted >>"${asked}"
    echo onnx >"$out"
    ${
      conversion === undefined
        ? 'echo "a crash" >&2; exit 1'
        : `echo '${JSON.stringify({ ...DESCRIBED, conversion })}'`
    } ;;
esac
`;
const PROGRAM = `
const [, program, artifact, order, environment, converter] = process.argv;
const { proveModel } = await import(program);
const places = { environment: async () => environment, converter: async () => converter };
await proveModel(artifact, JSON.parse(order), places);
`;
const SKLEARN: typeof ORDER = {
  ...ORDER,
  runtime: 'python',
  keptBecause: null,
  facts: { ...ORDER.facts, format: 'sklearn', modelFile: 'a.pkl' },
};

describe('a model that is proven in a build', () => {
  async function proven(
    conversion: object | null | undefined,
    where: 'process' | 'image' | 'none',
    order = SKLEARN,
    umask = '022',
  ) {
    await using folder = await temporaryFolder();
    const { path } = folder;
    const [bin, asked] = [join(path, 'bin'), join(path, 'asked')];
    await mkdir(bin);
    await mkdir(join(path, 'model'));
    await writeFile(join(path, 'model', 'a.pkl'), 'pickle');
    for (const name of order.facts.leftOut ?? [])
      await writeFile(join(path, 'model', name), 'weights');
    for (const name of ['python', 'docker']) {
      await writeFile(join(bin, name), python(asked, conversion));
      await chmod(join(bin, name), 0o755);
    }
    const env = { PATH: `${bin}:${process.env['PATH']}`, WALLS: 'none' };
    const place = where === 'image' ? 'docker://image' : join(bin, 'python');
    const places = [place, where === 'none' ? '' : place];
    const given = [join(COMMANDS, 'prove-model.mjs'), path, JSON.stringify(order), ...places];

    const program = ['--input-type=module', '-e', PROGRAM, ...given];
    const masked = ['-c', `umask ${umask} && exec "$@"`, 'sh', process.execPath, ...program];
    const { code, err } = await run('sh', masked, '', env);

    expect([code, err]).toEqual([0, expect.stringContaining('progress: loading the model')]);
    const read = (name: string) => readFile(join(path, name), 'utf8');
    const mode = async (name: string) => (await stat(join(path, name))).mode & 0o777;
    expect(JSON.parse(await read('served/facts.json'))).toMatchObject({ takesColumns: true });
    return {
      asked: (await read('asked')).trim().split('\n'),
      served: await readdir(join(path, 'served/model')),
      ...JSON.parse(await read('proof.json')),
      facts: JSON.parse(await read('served/facts.json')),
      modes: await Promise.all(['served', 'served/model', 'served/facts.json'].map(mode)),
    };
  }

  it.each(['process', 'image'] as const)(
    'is loaded once where its conversion is kept: %s',
    async (where) => {
      const { asked, served, conversion, measured, batching } = await proven(CONVERTED, where);

      expect({ measured, batching }).toEqual({
        measured: AS_ONNX,
        batching: { rows: 64, reason: 'as ONNX' },
      });

      expect(asked).toEqual(['converted']);
      expect(served).toEqual(['model.onnx']);
      expect(conversion).toMatchObject({ kept: true, nativeMicros: 9, onnxMicros: 3 });
    },
  );

  it.each([
    {
      where: 'image',
      umask: '077',
      of: 'for the user of a container, whatever',
      modes: [0o755, 0o755, 0o644],
    },
    { where: 'process', umask: '077', of: 'for nobody else, as', modes: [0o700, 0o700, 0o600] },
  ] as const)('is laid out $of the umask says: $where', async ({ where, umask, modes }) => {
    const found = await proven(CONVERTED, where, SKLEARN, umask);

    expect(found.modes).toEqual(modes);
  });

  it('is served without what nothing reads', async () => {
    const { served } = await proven(REFUSED, 'process', {
      ...SKLEARN,
      facts: { ...SKLEARN.facts, leftOut: ['tf_model.h5'] },
    });

    expect(served).toEqual(['a.pkl']);
  });

  it('is not converted where it gets a GPU, of which its server is told', async () => {
    const { asked, conversion, facts } = await proven(CONVERTED, 'process', {
      ...SKLEARN,
      keptBecause: 'it computes on a GPU, and the ONNX server does not',
      facts: { ...SKLEARN.facts, needsGpu: true },
    });

    expect(asked).toEqual(['described']);
    expect(conversion).toMatchObject({
      kept: false,
      reason: 'it computes on a GPU, and the ONNX server does not',
    });
    expect(facts).toMatchObject({ needsGpu: true });
  });

  it.each([
    { what: 'answers otherwise', conversion: REFUSED, where: 'process', reason: REFUSED.reason },
    {
      what: 'ends',
      conversion: undefined,
      where: 'process',
      reason: 'its conversion ended: a crash',
    },
    {
      what: 'is not there',
      conversion: null,
      where: 'none',
      reason: 'no converter supports this version of its framework',
    },
  ] as const)('is loaded by its framework alone where its conversion $what', async (each) => {
    const { asked, served, conversion, measured, batching } = await proven(
      each.conversion,
      each.where,
    );

    expect({ measured, batching }).toEqual({
      measured: MEASURED,
      batching: { rows: 8, reason: `${'r'.repeat(500)}…` },
    });

    expect(asked.at(-1)).toBe('described');
    expect(served).toEqual(['a.pkl']);
    expect(conversion).toMatchObject({ kept: false, reason: each.reason, nativeMicros: 9 });
  });
});

/** The walls' own arguments come before those of a module. */
const TO_MODULE = 'while [ "$1" != -m ]; do shift; done\n';
/** As good as for ever beside the limits of these tests, and over at last where nothing ends it. */
const HANGS = 'exec sleep 60';
const LOADED = 'echo "progress: proving the model" >&2';
// Computes for longer than its loading may take.
const COMPUTES = `"${process.execPath}" -e 'while (process.cpuUsage().user < 1.2e6);'`;

describe('what loads a model in a build', () => {
  /** The end of a build whose Python does this for each of convert and describe. */
  async function ended(
    script: string,
    { walls = 'none', startupSeconds = 1, inImage = false } = {},
  ) {
    await using folder = await temporaryFolder();
    const { path } = folder;
    const [program, asked] = [
      join(path, 'bin', inImage ? 'docker' : 'python'),
      join(path, 'asked'),
    ];
    await mkdir(join(path, 'bin'));
    await mkdir(join(path, 'model'));
    await writeFile(join(path, 'model', 'a.pkl'), 'pickle');
    await writeFile(
      program,
      `#!/bin/sh\n${inImage ? '' : TO_MODULE}echo "$2" >>"${asked}"\n${script}\n`,
      { mode: 0o755 },
    );
    const order = { ...SKLEARN, startupSeconds };
    const place = inImage ? 'docker://image' : program;
    const places = [path, JSON.stringify(order), place, place];

    const given = ['--input-type=module', '-e', PROGRAM, join(COMMANDS, 'prove-model.mjs')];
    const env = {
      PATH: `${join(path, 'bin')}:${process.env['PATH']}`,
      ...(walls && { WALLS: walls }),
    };
    const { code, err } = await run(process.execPath, [...given, ...places], '', env);

    const said = /Error: (.*)/.exec(err)?.[1];
    const asks = await readFile(asked, 'utf8').catch(() => '');
    return { code, said, asks: asks.split('\n').filter(Boolean) };
  }

  it('is ended when it has not loaded by the clock, and is not tried in another way, which would be no faster', async () => {
    expect(await ended(HANGS, { startupSeconds: 0.3 })).toEqual({
      code: 1,
      said: 'the model was not loaded in 0.3 s by the clock',
      asks: ['slipway_server.convert'],
    });
  });

  it('is ended with its container where it is in an image', async () => {
    const dockers =
      'case $1 in kill) echo "$@" >>"$(dirname "$0")/../asked"; kill $(cat "$0.pid") ;; run) echo $$ >"$0.pid"; exec sleep 60 ;; esac';

    const { said, asks } = await ended(dockers, { startupSeconds: 0.3, inImage: true });

    expect(said).toBe('the model was not loaded in 0.3 s by the clock');
    expect(asks.at(-1)).toMatch(/^kill slipway-load-[0-9a-f]{12}$/);
  });

  it('is ended when it has made more files than it may, and is not tried in another way', async () => {
    const makes = `i=0; while [ $i -le 10000 ]; do : >$i; i=$((i + 1)); done\n${HANGS}`;

    expect(await ended(makes, { startupSeconds: 60 })).toEqual({
      code: 1,
      said: 'the model made more than 10000 files while it was loaded, its limit',
      asks: ['slipway_server.convert'],
    });
  });

  it('may take longer once it has loaded', async () => {
    const answer = JSON.stringify({ ...DESCRIBED, conversion: CONVERTED });
    const onnx = 'echo onnx >"$4"';

    const { code } = await ended(`${LOADED}\n${COMPUTES}\n${onnx}\necho '${answer}'`);

    expect(code).toBe(0);
  });

  it('is not started where nobody says which walls there are', async () => {
    expect(await ended(HANGS, { walls: '' })).toEqual({
      code: 1,
      said: 'no walls were given to set around the model, so it was not loaded',
      asks: [],
    });
  });

  it.each([
    ['no JSON', 'echo hello', 'signature'],
    ['a list', "echo '[1]'", 'signature'],
    ['nothing', 'exit 0', 'signature'],
    ['half', `echo '{"signature":null,"takesColumns":true}'`, 'rows'],
    ['times that are none', said({ measured: 'fast' }), 'measured'],
    ['batches without a reason', said({ batching: { rows: 64 } }), 'batching'],
    ['numbers that are none', said({ peakBytes: 'all' }), 'peakBytes'],
    ['packages that are none', said({ packages: [{}] }), 'packages'],
    ['files that are none', said({ uncompiled: 'x' }), 'uncompiled'],
    ['a conversion without a reason', said({ conversion: { converted: false } }), 'conversion'],
  ])('that answers %s is told so in a sentence', async (_, script, what) => {
    const { code, said } = await ended(script);

    expect(code).toBe(1);
    expect(said).toBe(
      `what the proof of the model answered is not what was asked: ${what} is missing, or not what belongs there; code of the model may have written it`,
    );
  });
});

function said(forged: object): string {
  return `echo '${JSON.stringify({ ...DESCRIBED, ...forged })}'`;
}
