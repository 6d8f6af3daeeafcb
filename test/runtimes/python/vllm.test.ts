import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onPython } from '../python-runtime.ts';
import type { Runtime } from '../runtime.ts';

const run = promisify(execFile);

// vLLM itself needs a GPU: a program that prints its arguments stands for its command, and one that echoes its requests for the application behind the middleware.
const SERVER = fileURLToPath(new URL('../../../runtimes/vllm', import.meta.url));
const COMMAND = `#!/bin/sh
for each in "$@" "hub:$HF_HUB_OFFLINE" "statistics:$VLLM_NO_USAGE_STATS" "home:$HOME"; do echo "$each"; done
`;
// vLLM's own answers at the paths of its documentation: each letter is a token, and the logarithm of its probability minus a hundredth of its number.
const SERVE = `
import json, uvicorn
from slipway_vllm.middleware import Slipway

async def asked(receive):
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"): return json.loads(body)

def answer_of(path, body):
    if body["model"] != "llama": return 404, {"error": {"message": "no such model"}}
    if path == "/tokenize":
        if "messages" in body and body["add_generation_prompt"] is not True: return 400, {}
        text = "".join("[" + each["content"] + "]" for each in body["messages"]) if "messages" in body else body["prompt"]
        tokens = ([1] if body.get("add_special_tokens", "messages" not in body) else []) + [ord(each) for each in text]
        return 200, {"count": len(tokens), "max_model_len": 40, "tokens": tokens}
    if len(body["prompt"]) > 40: return 400, {"error": {"message": "maximum context length is 40"}}
    said = [None, *({str(each): {"logprob": -each / 100, "rank": 1, "decoded_token": chr(each)}} for each in body["prompt"][1:])]
    return 200, {"choices": [{"index": 0, "text": "x", "prompt_logprobs": said if body.get("prompt_logprobs") == 0 else None}]}

async def app(scope, receive, send):
    if scope["type"] != "http": return
    if scope["path"] in ("/tokenize", "/v1/completions"):
        status, body = answer_of(scope["path"], await asked(receive))
        await send({"type": "http.response.start", "status": status, "headers": []})
        return await send({"type": "http.response.body", "body": json.dumps(body).encode()})
    told = {"path": scope["path"], "headers": sorted(name.decode() for name, _ in scope["headers"])}
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})

server = uvicorn.Server(uvicorn.Config(Slipway(app), port=0, lifespan="off", log_level="error"))
startup = server.startup
async def started(*args, **kwargs):
    await startup(*args, **kwargs)
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
server.startup = started
server.run()
`;

