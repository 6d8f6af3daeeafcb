import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { missingPython, needing } from '../support/needs.ts';

const at = (path: string) => fileURLToPath(new URL(`../../runtimes/${path}`, import.meta.url));

const ASKERS = {
  onnx: [process.execPath, at('onnx/ask.ts')],
  python: ['python3', at('python/slipway_server/ask.py')],
} as const;

describe.each(['onnx', 'python'] as const)('the command of the %s image that asks', (name) => {
  needing(name === 'python' ? missingPython : undefined, () => {
    /** Its answer, and the requests that the server got; the server answers with `statuses`, the last again and again. */
    async function asked(given: readonly string[], statuses: readonly number[]) {
      const bodies: string[] = [];
      const server = createServer(async (request, response) => {
        bodies.push(`${request.url} ${await text(request)}`);
        response.statusCode = statuses[bodies.length - 1] ?? statuses.at(-1) ?? 200;
        response.end('said');
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const [program, ...command] = ASKERS[name];
      const env = { ...process.env, PORT: String((server.address() as AddressInfo).port) };
      const child = spawn(program, [...command, ...given], { env });
      child.stdin.end('{}');
      const out = await text(child.stdout);
      server.close();
      return { answer: JSON.parse(out), bodies };
    }

    it('waits until its server is ready', async () => {
      const { answer, bodies } = await asked([], [503, 200]);

      expect(answer).toMatchObject({ status: 200, body: 'said' });
      expect(bodies).toHaveLength(2);
    });

    it('sends a request as often as it is told to, and says how long each answer took', async () => {
      const { answer, bodies } = await asked(['/invocations', '3'], [200]);

      expect(bodies).toEqual(Array.from({ length: 3 }, () => '/invocations {}'));
      const time = expect.any(Number);
      expect(answer).toMatchObject({ status: 200, body: 'said', times: [time, time, time] });
      expect(answer).toHaveProperty('cpuMs');
    });

    it('stops at an answer that is not a success', async () => {
      const { answer, bodies } = await asked(['/invocations', '3'], [200, 500]);

      expect(bodies).toHaveLength(2);
      expect(answer).toMatchObject({
        status: 500,
        times: [expect.any(Number), expect.any(Number)],
      });
    });
  });
});
