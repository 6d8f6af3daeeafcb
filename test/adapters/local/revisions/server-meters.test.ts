import { serverMeters } from '#adapters/local/revisions/server-meters.ts';
import { fakeClock } from '../../../support/clock/fake-clock.ts';
import { scriptedModelServer } from '../../../support/local/scripted-model-server.ts';
import { notLinux } from '../../../support/needs.ts';

const OF = { model: 'digits', revision: 'digits-v1' };
const CRASH = { cause: 'crash', reason: 'it exited' } as const;
const known = { placement: () => ({ target: 'lambda' }) as const };
const unknown = { placement: () => undefined };

describe('the metrics of model servers', () => {
  const metered = () => {
    const clock = fakeClock(0);
    const meters = serverMeters(clock);
    const valuesOf = (name: string, revisions: Parameters<typeof meters.families>[0] = known) =>
      meters.families(revisions).find((family) => family.name === name)?.values ?? [];
    return { clock, meters, valuesOf };
  };

  it('count those that are ready, from the moment that they are until they end', async () => {
    const { meters, valuesOf } = metered();
    const [one, other] = [scriptedModelServer(1), scriptedModelServer(2)];
    for (const { server } of [one, other]) meters.started(OF, server);
    const ready = () => valuesOf('slipway_model_servers_ready');

    expect(ready()).toEqual([{ labels: OF, value: 0 }]);
    await one.ready();
    await other.ready();
    expect(ready()).toEqual([{ labels: OF, value: 2 }]);
    await other.crash();
    expect(ready()).toEqual([{ labels: OF, value: 1 }]);
  });

  it('count how often servers ended by themselves, by their cause, from 0', () => {
    const { meters, valuesOf } = metered();
    meters.started(OF, scriptedModelServer(1).server);

    meters.ended(OF, CRASH);
    meters.ended(OF, CRASH);
    meters.ended(OF, { cause: 'memory', reason: 'it used too much' });

    expect(valuesOf('slipway_model_server_restarts_total')).toEqual([
      { labels: { ...OF, cause: 'crash' }, value: 2 },
      { labels: { ...OF, cause: 'hang' }, value: 0 },
      { labels: { ...OF, cause: 'memory' }, value: 1 },
    ]);
  });

  it('remember when servers ended, a hundred at most', () => {
    const { clock, meters } = metered();
    meters.ended(OF, CRASH);
    clock.advance(1000);
    for (let count = 0; count < 3; count += 1) meters.ended(OF, CRASH);

    expect(meters.endsSince('digits-v1', 0)).toBe(4);
    expect(meters.endsSince('digits-v1', 1)).toBe(3);
    expect(meters.endsSince('digits-v2', 0)).toBe(0);
    for (let count = 0; count < 200; count += 1) meters.ended(OF, CRASH);
    expect(meters.endsSince('digits-v1', 0)).toBe(100);
  });

  it('forget a revision that is gone, with its last server', async () => {
    const { meters, valuesOf } = metered();
    const { server, crash } = scriptedModelServer(1);
    meters.started(OF, server);

    expect(valuesOf('slipway_model_servers_ready', unknown)).toHaveLength(1);
    await crash();
    expect(valuesOf('slipway_model_servers_ready', unknown)).toHaveLength(0);
  });

  if (notLinux === undefined) {
    it('tell what a process uses', () => {
      const { meters, valuesOf } = metered();
      meters.started(OF, scriptedModelServer(1, process.pid).server);

      for (const what of ['memory_bytes', 'cpu_seconds_total', 'open_files']) {
        const [sample] = valuesOf(`slipway_model_server_${what}`);
        expect(sample?.value).toBeGreaterThan(0);
      }
      expect(meters.cpuSeconds(OF.revision)).toBeGreaterThan(0);
      expect(meters.cpuSeconds('nobody-v1')).toBeNull();
      const [memory] = valuesOf('slipway_model_server_memory_bytes');
      expect(memory?.value).toBeGreaterThan(1024 * 1024);
    });
  }

  it('have no figure of a server that is no process of this machine', () => {
    const { meters, valuesOf } = metered();
    meters.started(OF, scriptedModelServer(1).server);

    expect(valuesOf('slipway_model_server_memory_bytes')).toEqual([]);
  });
});