function describeVllm({ command: [python], env }: Runtime): void {
  const own = {
    MODEL_PATH: '/opt/model/llama',
    MODEL_NAME: 'llama',
    MODEL_VERSION: '3',
    SLIPWAY_REVISION: 'llama-v3',
    PORT: '8080',
  };
  const withServer = { ...env, ...own, PYTHONPATH: SERVER };

  async function started(over: Readonly<Record<string, string>>): Promise<readonly string[]> {
    const bin = await mkdtemp(join(tmpdir(), 'slipway-vllm-'));
    try {
      await writeFile(join(bin, 'vllm'), COMMAND);
      await chmod(join(bin, 'vllm'), 0o755);
      const path = [bin, process.env['PATH']].join(delimiter);
      const started = { env: { ...withServer, ...over, PATH: path } };
      return (await run(python, ['-m', 'slipway_vllm'], started)).stdout.trim().split('\n');
    } finally {
      await rm(bin, { recursive: true });
    }
  }

  it('becomes vLLM with the model, its name, and what the GPUs of its instance have room for', async () => {
    const gpus = { MAX_MODEL_LEN: '32768', GPU_MEMORY_UTILIZATION: '0.95' };

    expect(await started({ ...gpus, TENSOR_PARALLEL_SIZE: '4' })).toEqual([
      ...['serve', '/opt/model/llama', '--served-model-name', 'llama'],
      ...['--host', '0.0.0.0', '--port', '8080'],
      ...['--max-model-len', '32768', '--gpu-memory-utilization', '0.95'],
      ...['--tensor-parallel-size', '4'],
      ...['--middleware', 'slipway_vllm.middleware.Slipway'],
      ...['--allowed-origins', '[]', '--disable-uvicorn-access-log'],
      ...['hub:1', 'statistics:1', 'home:/tmp'],
    ]);
  });

  it('gives vLLM the other names of the model', async () => {
    const command = (await started({ MODEL_ALIASES: 'gpt-4o,org/model' })).join(' ');

    expect(command).toContain('--served-model-name llama gpt-4o org/model --host');
  });

  it('leaves to vLLM what nobody has said', async () => {
    expect(await started({})).not.toContain('--max-model-len');
  });

  describe('before the application of vLLM', () => {
    async function asked<T>(
      ask: (origin: string) => Promise<T>,
      over: Readonly<Record<string, string>> = {},
    ): Promise<T> {
      const child = spawn(python, ['-c', SERVE], {
        env: { ...process.env, ...withServer, ...over, END_WITH_STDIN: 'true' },
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      const [port] = await once(createInterface({ input: child.stdout }), 'line');
      try {
        return await ask(`http://127.0.0.1:${port}`);
      } finally {
        child.stdin.end();
        expect((await once(child, 'exit'))[1]).toBe('SIGKILL');
      }
    }

    it('lets pages of listed origins read answers, and no others', async () => {
      const cors = { CORS_ORIGINS: 'https://app.example', CORS_EXPOSED_HEADERS: 'retry-after' };
      const readBy = (origin: string) => async (url: string) => {
        const { headers } = await fetch(`${url}/models`, { headers: { origin } });
        return ['allow-origin', 'expose-headers']
          .map((name) => headers.get(`access-control-${name}`))
          .concat(headers.get('vary'));
      };

      const listed = await asked(readBy('https://app.example'), cors);
      const other = await asked(readBy('https://evil.example'), cors);
      const unset = await asked(readBy('https://app.example'));

      expect(listed).toEqual(['https://app.example', 'retry-after', 'origin']);
      expect(other).toEqual([null, null, 'origin']);
      expect(unset).toEqual([null, null, null]);
    });

    it('names the revision, and keeps the keys of callers to itself', async () => {
      const headers = { Authorization: 'Bearer slw_1', 'X-API-Key': 'slw_2', accept: 'text/plain' };

      await asked(async (origin) => {
        const answer = await fetch(`${origin}/models`, { headers });
        const told = (await answer.json()) as { path: string; headers: string[] };

        expect(answer.headers.get('x-slipway-revision')).toBe('llama-v3');
        expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
        expect(told).toMatchObject({ path: '/v1/models' });
        expect(told.headers).toContain('accept');
        expect(told.headers).not.toContain('authorization');
        expect(told.headers).not.toContain('x-api-key');
      });
    });

    it('says how likely an answer is by the log-probabilities of a prompt, to Slipway alone', async () => {
      const score = (origin: string, body: unknown, headers: Readonly<Record<string, string>>) =>
        fetch(`${origin}/slipway/score`, { method: 'POST', body: JSON.stringify(body), headers });
      const own = { 'x-slipway-own': '1' };
      const messages = [{ role: 'user', content: 'Hi' }];

      await asked(async (origin) => {
        const scored = await score(origin, { messages, answer: 'ab' }, own);
        const begun = await score(origin, { prompt: 'Hi', answer: 'a' }, own);
        const long = await score(origin, { prompt: 'Hi', answer: 'a'.repeat(50) }, own);
        const wrong = await score(origin, { prompt: 'Hi' }, own);
        const client = await score(origin, { messages, answer: 'ab' }, {});

        expect(scored.headers.get('x-slipway-revision')).toBe('llama-v3');
        expect(await scored.json()).toEqual({
          logprob: expect.closeTo(-(97 + 98) / 100),
          tokens: 2,
          prompt_tokens: 4,
        });
        expect(await begun.json()).toMatchObject({ tokens: 1, prompt_tokens: 3 });
        expect([long.status, await long.text()]).toEqual([
          400,
          expect.stringContaining('length is 40'),
        ]);
        expect([wrong.status, await wrong.text()]).toEqual([
          400,
          expect.stringContaining('answer takes a text'),
        ]);
        // The application gets it as any other path.
        expect(await client.json()).toMatchObject({ path: '/slipway/score' });
      });
    });

    it('says which tokens the model reads of a prompt, to Slipway alone', async () => {
      const render = (origin: string, body: unknown, headers: Readonly<Record<string, string>>) =>
        fetch(`${origin}/slipway/render`, { method: 'POST', body: JSON.stringify(body), headers });
      const own = { 'x-slipway-own': '1' };

      await asked(async (origin) => {
        const talk = await render(origin, { messages: [{ role: 'user', content: 'Hi' }] }, own);
        const text = await render(origin, { prompt: 'Hi' }, own);
        const wrong = await render(origin, { answer: 'Hi' }, own);
        const client = await render(origin, { prompt: 'Hi' }, {});

        const [ofTalk, ofText] = [await talk.json(), await text.json()] as { tokens: number[] }[];
        expect(ofTalk?.tokens).toHaveLength(4);
        expect(ofText?.tokens).toHaveLength(3);
        expect([wrong.status, await wrong.text()]).toEqual([
          400,
          expect.stringContaining('takes messages or a prompt'),
        ]);
        expect(await client.json()).toMatchObject({ path: '/slipway/render' });
      });
    });

    it('in an account knows a client by the domain that the API adds', async () => {
      const of = (headers: Readonly<Record<string, string>>) => async (origin: string) => {
        const body = JSON.stringify({ prompt: 'Hi', answer: 'a' });
        const answer = await fetch(`${origin}/slipway/score`, { method: 'POST', body, headers });
        return Object.keys((await answer.json()) as object);
      };
      const account = { SLIPWAY_DEPLOYMENT: 'd1' };

      expect(await asked(of({}), account)).toContain('logprob');
      expect(await asked(of({ 'x-slipway-domain': 'x', 'x-slipway-own': '1' }), account)).toContain(
        'path',
      );
    });

    it('says how the model is called, and ends with whoever started it', async () => {
      await asked(async (origin) => {
        const answer = await fetch(origin);

        expect(answer.headers.get('x-slipway-revision')).toBe('llama-v3');
        expect(await answer.json()).toMatchObject({
          model: 'llama',
          version: '3',
          paths: expect.arrayContaining(['/v1/chat/completions']),
        });
      });
    });
  });
}

await onPython(describeVllm);
