import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
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
    /** Its answer, the requests that the server got, and how many of them were under way at once; the server answers with `statuses`, the last again and again, and each `together` requests once all of them have come. */
    async function asked(given: readonly string[], statuses: readonly number[], together = 1) {
      const bodies: string[] = [];
      let waiting: ServerResponse[] = [];
      let mostAtOnce = 0;
      const server = createServer(async (request, response) => {
        bodies.push(`${request.url} ${await text(request)}`);
        response.statusCode = statuses[bodies.length - 1] ?? statuses.at(-1) ?? 200;
        waiting.push(response);
        mostAtOnce = Math.max(mostAtOnce, waiting.length);
        if (waiting.length < together) return;
        for (const each of waiting) each.end('said');
        waiting = [];
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const [program, ...command] = ASKERS[name];
      const env = { ...process.env, PORT: String((server.address() as AddressInfo).port) };
      const child = spawn(program, [...command, ...given], { env });
      child.stdin.end('{}');
      const out = await text(child.stdout);
      server.close();
      return { answer: JSON.parse(out), bodies, mostAtOnce };
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

    it('sends as many requests at once as it is told to, and says how long all took', async () => {
      const { answer, bodies, mostAtOnce } = await asked(['/invocations', '6', '3'], [200], 3);

      expect(bodies).toHaveLength(6);
      expect(mostAtOnce).toBe(3);
      expect(answer).toMatchObject({ status: 200, body: 'said', tookMs: expect.any(Number) });
      expect(answer.times).toHaveLength(6);
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
