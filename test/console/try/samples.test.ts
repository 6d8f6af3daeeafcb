import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import {
  chatRequest,
  fileRequest,
  invocation,
  rawInvocation,
} from '../../../console/try/request.ts';
import { bodyOf, samplesOf } from '../../../console/try/samples.ts';
import { missingPrograms, missingPython, needing } from '../../support/needs.ts';

const run = promisify(execFile);
const URL_ = 'https://host.test/ml/models/iris';
const ADDRESS = { url: URL_, wantsKey: false };

const codeOf = (language: string, ...given: Parameters<typeof samplesOf>) =>
  samplesOf(...given).find((sample) => sample.language === language)?.code ?? '';

// All that could end a text early, or be more than text, in a shell, in Python or in JavaScript.
const HOSTILE = {
  inputs: [
    {
      "it's": '"; rm -rf / #',
      '$(reboot)': '`id`',
      '\\': "\\'",
      '</script>': '${process.exit(1)}',
      'a\u202eb\u001b[31m': 'line\nend\r\u2028\u0000',
      ___: '\u{1F600} \u{E0041}',
    },
  ],
};

describe('curl', () => {
  it('has the address, the type and the body', () => {
    expect(codeOf('curl', invocation({ inputs: [[1, 2]] }), ADDRESS)).toBe(
      `curl ${URL_}/invocations \\\n  -H 'content-type: application/json' \\\n  -d '{"inputs":[[1,2]]}'`,
    );
  });

  it('reads a key from the environment', () => {
    const code = codeOf('curl', invocation({}), { ...ADDRESS, wantsKey: true });

    expect(code).toContain('-H "authorization: Bearer $SLIPWAY_KEY"');
  });

  it('sends a file as it is, whatever it is called', () => {
    expect(codeOf('curl', fileRequest("my cat's.png", 'image/png'), ADDRESS)).toContain(
      "--data-binary '@my cat'\\''s.png'",
    );
  });

  it('reads a body from a file where it is too long for a command', () => {
    const request = invocation({ inputs: Array.from({ length: 2000 }, () => 0) });

    expect(codeOf('curl', request, ADDRESS)).toContain('--data-binary @request.json');
    expect(bodyOf(request).isFile).toBe(true);
  });

  it('shows a stream as it comes', () => {
    expect(codeOf('curl', chatRequest('m', [], 5), ADDRESS)).toContain('curl -N ');
  });
});

it.each(['curl', 'Python', 'JavaScript'])(
  '%s shows no character that cannot be seen',
  (language) => {
    const code = codeOf(language, invocation(HOSTILE), ADDRESS);

    // Line ends and white space belong to code.
    expect(code.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}]/u);
  },
);

describe('a sample that is run', () => {
  let seen: { path: string; body: string; type: string }[];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    seen.push({
      path: request.url ?? '',
      body: Buffer.concat(parts).toString(),
      type: request.headers['content-type'] ?? '',
    });
    response.setHeader('content-type', 'application/json').end('{"predictions":[1]}');
  });
  const address = () => ({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/models/m`,
    wantsKey: false,
  });

  beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
  beforeEach(() => {
    seen = [];
  });
  afterAll(() => {
    server.close();
  });

  const sends = (language: string, program: string, ...flags: readonly string[]) =>
    it(`by ${language} sends what the page sends, with nothing of it run`, async () => {
      for (const request of [invocation(HOSTILE), rawInvocation(JSON.stringify(HOSTILE))]) {
        await run(program, [...flags, codeOf(language, request, address())]);
      }

      expect(seen.map(({ body }) => JSON.parse(body))).toEqual([HOSTILE, HOSTILE]);
      expect(seen.map(({ path, type }) => [path, type])).toEqual([
        ['/models/m/invocations', 'application/json'],
        ['/models/m/invocations', 'application/json'],
      ]);
    });

  needing(missingPrograms('bash', 'curl'), () => sends('curl', 'bash', '-c'));

  sends('JavaScript', process.execPath, '--input-type=module', '--eval');

  it('by JavaScript has a column that is called __proto__', async () => {
    const request = invocation(JSON.parse('{"inputs":[{"__proto__":1}]}'));

    await run(process.execPath, [
      '--input-type=module',
      '--eval',
      codeOf('JavaScript', request, address()),
    ]);

    expect(seen[0]?.body).toBe('{"inputs":[{"__proto__":1}]}');
  });

  needing(missingPython, () => {
    it('by Python has literals of the same value', async () => {
      const request = invocation({ ...HOSTILE, more: [true, false, null, 1.5, -2e-9] });
      const code = codeOf('Python', request, address());

      // Python itself reads what stands there; `requests` need not be installed.
      const literal = /json=(.*),\n\)/.exec(code)?.[1] ?? '';
      const { stdout } = await run('python3', ['-c', `import json; print(json.dumps(${literal}))`]);

      expect(JSON.parse(stdout)).toEqual({ ...HOSTILE, more: [true, false, null, 1.5, -2e-9] });
      expect(code).toContain(`'${address().url}/invocations'`);
    });
  });
});
