import { SCORE_PATH } from '#domain/comparison/answer-scores.ts';
import { RENDER_PATH } from '#domain/comparison/rendered-prompts.ts';
import type { Inspection } from '#domain/deployment.ts';
import type { GoldenRequest } from '#domain/rollout/golden-request.ts';
import type { GoldenAnswer } from '#domain/rollout/golden-verdict.ts';
import { APART } from '#ports/comparing.ts';
import { askBoth } from '#steps/ask-both.ts';
import { compareAnswers } from '#steps/compare-answers.ts';
import { type Asked, answered } from '../support/memory/prober.ts';
import { memoryWorld } from '../support/worlds/memory.ts';

const WRITES = {
  task: 'generate',
  contextTokens: 512,
  requestsAtOnce: 1,
  hasChatTemplate: true,
} as const;

/** A language model that answers each prompt with the same words, and finds each word of these as likely as `own` says, and each other one as `other` says. */
function writer(words: string, own: number, other = -6) {
  const asked: GoldenRequest[] = [];
  const ask = (request: GoldenRequest): GoldenAnswer => {
    asked.push(request);
    const { answer } = request.body as { answer?: string };
    if (request.path !== SCORE_PATH || answer === undefined) {
      return reply({ choices: [{ message: { content: words } }] });
    }
    const said = answer.split(' ');
    const known = new Set(words.split(' '));
    const logprob = said.reduce((sum, word) => sum + (known.has(word) ? own : other), 0);
    return reply({ logprob, tokens: said.length, prompt_tokens: 12 });
  };
  return { ask: async (request: GoldenRequest) => ask(request), asked };
}

function reply(body: unknown, status = 200): GoldenAnswer {
  return { kind: 'answer', status, body: JSON.stringify(body) };
}

type Server = { ask: (request: GoldenRequest) => Promise<GoldenAnswer>; asked: GoldenRequest[] };

const compared = (
  live: Server,
  candidate: Server,
  isScored = true,
  monotonicMs: () => number = () => 0,
) =>
  askBoth({
    requests: Array.from({ length: 20 }, (_, index) => ({
      what: `prompt ${index}`,
      isDrawn: false,
      request: {
        protocol: 'invocations',
        path: '/v1/chat/completions',
        body: { messages: [{ role: 'user', content: `prompt ${index}` }] },
      },
    })),
    live: live.ask,
    candidate: candidate.ask,
    comparing: APART,
    monotonicMs,
    tolerated: 0.02,
    truth: { margin: 0.02 },
    isScored,
  });
const scoresAskedOf = ({ asked }: Server) => asked.filter(({ path }) => path === SCORE_PATH).length;

