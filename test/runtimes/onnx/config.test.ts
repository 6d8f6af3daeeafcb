import { readConfig } from '../../../runtimes/onnx/config.ts';
import { WRONG } from '../contract/config.ts';

const RIGHT = { MODEL_PATH: '/m.onnx', MODEL_NAME: 'm' };

it.each(WRONG)('refuses an environment: $says', ({ env, says }) => {
  expect(() => readConfig({ ...RIGHT, ...env })).toThrow(says);
});

it('takes at most 10 MiB, and drains for at most 10 s, unless it is told otherwise', () => {
  expect(readConfig(RIGHT)).toMatchObject({ maxBodyBytes: 10 * 2 ** 20, drainSeconds: 10 });
});

it('takes each alias once, and its own name for none', () => {
  expect(readConfig({ ...RIGHT, MODEL_ALIASES: 'a,m,b,a' })).toMatchObject({ aliases: ['a', 'b'] });
});
