import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { addConstantModel } from '../support/models/onnx.ts';
import { behaving } from '../support/servers/behaviour.ts';
import { breakServers } from '../support/slipway/break.ts';
import { type RunningSlipway, startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const CRASHES = 14;

const statesOf = async (slipway: RunningSlipway) =>
  (await slipway.events('sums')).map(({ detail }) => detail.state);
const sampleOf = async (url: string, sample: RegExp) =>
  sample.exec(await (await fetch(`${url}/metrics`)).text())?.[1];

describe('a live model whose servers crash upon each request', () => {
  it('is told once as an event, counted for Prometheus, and said by status', async () => {
    await using folder = await temporaryFolder();
    await using slipway = await startSlipway(folder.path, {
      hasAnyServer: true,
      config: { bakeSeconds: 0 },
    });
    slipway.drop(
      'models/sums/m.onnx',
      behaving('breaks-when-told', addConstantModel({ constant: 1 })),
    );
    await slipway.ending('sums', 1);
    await slipway.settled('sums');
    expect((await slipway.command('status')).out).not.toContain('→');

    breakServers(folder.path, 'sums-v1', 'in use');
    for (let crash = 0; crash < CRASHES; crash += 1) {
      // Each server answers a few requests first.
      for (let asked = 0, status = 200; status === 200 && asked < 20; asked += 1) {
        const answer = await slipway.infer('sums', { inputs: [] });
        await answer.text();
        status = answer.status;
      }
    }

    const told = await slipway.told('sums', ({ state }) => state === 'Restarted');
    expect(told.detail).toMatchObject({
      version: 1,
      reason: 'the model server of sums-v1 exited with code 139',
      fix: expect.stringContaining('slipway rollback sums'),
      data: { cause: 'crash', times: 1 },
    });
    expect((await statesOf(slipway)).filter((state) => state === 'Restarted')).toHaveLength(1);
    const { out } = await slipway.command('logs', 'sums', '--tail', '3', '--since', '1h');
    expect(out.trim().split('\n')).toEqual(
      Array(3).fill(expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \S/)),
    );
    const restarts = /restarts_total\{model="sums",revision="sums-v1",cause="crash"\} (\d+)/;
    expect(Number(await sampleOf(slipway.gateway, restarts))).toBe(CRASHES);
    expect((await slipway.command('status')).out.replaceAll(/\s+/g, ' ')).toContain(
      `sums-v1 restarts in a loop: its servers ended ${CRASHES} times in the last 10 minutes`,
    );
  });
});

describe('a live model that fails all that clients ask right after its deployment', () => {
  it('is said to by status and an event, whatever its probes were answered', async () => {
    await using folder = await temporaryFolder();
    await using slipway = await startSlipway(folder.path, {
      hasAnyServer: true,
      config: { bakeSeconds: 0 },
    });
    slipway.drop(
      'models/sums/m.onnx',
      behaving('breaks-when-told', addConstantModel({ constant: 1 })),
    );
    await slipway.ending('sums', 1);
    await slipway.settled('sums');
    const ask = async () => (await slipway.infer('sums', { inputs: [] })).status;

    // The server that answered the probes ends, and no other starts.
    breakServers(folder.path, 'sums-v1', 'in use');
    const statuses = [await ask()];
    breakServers(folder.path, 'sums-v1', 'at load');
    while (statuses.length < 10) statuses.push(await ask());

    expect(statuses.filter((status) => status < 500)).toEqual([]);
    expect((await slipway.command('status')).out.replaceAll(/\s+/g, ' ')).toContain(
      'sums-v1 failed 10 of its 10 requests in the last 5 minutes',
    );
  });
});

describe('the health of a Slipway for a monitor', () => {
  it('is 503 with the reason while the bucket is gone, and 200 once it is back', async () => {
    await using folder = await temporaryFolder();
    await using slipway = await startSlipway(folder.path);
    const look = async () => {
      const response = await fetch(`${slipway.control}/healthz`);
      const { status, troubles = [] } = (await response.json()) as {
        readonly status: string;
        readonly troubles?: readonly { readonly check: string }[];
      };
      return { code: response.status, status, checks: troubles.map(({ check }) => check) };
    };
    const [bucket, aside] = [join(folder.path, 'bucket'), join(folder.path, 'aside')];
    // A machine that has no walls says so all along.
    const { checks: before } = await look();

    renameSync(bucket, aside);
    expect(await look()).toEqual({ code: 503, status: 'failing', checks: ['bucket', ...before] });
    expect(await sampleOf(slipway.control, /slipway_healthy\{check="bucket"\} (\d)/)).toBe('0');

    mkdirSync(bucket);
    expect((await look()).checks).toEqual(before);
  });
});