describe('the answers of two language models', () => {
  it('are scored by both, and twice by the version before at first', async () => {
    const [live, candidate] = [writer('it is so', -0.3), writer('it is so', -0.3)];

    const { kept, scores, signs } = await compared(live, candidate);

    expect({ kept, signs }).toEqual({ kept: { asked: 20, changed: 0 }, signs: [] });
    expect(scores).toMatchObject({ asked: 20, before: expect.closeTo(Math.exp(0.3)) });
    expect(scoresAskedOf(candidate)).toBe(20);
    expect(scoresAskedOf(live)).toBe(20 + 3);
  });

  it('are other ones where the words of one are unlikely to the other', async () => {
    const [live, candidate] = [writer('it is so', -0.3), writer('no idea', -0.3, -0.4)];

    const { kept, signs } = await compared(live, candidate);

    expect({ kept, signs }).toEqual({ kept: { asked: 20, changed: 20 }, signs: [] });
    expect([scoresAskedOf(live), scoresAskedOf(candidate)]).toEqual([20 + 3 + 20, 20 + 20]);
  });

  it('are other ones where one goes on', async () => {
    const [live, candidate] = [writer('it is so', -0.3), writer('it is so and', -0.3)];

    expect((await compared(live, candidate)).kept.changed).toBe(20);
    expect(scoresAskedOf(live)).toBe(20 + 3);
  });

  it('show that the new one is damaged', async () => {
    const [live, candidate] = [writer('it is so', -0.3), writer('xx yy zz', -0.3, -7)];

    expect((await compared(live, candidate)).signs).toEqual([
      expect.stringContaining('have the perplexity 1,100 to it, and 1.35 to that version'),
    ]);
  });

  it('are scored without a chat template too, of the first five that are unlikely with it', async () => {
    const live = writer('it is so', -0.3);
    const candidate = writer('xx yy zz', -0.3, -2);
    // Without the template both are the same.
    const bare: GoldenRequest[] = [];
    const { ask } = candidate;
    candidate.ask = async (request) => {
      const { prompt, answer = '' } = request.body as { prompt?: string; answer?: string };
      if (prompt === undefined) return ask(request);
      bare.push(request);
      return live.ask({ ...request, body: { messages: [], answer } });
    };

    const { signs, kept } = await compared(live, candidate);

    expect(bare.map(({ body }) => body)).toEqual(
      [0, 1, 2, 3, 4].map((at) => ({ prompt: `prompt ${at}`, answer: 'it is so' })),
    );
    expect(kept).toEqual({ asked: 20, changed: 20 });
    expect(signs).toEqual([
      expect.stringContaining('its chat template is not that of its weights: without one, both'),
    ]);
  });

  it('say first which tokens both read of twenty prompts, before either writes a word', async () => {
    const servers = [writer('it is so', -0.3), writer('xx yy zz', -0.3, -1)] as const;
    const order: (string | undefined)[] = [];
    for (const [at, server] of servers.entries()) {
      const { ask } = server;
      server.ask = async (request) => {
        order.push(request.path);
        if (request.path !== RENDER_PATH) return ask(request);
        const [message] = (request.body as { messages: { content: string }[] }).messages;
        // The first prompt reads the same in both templates.
        const isOther = at === 1 && message?.content !== 'prompt 0';
        return reply({ tokens: isOther ? [1, 9, 2] : [1, 2] });
      };
    }

    const { prompts } = await compared(...servers);

    expect(prompts).toEqual({ asked: 20, otherwise: 19 });
    expect(order.slice(0, 40)).toEqual(Array.from({ length: 40 }, () => RENDER_PATH));
    expect(order.slice(40)).not.toContain(RENDER_PATH);
  });

  it('say so of fewer prompts where a server takes long for each', async () => {
    let nowMs = 0;
    const servers = [writer('it is so', -0.3), writer('it is so', -0.3)] as const;
    for (const server of servers) {
      const { ask } = server;
      server.ask = async (request) => {
        if (request.path !== RENDER_PATH) return ask(request);
        nowMs += 900;
        return reply({ tokens: [1] });
      };
    }

    const { prompts, kept } = await compared(...servers, true, () => nowMs);

    expect({ prompts, kept: kept.asked }).toEqual({
      prompts: { asked: 3, otherwise: 0 },
      kept: 20,
    });
  });

  it.each(['live', 'candidate'] as const)(
    'are compared without that where the %s one names no tokens, which is asked once',
    async (which) => {
      const servers = { live: writer('it is so', -0.3), candidate: writer('it is so', -0.3) };
      let asked = 0;
      for (const [name, server] of Object.entries(servers)) {
        const { ask } = server;
        server.ask = async (request) => {
          if (request.path !== RENDER_PATH) return ask(request);
          if (name === which) asked += 1;
          return name === which ? reply({ error: 'no' }, 400) : reply({ tokens: [1] });
        };
      }

      const { prompts, kept } = await compared(servers.live, servers.candidate);

      expect({ prompts, asked, kept: kept.asked }).toEqual({
        prompts: undefined,
        asked: 1,
        kept: 20,
      });
    },
  );

  it.each(['live', 'candidate'] as const)(
    'are compared all the same where the %s one scores nothing without a chat template',
    async (which) => {
      const servers = { live: writer('it is so', -0.3), candidate: writer('xx yy', -0.3, -1) };
      const { ask } = servers[which];
      servers[which].ask = async (request) =>
        (request.body as { prompt?: string }).prompt === undefined ? ask(request) : reply({}, 400);

      const { signs, scores } = await compared(servers.live, servers.candidate);

      expect({ signs, asked: scores?.asked }).toEqual({ signs: [], asked: 20 });
    },
  );

  it.each(['live', 'candidate'] as const)(
    'are compared by their words where the %s one has no scores, which is asked once',
    async (which) => {
      const servers = { live: writer('it is so', -0.3), candidate: writer('it is', -0.3) };
      const { ask } = servers[which];
      servers[which].ask = async (request) => {
        const answer = await ask(request);
        return request.path === SCORE_PATH ? reply({ error: 'nothing here' }, 404) : answer;
      };

      const { kept, scores } = await compared(servers.live, servers.candidate);

      expect(kept).toEqual({ asked: 20, changed: 20 });
      expect(scores).toBeUndefined();
      expect(scoresAskedOf(servers[which])).toBe(1);
    },
  );

  it('are compared by their words where a request has none to score, or an answer is none', async () => {
    const live = writer('', -0.3);
    const candidate = writer('it is', -0.3);
    const broken = { ...candidate, ask: async () => reply({}, 500) };

    expect((await compared(live, candidate)).scores).toBeUndefined();
    expect((await compared(writer('so', -0.3), broken)).scores).toBeUndefined();
    expect(scoresAskedOf(live)).toBe(0);
  });

  it('are scored on after a score that failed later', async () => {
    const [live, candidate] = [writer('it is so', -0.3), writer('it is so', -0.3)];
    const { ask } = candidate;
    let scored = 0;
    candidate.ask = async (request) => {
      if (request.path === SCORE_PATH) scored += 1;
      return scored === 2 && request.path === SCORE_PATH ? reply({}, 503) : ask(request);
    };

    expect((await compared(live, candidate)).scores).toMatchObject({ asked: 19 });
  });

  it.each([
    // The live version names no tokens of a prompt, which takes it one request; the first three pairs take three, and each other one two.
    ['20 s', true, 8],
    ['5 s, without scores', false, 3],
  ])('are asked for until one of the servers has worked for %s', async (_, isScored, asked) => {
    const [live, candidate] = [writer('it is so', -0.3), writer('it is so', -0.3)];
    let nowMs = 0;
    // The clock is read before and after each request, which takes a second.
    const second = () => {
      nowMs += 500;
      return 2 * nowMs;
    };

    const { kept } = await compared(live, candidate, isScored, second);

    expect(kept.asked).toBe(asked);
  });

  it('are not scored where the models are none of language', async () => {
    const [live, candidate] = [writer('it is so', -0.3), writer('it is so', -0.3)];

    await compared(live, candidate, false);

    expect(scoresAskedOf(live) + scoresAskedOf(candidate)).toBe(0);
  });
});

