import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { COMMANDS, run } from '../../../support/local/commands.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';
import { ORDER } from '../../../support/worlds/build-order.ts';

/** A Python, or Docker with one, that loads nothing. Where it describes it waits for what converts: in an image to have begun, which ends before its golden rows are told, else to have ended. */
const python = (waits: string, pipe: string) => `#!/bin/sh
WAITS=${waits} PIPE=${pipe}
for each; do
  case "$before" in --golden) golden=$each ;; --out) out=$each ;; esac
  before=$each
done
case "$*" in
  *slipway_server.describe*)
    [ $WAITS != begun ] || read -r _ <"$PIPE"
    echo golden >"$golden"
    echo '{"rows": 2}'
    [ $WAITS != ended ] || read -r _ <"$PIPE"
    echo '${JSON.stringify({
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
    })}' ;;
  *slipway_server.convert*)
    [ $WAITS != begun ] || echo >"$PIPE"
    cat >/dev/null
    cp "$golden" "$out"
    echo '{"converted": true, "reason": "", "rows": 2, "maxDifference": 0, "onnxMicros": 3, "uncompiled": []}'
    [ $WAITS != ended ] || echo >"$PIPE" ;;
esac
`;
const PROGRAM = `
const [, program, artifact, order, place] = process.argv;
const { proveModel } = await import(program);
const places = { environment: place, converter: Promise.resolve(place) };
await proveModel(artifact, JSON.parse(order), places);
`;
const SKLEARN = { ...ORDER, runtime: 'python', format: 'sklearn', modelFile: 'a.pkl' };

describe('a model that is proven in a build', () => {
  it.each([
    ['before the time of a row is measured, in a process', 'ended', ''],
    ['beside what describes it, in an image', 'begun', 'docker://image'],
  ])('is converted %s', async (_, waits, image) => {
    await using folder = await temporaryFolder();
    const { path } = folder;
    const [bin, pipe] = [join(path, 'bin'), join(path, 'pipe')];
    await mkdir(bin);
    await mkdir(join(path, 'model'));
    await writeFile(join(path, 'model', 'a.pkl'), 'pickle');
    for (const name of ['python', 'docker']) {
      await writeFile(join(bin, name), python(waits, pipe));
      await chmod(join(bin, name), 0o755);
    }
    await run('mkfifo', [pipe]);
    const env = { PATH: `${bin}:${process.env['PATH']}` };
    const place = image || join(bin, 'python');
    const given = [join(COMMANDS, 'prove-model.mjs'), path, JSON.stringify(SKLEARN), place];

    const { code, err } = await run(
      process.execPath,
      ['--input-type=module', '-e', PROGRAM, ...given],
      '',
      env,
    );

    expect([code, err]).toEqual([
      0,
      expect.stringContaining('progress: converting, 2 golden rows'),
    ]);
    expect(await readFile(join(path, 'served/model/model.onnx'), 'utf8')).toBe('golden\n');
    const { conversion } = JSON.parse(await readFile(join(path, 'proof.json'), 'utf8'));
    expect(conversion).toMatchObject({ kept: true, nativeMicros: 9, onnxMicros: 3 });
    const facts = JSON.parse(await readFile(join(path, 'served/facts.json'), 'utf8'));
    expect(facts).toMatchObject({ takesColumns: true });
  });
});
