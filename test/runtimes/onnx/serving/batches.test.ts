import { once } from 'node:events';
import { connect } from 'node:net';
import { type Graph, model } from '../../../support/models/onnx-graph.ts';
import { type ModelServer, startModel, stopServers } from '../../model-server.ts';
import { onnx, onnxFile } from '../../onnx-runtime.ts';

afterEach(stopServers);

/** Answers each row of `x` with the number of rows of its run, so that answers show what was joined. It looks up a row of one, and refuses any other. */
const ROWS: Graph = {
  inputs: [{ name: 'x', datatype: 'INT64', shape: ['n'] }],
  outputs: [{ name: 'rows', datatype: 'INT64', shape: ['n'] }],
  nodes: [
    { op: 'Shape', inputs: ['x'], outputs: ['count'] },
    { op: 'Gather', inputs: ['count', 'x'], outputs: ['rows'] },
  ],
};

const started = (env = {}) => startModel(onnx, onnxFile(model(ROWS)), env);

/** The statuses and predictions of requests that the server reads at once, since they come in one piece over one connection. */
async function asked({ url }: ModelServer, values: readonly number[]) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const text = values.map((value, at) => {
    const body = `[${value}]`;
    const close = at === values.length - 1 ? 'connection: close\r\n' : '';
    return `POST /invocations HTTP/1.1\r\nhost: m\r\n${close}content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  });
  socket.write(text.join(''));
  const answers = Buffer.concat(await socket.toArray()).toString();
  return [...answers.matchAll(/HTTP\/1\.1 (\d+)[\s\S]*?\r\n\r\n(\{[^}]*\})/g)].map(
    ([, status, body = '']) => ({ status: Number(status), ...JSON.parse(body) }),
  );
}

const rowsIn = (answers: readonly { readonly predictions: readonly number[] }[]) =>
  answers.flatMap(({ predictions }) => predictions);

it('requests that wait for the model are answered in one run, if the build has shown that they may be', async () => {
  const server = await started({ BATCH_ROWS: '64' });

  expect(Math.max(...rowsIn(await asked(server, Array(10).fill(0))))).toBeGreaterThan(1);
});

it('a run has as many rows as the build has shown', async () => {
  const server = await started({ BATCH_ROWS: '3' });

  expect(Math.max(...rowsIn(await asked(server, Array(10).fill(0))))).toBe(3);
});

it('the server of a model that no build has loaded finds out that its rows depend on each other', async () => {
  const server = await started({ BATCHING: 'auto' });

  for (let time = 0; time < 5; time += 1) {
    expect(rowsIn(await asked(server, Array(10).fill(0)))).toEqual(Array(10).fill(1));
  }
});

it('each request is answered alone where the build has shown nothing', async () => {
  const server = await started();

  expect(rowsIn(await asked(server, Array(10).fill(0)))).toEqual(Array(10).fill(1));
});

it('a request that the model refuses costs none of those beside it', async () => {
  const server = await started({ BATCH_ROWS: '64' });

  const answers = await asked(server, [0, 0, 0, 7, 0, 0]);

  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 400, 200, 200]);
  expect(answers[3].error).toMatch(/^the model refused/);
});
