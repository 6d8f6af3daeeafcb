import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { systemClock } from '#adapters/clocks.ts';
import { isFromMlflow, receiveWebhooks } from '../../../src/operations/mlflow/webhook-receiver.ts';

const SECRET = 'shared';
const BODY = '{"entity": "model_version_alias", "action": "created"}';
const NOW = 1_796_000_000_000;

function signed(secret = SECRET, atMs = NOW, body = BODY) {
  const timestamp = String(Math.floor(atMs / 1000));
  const mac = createHmac('sha256', secret).update(`id.${timestamp}.${body}`).digest('base64');
  return {
    'x-mlflow-delivery-id': 'id',
    'x-mlflow-timestamp': timestamp,
    'x-mlflow-signature': `v1,${mac}`,
  };
}

it.each([
  ['one of MLflow', signed(), BODY, true],
  ['one with another secret', signed('other'), BODY, false],
  ['one with another body', signed(), '{}', false],
  ['one of ten minutes ago', signed(SECRET, NOW - 600_000), BODY, false],
  ['one of the future', signed(SECRET, NOW + 600_000), BODY, false],
  ['one with the id of another', { ...signed(), 'x-mlflow-delivery-id': 'other' }, BODY, false],
  ['one without a signature', {}, BODY, false],
])('%s', (_, headers, body, isTheirs) => {
  expect(isFromMlflow(SECRET, headers, body, NOW)).toBe(isTheirs);
});

it('a signed request is a hint, and every other one is refused', async () => {
  let hints = 0;
  await using receiver = await receiveWebhooks({
    port: 0,
    secret: SECRET,
    clock: systemClock,
    onHint: () => {
      hints += 1;
    },
  });
  const send = (headers: Record<string, string>, body = BODY) =>
    fetch(`http://127.0.0.1:${receiver.port}/`, { method: 'POST', headers, body });
  const now = systemClock.now();

  expect((await send(signed(SECRET, now))).status).toBe(204);
  expect((await send(signed('other', now))).status).toBe(401);
  expect((await send({}, 'x'.repeat(100_000))).status).toBe(413);
  expect((await fetch(`http://127.0.0.1:${receiver.port}/`)).status).toBe(401);
  expect(hints).toBe(1);
});

it('a sender that hangs up in the middle keeps no other one from being heard', async () => {
  const heard = Promise.withResolvers<void>();
  await using receiver = await receiveWebhooks({
    port: 0,
    secret: SECRET,
    clock: systemClock,
    onHint: heard.resolve,
  });
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', note);

  const socket = connect(receiver.port, '127.0.0.1');
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n');
  await once(socket, 'data');
  socket.destroy();
  await once(socket, 'close');
  const headers = signed(SECRET, systemClock.now());
  await fetch(`http://127.0.0.1:${receiver.port}/`, { method: 'POST', headers, body: BODY });

  await heard.promise;
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});