it('a candidate is asked for scores where both versions are language models', async () => {
  type Found = { readonly work?: { readonly inspection?: Inspection } } | undefined;
  const world = memoryWorld({
    async tap(method, call) {
      const found = (await call()) as Found;
      const inspection = found?.work?.inspection;
      if (method !== 'registry.deployment' || !inspection) return found;
      const facts = { ...inspection.facts, language: WRITES };
      return { ...found, work: { ...found.work, inspection: { ...inspection, facts } } };
    },
  });
  const says = (words: string) => (asked: Asked) =>
    asked === 'ready'
      ? answered(200)
      : asked.path === SCORE_PATH
        ? answered(200, { logprob: -1, tokens: 2, prompt_tokens: 5 })
        : answered(200, { predictions: words });
  const manifest = 'examples: [{ request: { prompt: Hello } }]';
  world.behave('digits-v1', says('Hi there'));
  world.behave('digits-v2', says('Good day'));
  await world.deploy(world.upload({ manifest }));
  const held = await world.before('CompareAnswers', world.upload({ manifest }));

  await compareAnswers(world.deps)({ ...held, attempt: 0 });

  expect((await world.recordOf(held)).work.comparison?.answers).toMatchObject({
    kept: { asked: 1, changed: 0 },
    scores: { asked: 1 },
  });
});
