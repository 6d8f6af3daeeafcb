import { networkInterfaces } from 'node:os';
import { addConstantModel } from '../support/models/onnx.ts';
import { REQUEST } from '../support/slipway/clients.ts';
import { startSlipway, temporaryFolder } from '../support/slipway/running.ts';
import { freePort } from '../support/stack/free-port.ts';

// The address of this machine that other machines know; its own where it has no other.
const ADDRESS =
  Object.values(networkInterfaces())
    .flat()
    .find((address) => address && address.family === 'IPv4' && !address.internal)?.address ??
  '127.0.0.1';

it('other machines call models with a key, and Slipway does not start without one', async () => {
  await using folder = await temporaryFolder();
  const othersPort = await freePort();
  const open = { bakeSeconds: 0, othersHost: '0.0.0.0', othersPort };
  const call = (headers: Record<string, string>, path = '/models/adder/v2/models/adder/infer') =>
    fetch(`http://${ADDRESS}:${othersPort}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(REQUEST),
    });

  await expect(startSlipway(folder.path, { config: open })).rejects.toThrow(
    /--host 0\.0\.0\.0 lets other machines call the models, and there is no key/,
  );
  const first = await startSlipway(folder.path, { config: { bakeSeconds: 0 } });
  const made = await first.command(
    'keys',
    'create',
    'app',
    '--models',
    'adder',
    '--calls',
    '--json',
  );
  const { key, id } = JSON.parse(made.out);
  await first.stop();

  await using slipway = await startSlipway(folder.path, { config: open });
  slipway.drop('models/adder/adder.onnx', addConstantModel({ constant: 10 }));
  await slipway.ending('adder', 1);
  const answer = await call({ authorization: `Bearer ${key}` });

  expect(await answer.json()).toMatchObject({ outputs: [{ data: [11, 12] }] });
  expect((await call({})).status).toBe(401);
  expect((await call({ 'x-api-key': key }, '/models/other/ping')).status).toBe(403);
  expect((await slipway.infer('adder', REQUEST)).status).toBe(200);
  // The control API and the S3 API stay on this machine.
  const control = new URL(slipway.control);
  if (ADDRESS !== '127.0.0.1') {
    await expect(fetch(`http://${ADDRESS}:${control.port}/healthz`)).rejects.toThrow(
      'fetch failed',
    );
  }
  await slipway.command('keys', 'revoke', id);
  expect((await call({ authorization: `Bearer ${key}` })).status).toBe(401);
});
