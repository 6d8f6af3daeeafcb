import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { COMMANDS, run } from '../../../support/local/commands.ts';
import { temporaryFolder } from '../../../support/slipway/running.ts';

const PROGRAM = `
const { smokeTest } = await import(process.argv[1]);
const runtime = { image: { ask: ['ask'] }, container: {} };
const server = { port: 8080, healthPath: '/' };
const request = { protocol: 'invocations', body: {} };
const given = { runtime, image: 'image', modelFile: 'a.onnx', server, mostSeconds: Number(process.argv[3] ?? 2) };
const sent = process.argv[2] ? JSON.parse(process.argv[2]) : request;
console.log(JSON.stringify(await smokeTest({ ...given, startupSeconds: 2, request: sent })));
`;
/** A Docker whose server is ready at once, and ends with its container while it is asked for anything else. */
const DOCKER = `#!/bin/sh
case "$1 $*" in
  run*) echo container ;;
  exec*invocations*) echo $$ >"$0.pid"; exec sleep 60 ;;
  exec*) echo '{"status":200,"body":""}' ;;
  kill*) kill "$(cat "$0.pid")" ;;
  inspect*) echo false ;;
  logs*) echo its last line ;;
esac
`;

it('an image that never answers its first request is ended, and its build says so', async () => {
  await using folder = await temporaryFolder();
  await writeFile(join(folder.path, 'docker'), DOCKER, { mode: 0o755 });
  const env = { PATH: `${folder.path}:${process.env['PATH']}` };
  const given = ['--input-type=module', '-e', PROGRAM, join(COMMANDS, 'smoke-test.mjs')];

  const { code, err } = await run(process.execPath, given, '', env);

  expect(code).toBe(1);
  expect(err).toContain(
    'the image does not serve its model: it had not answered a request after 2 s\nits last line',
  );
});

/** A Docker that logs the quotas and the requests that it is asked for. Its server answers in 10 ms, and takes 12 of the CPU; of several at once, it answers one in 6 ms, or none where they block each other. */
const docker = ({
  mayLimit,
  blocks,
}: {
  readonly mayLimit: boolean;
  readonly blocks: boolean;
}) => `#!/bin/sh
log="$(dirname "$0")/log"
case "$1 $*" in
  run*) echo container ;;
  update*) echo "$3" >>"$log"; exit ${mayLimit ? 0 : 1} ;;
  exec*/proc/1/status) echo 'VmHWM: 100 kB' ;;
  exec*invocations*|exec*infer*)
    for given; do times=$at_once; at_once=$given; done
    if [ "$at_once" = 1 ]; then said=$times; else said="$times, $at_once at once,"; fi
    echo "$said of $(cat | wc -c)" >>"$log"
    if ${blocks} && [ "$at_once" != 1 ]; then echo $$ >"$0.pid"; exec sleep 60; fi
    took=10; each=1; while [ "$each" -lt "$times" ]; do took=$took,10; each=$((each + 1)); done
    echo "{\\"status\\":200,\\"body\\":\\"\\",\\"times\\":[$took],\\"tookMs\\":$((6 * times)),\\"cpuMs\\":$((12 * times))}" ;;
  exec*) echo '{"status":200,"body":""}' ;;
  rm*) if ${blocks}; then kill "$(cat "$0.pid")"; fi ;;
esac
`;

describe('the answers of an image', () => {
  async function measured(
    mayLimit: boolean,
    request: object,
    { blocks = false, mostSeconds = 2 } = {},
  ) {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'docker'), docker({ mayLimit, blocks }), { mode: 0o755 });
    const env = { PATH: `${folder.path}:${process.env['PATH']}` };
    const program = ['--input-type=module', '-e', PROGRAM, join(COMMANDS, 'smoke-test.mjs')];
    const given = [...program, JSON.stringify(request), String(mostSeconds)];

    const { out, err } = await run(process.execPath, given, '', env);

    expect(err).toBe('');
    const log = await readFile(join(folder.path, 'log'), 'utf8');
    return { ...JSON.parse(out), log: log.trim().split('\n') };
  }
  const RUN = { rows: 1, requests: 20, ms: 10, cpuMs: 12 };
  const SEVERAL = { atOnce: 8, requests: 20, ms: 6, peakBytes: 100 * 1024 };
  const row = { name: 'x', datatype: 'FP32', shape: [1, 2], data: [1, 2] };

  it('are measured at each share of the CPU that there is, and by rows, for several periods of the quota', async () => {
    const request = { protocol: 'infer', body: { inputs: [row] } };
    const shares = [1, 2, 0.5].filter((share) => share <= availableParallelism());
    const one = JSON.stringify(request.body).length;

    const { measured: found, peakBytes, log } = await measured(true, request);

    expect(found).toEqual({
      by: 'quota',
      runs: [
        // A request is expected to take twice as long at half a vCPU, and eight rows eight times as long.
        ...shares.map((vcpus) => ({ ...RUN, vcpus, requests: vcpus < 1 ? 10 : 20 })),
        { ...RUN, vcpus: 1, rows: 8, requests: 3 },
      ],
      several: { ...SEVERAL, vcpus: 1 },
    });
    expect(peakBytes).toBe(100 * 1024);
    const eight = JSON.stringify({
      inputs: [{ ...row, shape: [8, 2], data: Array.from({ length: 8 }, () => [1, 2]).flat() }],
    }).length;
    expect(log).toEqual([
      `1 of ${one}`,
      `30 of ${one}`,
      ...shares.flatMap((vcpus) => [String(vcpus), `${vcpus < 1 ? 10 : 20} of ${one}`]),
      '1',
      `3 of ${eight}`,
      '1',
      `20, 8 at once, of ${one}`,
    ]);
  });

  it('are measured with every CPU where no quota can be set', async () => {
    const { measured: found } = await measured(false, { protocol: 'invocations', body: {} });

    const vcpus = availableParallelism();
    expect(found).toEqual({
      by: 'none',
      runs: [{ ...RUN, vcpus }],
      several: { ...SEVERAL, vcpus },
    });
  });

  it('are measured without several at once where these block each other', async () => {
    const { measured: found } = await measured(
      false,
      { protocol: 'invocations', body: {} },
      { blocks: true, mostSeconds: 600 },
    );

    expect(found).toEqual({ by: 'none', runs: [{ ...RUN, vcpus: availableParallelism() }] });
  });
});
