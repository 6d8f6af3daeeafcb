import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { Failure } from '#domain/failure.ts';
import { parseManifest } from '#formats/manifest/manifest-yaml.ts';

const EMPTY = {
  examples: [],
  model: { format: 'auto', allowPickle: [] },
  runtime: { optimize: 'auto', network: 'none' },
  build: {},
  server: { startupTimeoutSeconds: 300, extraColumns: 'ignore', batching: 'auto' },
  resources: {},
  placement: {
    target: 'auto',
    allow: ['lambda', 'fargate', 'ec2'],
    allowCpu: false,
    move: 'advise',
    overspent: 'event',
  },
  scaling: { min: 1, schedules: [] },
  rollout: { strategy: 'auto', minRequests: 50, alarms: [], keepVersions: 3 },
  gate: { broken: 'block', expect: { changed: 0.02 }, truth: { margin: 0.02 }, unproven: 'warn' },
};

function parse(text: string) {
  return parseManifest(text, 'model.yaml');
}

function refusal(text: string): Failure {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('the manifest was accepted');
}

// Each level of a parsed document takes 3 KB.
const MOST_HEAP = 64 * 2 ** 20;

describe('a manifest', () => {
  it.each([
    ['brackets', '['.repeat(100_000)],
    ['braces', '{a: '.repeat(60_000)],
    ['lists in a line', `a:\n${'- '.repeat(100_000)}`],
    ['questions in a line', '? '.repeat(100_000)],
  ])('nested too deeply by %s is refused before it is parsed', (_, text) => {
    const before = process.memoryUsage().heapUsed;

    expect(refusal(text).message).toMatch(/^model\.yaml line [12]: values are nested too deeply$/);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(MOST_HEAP);
  });

  it('of brackets within texts is read', () => {
    const text = `description: '${'['.repeat(200)}'`;

    expect(() => parseManifest(text, 'model.yaml')).not.toThrow(/nested/);
  });

  it('of many keys and lists in one line of brackets is read', () => {
    const rows = Array.from({ length: 100 }, (_, row) => ({ request: { inputs: [row, [-row]] } }));

    expect(parse(`examples: ${JSON.stringify(rows)}\nteam: vision\n`)).toMatchObject({
      team: 'vision',
    });
  });

  it.each(['', '\n', '# nothing yet\n', '{}', '---\n'])('may be as empty as %j', (text) => {
    expect(parse(text)).toEqual(EMPTY);
  });

  it('in the documentation says what it seems to say', () => {
    const sample = readFileSync(new URL('../../../docs/model.yaml', import.meta.url), 'utf8');

    expect(parse(sample)).toEqual({
      examples: [
        {
          request: {
            inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 3], data: [0.5, 1.5, 2.5] }],
          },
          expect: { outputs: [{ name: 'y', data: [1, 3, 5] }] },
          rtol: 1e-3,
        },
        { request: { inputs: [[0.5, 1.5, 2.5]] }, rtol: 1e-4 },
      ],
      team: 'vision',
      model: {
        format: 'auto',
        path: 'model.onnx',
        allowPickle: ['mypackage.features.Cleaner'],
      },
      runtime: { optimize: 'auto', network: 'none' },
      build: { pythonVersion: '3.12', requirements: ['pandas==2.2.3'] },
      entrypoint: 'predict.py:Predictor',
      server: {
        startupTimeoutSeconds: 120,
        extraColumns: 'refuse',
        batching: 'auto',
        aliases: ['gpt-4o'],
      },
      resources: { memory: '2Gi', accelerator: 'none' },
      placement: {
        target: 'auto',
        allow: ['lambda', 'fargate'],
        allowCpu: false,
        move: 'advise',
        overspent: 'event',
      },
      scaling: {
        min: 1,
        max: 4,
        requestsPerMinute: 300,
        spot: { onDemandBase: 1 },
        schedules: [
          {
            days: ['mon', 'tue', 'wed', 'thu', 'fri'],
            at: '08:00',
            timeZone: 'Europe/Berlin',
            min: 2,
            max: 8,
          },
          {
            days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'],
            at: '20:00',
            timeZone: 'Europe/Berlin',
            min: 1,
          },
        ],
      },
      traffic: {
        requestsPerSecond: 20,
        peak: 50,
        p95Ms: 200,
        coldStarts: 'allowed',
        hours: 174,
      },
      rollout: {
        strategy: 'canary',
        steps: [10, 50, 100],
        bakeSeconds: 30,
        minRequests: 100,
        alarms: ['checkout-errors'],
        keepVersions: 5,
      },
      gate: {
        broken: 'block',
        changed: 'ask',
        unproven: 'warn',
        expect: {
          changed: 0.1,
          tolerance: 0.001,
          labels: { added: ['fox'], removed: ['wolf'], renamed: { cat: 'feline' } },
          outputs: { price: { scale: 100, tolerance: 0.01 } },
        },
        truth: { metric: 'accuracy', margin: 0.02, output: 'label' },
        replaces: 3,
        replay: true,
      },
      capture: { requestsPerHour: 100, megabytes: 200, days: 7, private: ['ssn'] },
    });
  });

  it('may have any JSON value as request and expectation', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        const value = JSON.parse(JSON.stringify(json));
        fc.pre(!/\d{16}/.test(JSON.stringify(value)));

        const { examples } = parse(
          stringify(
            { examples: [{ request: value, expect: value }] },
            { aliasDuplicateObjects: false },
          ),
        );

        expect(examples).toEqual([{ request: value, expect: value, rtol: 1e-4 }]);
      }),
    );
  });

  it('of 256 KiB is read, a larger one refused', () => {
    const limit = 256 * 1024;

    expect(parse(`#${'x'.repeat(limit - 1)}`)).toEqual(EMPTY);
    expect(refusal(`#${'é'.repeat(limit / 2)}`).message).toBe(
      'model.yaml is 262145 bytes; the limit is 262144',
    );
  });

  it.each([
    ['# x\n\nexmaples: []', 'line 3: unknown key `exmaples`; did you mean `examples`?'],
    [
      'server:\n  startupTimeout: 3',
      'line 2: unknown key `startupTimeout`; did you mean `startupTimeoutSeconds`?',
    ],
    ['examples:\n  - request: 1\n    rtl: 1', 'line 3: unknown key `rtl`; did you mean `rtol`?'],
    ['bakeSecond: 3', 'line 1: unknown key `bakeSecond`; did you mean `rollout.bakeSeconds`?'],
    ['rollout:\n  exampels: []', 'line 2: unknown key `exampels`; did you mean `examples`?'],
    [
      'colour: {min: 1}',
      'line 1: unknown key `colour`; the known keys are examples, team, model, runtime, build, entrypoint, server, resources, placement, scaling, traffic, rollout, gate, capture',
    ],
    [
      '__proto__: {}',
      'line 1: unknown key `__proto__`; the known keys are examples, team, model, runtime, build, entrypoint, server, resources, placement, scaling, traffic, rollout, gate, capture',
    ],
    [
      'placement: {target: gcp}',
      'line 1: placement.target is `gcp`; expected auto, lambda, fargate, ec2',
    ],
    ['placement: {allowCpu: 1}', 'line 1: placement.allowCpu is `1`; expected true or false'],
    ['placement: {allow: []}', 'line 1: placement.allow is `[]`; the minimum is 1'],
    [
      'rollout: {steps: [50, 10, 100]}',
      'line 1: rollout.steps is `[50, 10, 100]`; the steps must increase, and the last must be 100',
    ],
    [
      'rollout: {strategy: linear, bakeSeconds: 1441}',
      'line 1: rollout.bakeSeconds is `1441`; the limit for all steps together is 7200 s',
    ],
    [
      'rollout: {strategy: all-at-once, steps: [10, 100]}',
      'line 1: rollout.steps is `[10, 100]`; all-at-once takes no steps; remove them, or use the strategy canary or linear',
    ],
    [
      'rollout: {strategy: linear, steps: [10, 50, 100]}',
      'line 1: rollout.steps is `[10, 50, 100]`; the steps of linear must be evenly spaced; for other steps use the strategy canary',
    ],
    ['scaling: {min: 3, max: 2}', 'line 1: scaling.max is `2`; it must be at least `min`'],
    [
      'traffic: {requestsPerSecond: 4, peak: 2}',
      'line 1: traffic.peak is `2`; it must be at least `requestsPerSecond`',
    ],
    [
      'traffic: {requestsPerSecond: 0}',
      'line 1: traffic.requestsPerSecond is `0`; it must be above 0',
    ],
    ['traffic: {peak: 2}', 'line 1: traffic.requestsPerSecond is missing'],
    [
      'scaling:\n  schedules:\n    - {at: 8 am, min: 1}',
      'line 3: scaling.schedules[0].at is `8 am`; expected a time such as 08:30',
    ],
    [
      'scaling:\n  schedules:\n    - {at: "08:00", min: 1, timeZone: Mars}',
      'line 3: scaling.schedules[0].timeZone is `Mars`; expected the name of a time zone in the IANA database: Europe/Berlin, or UTC',
    ],
    [
      'resources: {accelerator: T4:0}',
      'line 1: resources.accelerator is `T4:0`; expected `none`, `any`, or a GPU and a count: T4, L4:1, A10G:4',
    ],
    ['server: 3 # seconds', 'line 1: server is `3`; expected keys with values'],
    ['examples: []\nserver:', 'line 2: server is empty; expected keys with values'],
    ['- 1', 'line 1: the manifest is `- 1`; expected keys with values'],
    ['examples:\n  request: 1', 'line 2: examples is `request: 1`; expected a list'],
    ['examples:\n  - expect: 3', 'line 2: examples[0].request is missing'],
    [
      'examples:\n  - request: 1\n    rtol: x',
      'line 3: examples[0].rtol is `x`; expected a number',
    ],
    [
      'examples:\n  - request: 1\n    rtol: -1',
      'line 3: examples[0].rtol is `-1`; the minimum is 0',
    ],
    [
      'server:\n  startupTimeoutSeconds: 1.5',
      'line 2: server.startupTimeoutSeconds is `1.5`; expected a whole number',
    ],
    [
      'server:\n  startupTimeoutSeconds: 3601',
      'line 2: server.startupTimeoutSeconds is `3601`; the limit is 3600',
    ],
    [
      'resources:\n\n  memory: 512',
      'line 3: resources.memory is `512`; expected a size such as 512Mi or 2Gi',
    ],
    [
      'resources: {memory: 512MB}',
      'line 1: resources.memory is `512MB`; expected a size such as 512Mi or 2Gi',
    ],
    [
      'resources: {memory: 127Mi}',
      'line 1: resources.memory is `127Mi`; the limits are 128Mi and 1024Gi',
    ],
    ['examples: []\nexamples: []', 'line 2: this key is given twice'],
    ['--- {}\n--- {}', 'line 2: a second document begins; a manifest has only one'],
    [
      'examples: [',
      'line 1: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['server:\n\tx: 1', 'line 2: Tabs are not allowed as indentation'],
    ['examples:\n- request: !!binary aGk=', 'line 2: Unresolved tag: tag:yaml.org,2002:binary'],
    ['examples:\n- request: .nan', 'line 2: .nan is not a number that JSON can represent exactly'],
    [
      'examples:\n- request: [-.inf]',
      'line 2: -.inf is not a number that JSON can represent exactly',
    ],
    [
      'examples:\n- request: 9007199254740993',
      'line 2: 9007199254740993 is not a number that JSON can represent exactly',
    ],
    ['examples:\n- request: &a 1\n- request: *a', 'line 3: `*a` is an alias; write the value out'],
    [
      'messages: []\nmodel: gpt-4o\ntask: chat.completions\n',
      "line 1: it is what MLflow writes for OpenAI's service, which no model is in; call the service from a predict.py, in a folder whose own model.yaml has `runtime: { network: open }`",
    ],
  ])('%j is refused with the line and the reason', (text, message) => {
    expect(refusal(text)).toMatchObject({
      name: 'ArtifactRejected',
      message: `model.yaml ${message}`,
      fix: 'Correct the manifest; docs/model.yaml shows every key.',
    });
  });

  it('is refused with all of its errors at once, each with its line', () => {
    const text = [
      'placement: {target: gcp}',
      'rollout:',
      '  strategy: linear',
      '  bakeSeconds: 1441',
      '  bakeSecond: 1',
      'examples:',
      '  - request: .inf',
      '    rtol: 2',
      '  - expect: 1',
      'server: {startupTimeoutSeconds: 1}',
      'server: {startupTimeoutSeconds: 2}',
      'memory: 1Gi',
    ];

    expect(refusal(text.join('\n')).message.split('\n')).toEqual([
      'model.yaml line 1: placement.target is `gcp`; expected auto, lambda, fargate, ec2',
      'model.yaml line 4: rollout.bakeSeconds is `1441`; the limit for all steps together is 7200 s',
      'model.yaml line 5: unknown key `bakeSecond`; did you mean `bakeSeconds`?',
      'model.yaml line 7: .inf is not a number that JSON can represent exactly',
      'model.yaml line 8: examples[0].rtol is `2`; the limit is 1',
      'model.yaml line 9: examples[1].request is missing',
      'model.yaml line 11: this key is given twice',
      'model.yaml line 12: unknown key `memory`; did you mean `resources.memory`?',
    ]);
  });

  it('is refused with its first twenty errors, and how many more there are', () => {
    const unknown = (count: number) => Array.from({ length: count }, (_, n) => `  k${n}: 1\n`);

    const lines = refusal(`server:\n${unknown(25).join('')}`).message.split('\n');

    expect(lines).toHaveLength(21);
    expect(lines[19]).toMatch(/line 21: unknown key `k19`; the known keys are/);
    expect(lines[20]).toBe('and 5 more');
    // As many as fit; the others cost no more than being counted.
    expect(refusal(`server:\n${unknown(20_000).join('')}`).message).toMatch(/\nand 19980 more$/);
  });

  it('that multiplies itself by aliases is refused at once', () => {
    const levels = Array.from({ length: 30 }, (_, level) =>
      level === 0 ? '- &l0 [x]' : `- &l${level} [${`*l${level - 1},`.repeat(9)}]`,
    );

    expect(refusal(`examples:\n${levels.join('\n')}`).message).toMatch(
      /^model\.yaml line 3: `\*l0` is an alias; write the value out\n.*line 4: `\*l1` is/,
    );
  });

  it('of any text is read or refused', () => {
    const pieces = fc.constantFrom(
      'examples',
      'server',
      'request',
      ':',
      ' ',
      '\n',
      '  ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      '"',
      "'",
      '&a',
      '*a',
      '!t',
      '|',
      '>',
      '#',
      '?',
      '%',
      '\t',
      '1',
      '.nan',
      '---',
      '\0',
      '\u2028',
    );

    const texts = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join('')),
    );

    fc.assert(
      fc.property(texts, (text) => {
        try {
          parse(text);
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });
});
