import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { sharedModel, type Wanted } from '../model-server.ts';
import type { Env, Runtime } from '../runtime.ts';

/**
 * A request and its answer. The body is `body` or the bytes of `base64`, compressed with `gzip`, and declared as JSON unless `headers` say otherwise (null: not declared).
 * The answer is `answer` or the bytes of `answerBase64`, and is JSON unless `answerHeaders` say otherwise; it only `begins` so where the rest is in the words of an engine's reader.
 */
type Asked = {
  readonly ask: string;
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly body?: string;
  readonly base64?: string;
  readonly gzip?: true;
  readonly status: number;
  readonly answerHeaders?: Env;
  readonly answer?: string;
  readonly answerBase64?: string;
  readonly begins?: string;
};

/** The requests to one model, which only some servers may have, and the headers that all its answers have; `decimals` where numbers are compared to so many, since a network answers them. */
type Group = {
  readonly model: Wanted;
  readonly decimals?: number;
  readonly env: Env;
  readonly answerHeaders: Env;
  readonly asked: readonly Asked[];
};

type Answer = {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
};

/** In each line of `corpus.jsonl` a model, or a request to the model above it. */
function groups(): readonly Group[] {
  const found: (Omit<Group, 'asked'> & { readonly asked: Asked[] })[] = [];
  const lines = readFileSync(join(import.meta.dirname, 'corpus.jsonl'), 'utf8')
    .trim()
    .split('\n');
  for (const line of lines) {
    const said = JSON.parse(line);
    if ('model' in said) found.push({ ...said, asked: [] });
    else found.at(-1)?.asked.push(said);
  }
  return found;
}

// They belong to the connection, or differ at each request.
const NOT_COMPARED = ['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding'];

/** One corpus for all servers: what one answers, the others answer to the byte. Only numbers may be spelled as each language writes them: 1e-7 and 1e-07, 2 and 2.0. */
export function describeCorpus(runtime: Runtime): void {
  const all = groups()
    .filter(({ model: [name] }) => runtime.models[name])
    .map((group) => ({ ...group, says: JSON.stringify(group.model) }));

  it.each(all)(
    'answers what is asked of $says $env',
    async ({ model, env, decimals, ...group }) => {
      const { url } = await sharedModel(runtime, model, env);
      for (const asked of group.asked) {
        const answer = await answerTo(url, asked);

        expect({ asked, ...read(answer, asked, decimals) }).toEqual({
          asked,
          status: asked.status,
          headers: {
            'content-type': 'application/json',
            'x-content-type-options': 'nosniff',
            ...group.answerHeaders,
            ...asked.answerHeaders,
          },
          body: wanted(asked, runtime, decimals),
        });
      }
    },
  );
}

/** The answer as far as the corpus says it. */
function read(
  { status, headers, body }: Answer,
  { ask, begins }: Asked,
  decimals: number | undefined,
): Answer {
  const kept = Object.entries(headers).filter(
    // The only answer whose length is not that of its body.
    ([name]) =>
      !NOT_COMPARED.includes(name) || (name === 'content-length' && ask.startsWith('HEAD')),
  );
  const compared =
    begins === undefined
      ? inOneSpelling(withoutNewIds(body), decimals)
      : body.slice(0, begins.length);
  return { status, headers: Object.fromEntries(kept), body: compared };
}

function wanted(
  { answer = '', answerBase64, begins }: Asked,
  { serverName, platform }: Runtime,
  decimals: number | undefined,
): string {
  if (begins !== undefined) return begins;
  const bytes = answerBase64 ? Buffer.from(answerBase64, 'base64') : Buffer.from(answer);
  const text = bytes.toString('latin1');
  return inOneSpelling(
    text.replace('{server}', serverName).replace('{platform}', platform),
    decimals,
  );
}

/** Every answer of the Responses API has ids and a time of its own. */
function withoutNewIds(body: string): string {
  return body
    .replaceAll(/"((?:resp|msg|rs|fc)_)[0-9a-f]{32}"/g, '"$1*"')
    .replaceAll(/"created_at":\d+/g, '"created_at":0');
}

function inOneSpelling(text: string, decimals: number | undefined): string {
  return text.replaceAll(/-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/gi, (written) => {
    const number = Number(written);
    return String(Number(decimals === undefined ? number : number.toFixed(decimals)) + 0);
  });
}

/** The body as Latin-1, so that each letter is a byte. */
function answerTo(url: string, { ask, headers = {}, body, base64, gzip }: Asked): Promise<Answer> {
  const [method, path = ''] = ask.split(' ');
  const bytes = base64 === undefined ? Buffer.from(body ?? '') : Buffer.from(base64, 'base64');
  const hasBody = body !== undefined || base64 !== undefined;
  const given = { ...(hasBody && { 'content-type': 'application/json' }), ...headers };
  const sent = Object.entries(given).flatMap(([name, value]) =>
    value === null ? [] : [[name, value] as const],
  );
  return new Promise((resolve, reject) => {
    const options = { method, headers: Object.fromEntries(sent), agent: false } as const;
    const call = request(`${url}${path}`, options, async (response) => {
      const { statusCode: status, headers: said } = response;
      const whole = Buffer.concat(await response.toArray());
      resolve({ status, headers: said, body: whole.toString('latin1') });
    });
    call.on('error', reject);
    call.end(gzip ? gzipSync(bytes) : bytes);
  });
}
