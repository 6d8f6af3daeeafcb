import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeOnOneMachine } from '../python/right-answers.ts';
import { type MemoryFigures, memoryFigures, tooFar } from '../support/models/memory.ts';
import { temporaryFolder } from '../support/slipway/running.ts';
import { expectLive } from './live.ts';
import { DEEP_PYTHON, python } from './python.ts';

const LONGEST_MS = 900_000;

type Answer = { prompt: string; tokens: number; text: string };

if (DEEP_PYTHON) describeTransformers();
else it.skip('networks of transformers: .ci/deep installs what they need', () => undefined);

function describeTransformers(): void {
  describeOnOneMachine('a folder of Hugging Face that generates, dropped', (slipway) => {
    let folder: Awaited<ReturnType<typeof temporaryFolder>>;
    let answers: Record<string, Answer>;
    beforeAll(async () => {
      folder = await temporaryFolder();
      await python('./make_networks.py', folder.path);
      answers = JSON.parse(readFileSync(join(folder.path, 'answers.json'), 'utf8'));
    }, LONGEST_MS);
    afterAll(() => folder[Symbol.asyncDispose]());

    const dropped = async (name: string, n = 1) => {
      for (const file of readdirSync(join(folder.path, name))) {
        const key = `models/${name}/net-${n}/${file}`;
        slipway().drop(key, readFileSync(join(folder.path, name, file)));
      }
      // The same bytes again would be ignored.
      slipway().drop(`models/${name}/net-${n}/model.yaml`, `runtime: { requestsAtOnce: ${n} }`);
      return (await slipway().ending(name, n)).detail;
    };
    const post = (model: string, path: string, body: unknown) =>
      fetch(`${slipway().gateway}/models/${model}/v1/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });

    it.each(['gpt2', 'llama', 'qwen2', 't5'])(
      '%s goes on with a text in the tokens of transformers, and so does its next version',
      async (name) => {
        const { prompt, tokens, text } = answers[name] ?? { prompt: '', tokens: 0, text: '' };
        const asked = { prompt, temperature: 0, max_tokens: tokens };

        expectLive(await dropped(name));
        const answer = await (await post(name, 'completions', asked)).json();
        expect(answer).toMatchObject({ choices: [{ text }], usage: { prompt_tokens: 6 } });
        if (name !== 'llama') return;
        expectLive(await dropped(name, 2));
        const again = await (await post(name, 'completions', asked)).json();
        expect(again).toMatchObject({ choices: [{ text }] });
      },
      LONGEST_MS,
    );

    it('is known by the types that this transformers has, task by task', async () => {
      const known = new URL('../../src/formats/data/transformers-types.json', import.meta.url);

      expect(JSON.parse(await python('./transformers_types.py'))).toEqual(
        JSON.parse(readFileSync(known, 'utf8')),
      );
    });

    it('takes about as much memory as is expected, by what the build saw', async () => {
      const figures: MemoryFigures[] = [];
      for (const model of ['gpt2', 'llama', 'qwen2', 't5']) {
        const given = { path: join(folder.path, model), model, version: 1 };
        figures.push(await memoryFigures(slipway(), given));
      }

      expect(tooFar(figures)).toEqual([]);
    });

    it('answers a conversation by its template, streamed, with what it used', async () => {
      const messages = [{ role: 'user', content: 'the cat' }];
      const asked = { messages, temperature: 0, max_tokens: 5 };
      const whole = (await (await post('llama', 'chat/completions', asked)).json()) as {
        choices: { message: { content: string } }[];
      };
      const options = { stream: true, stream_options: { include_usage: true } };
      const streamed = await (
        await post('llama', 'chat/completions', { ...asked, ...options })
      ).text();
      const events = streamed.split('\n\n').filter((line) => line.startsWith('data: {'));
      const chunks = events.map((line) => JSON.parse(line.slice('data: '.length)));
      const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');

      expect(text).toBe(whole.choices[0]?.message.content);
      expect(chunks.at(-1)).toMatchObject({ usage: { completion_tokens: 5 } });
      expect(streamed).toMatch(/data: \[DONE\]\n\n$/);
    });

    it.each<[string, object, string]>([
      ['no tokens', { prompt: 'the', max_tokens: 0 }, 'max_tokens is 0'],
      [
        'a text beyond its context',
        { prompt: 'the '.repeat(400) },
        'the prompt has 401 tokens; it and its answer may have 256 together',
      ],
      ['an odd temperature', { prompt: 'the', temperature: 'hot' }, 'temperature is "hot"'],
    ])('refuses %s with the limit', async (_, asked, says) => {
      const answer = await post('llama', 'completions', asked);

      expect(answer.status).toBe(400);
      expect(JSON.stringify(await answer.json()).replaceAll('\\"', '"')).toContain(says);
    });
  });
}
