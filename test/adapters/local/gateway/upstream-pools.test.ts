import { createServer } from 'node:http';
import { upstreamPools } from '#adapters/local/gateway/upstream-pools.ts';
import { listen } from '#adapters/local/http/listen.ts';
import { eventually } from '../../../support/clock/eventually.ts';

it('the connections of a process are forgotten when it has ended', async () => {
  const process = createServer((_, response) => response.end());
  const origin = `http://127.0.0.1:${await listen(process, { host: '127.0.0.1', port: 0 })}`;
  const pools = upstreamPools();
  const pool = pools.to(origin);
  await (await pool.request({ path: '/', method: 'GET' })).body.dump();
  const whileItRuns = pools.to(origin);

  process.close();
  process.closeAllConnections();
  const afterItEnded = await eventually(() => pools.to(origin) !== pool && pools.to(origin));

  expect(whileItRuns).toBe(pool);
  expect(afterItEnded).not.toBe(pool);
  await pools.close();
});

it('a process that cannot be reached leaves nothing behind', async () => {
  const pools = upstreamPools();
  const pool = pools.to('http://127.0.0.1:1');

  await expect(pool.request({ path: '/', method: 'GET' })).rejects.toThrow('ECONNREFUSED');

  await eventually(() => pools.to('http://127.0.0.1:1') !== pool);
  await pools.close();
});
