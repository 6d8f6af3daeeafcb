import { join } from 'node:path';
import type { SlipwayEvent } from '#domain/event.ts';
import { fakedClock, missingFaketime } from '../support/clock/faked-clock.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { needing } from '../support/needs.ts';
import { behaving } from '../support/servers/behaviour.ts';
import { clients, kinds } from '../support/slipway/clients.ts';
import { startSlipway, temporaryFolder } from '../support/slipway/running.ts';

const HOUR = 3_600;
// The bake is long: a step of the clock that stopped it would stop it for an hour.
const BAKE_SECONDS = 3;
const KEY = 'models/shapes/model.onnx';
const CANARY = JSON.stringify({
  placement: { target: 'fargate' },
  rollout: { strategy: 'canary', steps: [50, 100] },
});
const light = (constant: number) => behaving('echoes', addConstantModel({ constant }));

needing(missingFaketime, () => {
  it.each([
    ['back', -HOUR],
    ['forward', HOUR],
  ])(
    'a machine whose clock steps %s by an hour in the middle of a bake answers every request, and ends the bake in its time',
    async (_, seconds) => {
      await using folder = await temporaryFolder();
      const clock = fakedClock(join(folder.path, 'clock'));
      await using slipway = await startSlipway(folder.path, {
        hasAnyServer: true,
        environment: clock.environment,
        config: { bakeSeconds: BAKE_SECONDS },
      });
      slipway.drop(`${KEY}.yaml`, CANARY);
      slipway.drop(KEY, light(10));
      await slipway.ending('shapes', 1);
      await slipway.settled('shapes');
      const load = clients(slipway, 'shapes', { count: 4, pauseMs: 20 });
      await load.more(50);

      slipway.drop(KEY, light(20));
      const isBaking = ({ state, version }: SlipwayEvent['detail']) =>
        state === 'Baking' && version === 2;
      const begun = await slipway.told('shapes', isBaking);
      clock.set(seconds);
      const end = await slipway.ending('shapes', 2);
      await load.more(200);
      await load.stop();

      const bakedSeconds = (Date.parse(end.detail.time) - Date.parse(begun.detail.time)) / 1000;
      expect(end.detail.state).toBe('Live');
      // The recorded bake is neither cut short nor an hour longer.
      expect(bakedSeconds).toBeGreaterThanOrEqual(BAKE_SECONDS);
      expect(bakedSeconds).toBeLessThan(HOUR / 2);
      expect(kinds(load.answers)).toEqual(['200 shapes-v1 1,2', '200 shapes-v2 1,2']);
      expect(slipway.output()).toBe('');
    },
  );
});
