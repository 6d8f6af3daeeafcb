import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as z from 'zod/mini';
import { acceleratorOf, manifestSchema, memoryMiB } from '#domain/manifest/manifest.ts';

const PUBLISHED = JSON.parse(
  readFileSync(new URL('../../../docs/model.schema.json', import.meta.url), 'utf8'),
);
const validate = new Ajv2020().compile(PUBLISHED);

describe('the manifest schema', () => {
  it('is published as it is', () => {
    expect(PUBLISHED).toEqual(z.toJSONSchema(manifestSchema, { io: 'input' }));
  });

  it('accepts again what it gave', () => {
    const manifest = manifestSchema.parse({
      examples: [{ request: null, expect: null }],
      resources: { memory: '1Gi' },
    });

    expect(manifestSchema.parse(manifest)).toEqual(manifest);
    expect(manifest.examples[0]).toEqual({ request: null, expect: null, rtol: 1e-4 });
  });

  it.each([
    [{}, true],
    [{ examples: [{ request: 1 }] }, true],
    [{ examples: [{}] }, false],
    [{ examples: [{ request: 1, rtol: 2 }] }, false],
    [{ extra: 1 }, false],
    [{ team: 'vision' }, true],
    [{ team: 'Data Science/R&D' }, false],
    [{ team: ' vision' }, false],
    [{ team: 'AWS:vision' }, false],
    [{ team: 'aws' }, true],
    [{ team: 't'.repeat(129) }, false],
    [{ server: { startupTimeoutSeconds: 0 } }, false],
    [{ server: { startupTimeoutSeconds: 3600 } }, true],
    [{ server: { extraColumns: 'refuse' } }, true],
    [{ server: { extraColumns: 'strict' } }, false],
    [{ server: { batching: 'off' } }, true],
    [{ server: { batching: 'on' } }, false],
    [{ server: { aliases: ['gpt-4o', 'meta-llama/Llama-3.1-8B', 'ft:gpt-4o:org::1'] } }, true],
    [{ server: { aliases: ['gpt 4o'] } }, false],
    [{ server: { aliases: ['a,b'] } }, false],
    [{ server: { aliases: [] } }, false],
    [{ server: { aliases: 'gpt-4o' } }, false],
    [{ rollout: { bakeSeconds: 3600 } }, true],
    [{ rollout: { bakeSeconds: 3601 } }, false],
    [{ rollout: { strategy: 'canary', steps: [10, 50, 100], alarms: ['p99'] } }, true],
    [{ rollout: { strategy: 'blue-green' } }, false],
    [{ rollout: { steps: [] } }, false],
    [{ rollout: { steps: [0, 100] } }, false],
    [{ rollout: { keepVersions: 0 } }, false],
    [{ rollout: { keepVersions: 20, minRequests: 1 } }, true],
    [{ placement: { target: 'ec2', allow: ['ec2'], allowCpu: true } }, true],
    [{ placement: { target: 'edge' } }, false],
    [{ placement: { allow: [] } }, false],
    [{ scaling: { min: 2, max: 4, spot: {}, requestsPerMinute: 60 } }, true],
    [{ scaling: { min: 0 } }, false],
    [{ scaling: { min: 101 } }, false],
    [{ traffic: { requestsPerSecond: 0.2, p95Ms: 200, coldStarts: 'none', hours: 174 } }, true],
    [{ traffic: {} }, false],
    [{ traffic: { requestsPerSecond: 0 } }, false],
    [{ traffic: { requestsPerSecond: 1, hours: 731 } }, false],
    [{ traffic: { requestsPerSecond: 1, coldStarts: 'never' } }, false],
    [{ scaling: { schedules: [{ at: '08:30', min: 1 }] } }, true],
    [{ scaling: { schedules: [{ at: '24:00', min: 1 }] } }, false],
    [{ scaling: { schedules: [{ at: '08:30', min: 1, days: ['someday'] }] } }, false],
    [{ model: { format: 'sklearn', path: 'a.pkl', allowPickle: ['pkg.mod.Name'] } }, true],
    [{ model: { format: 'theano' } }, false],
    [{ model: { allowPickle: ['pkg.*'] } }, false],
    [{ model: { allowPickle: ['name'] } }, false],
    [{ runtime: { optimize: 'none' } }, true],
    [{ runtime: { optimize: 'int8' } }, true],
    [{ runtime: { optimize: true } }, false],
    [{ runtime: { network: 'open' } }, true],
    [{ runtime: { network: 'local' } }, false],
    [
      { build: { pythonVersion: '3.12', requirements: ['pandas==2.2.3', 'numpy<2', 'scipy'] } },
      true,
    ],
    [{ build: { pythonVersion: '3.14' } }, false],
    [{ build: { requirements: ['git+https://example.com/x.git'] } }, false],
    [{ build: { requirements: ['--index-url https://example.com'] } }, false],
    [{ build: { requirements: ['x @ file:///etc/passwd'] } }, false],
    [{ entrypoint: 'code/predict.py:Predictor' }, true],
    [{ entrypoint: 'os.system' }, false],
    [{ entrypoint: '../evil.py:predict' }, false],
    [{ entrypoint: 'code/../../evil.py:predict' }, false],
    [{ entrypoint: '/tmp/evil.py:predict' }, false],
    [{ entrypoint: './predict.py:predict' }, false],
    [{ resources: { accelerator: 'A10G:4' } }, true],
    [{ resources: { accelerator: 'L4:9' } }, false],
    [{ resources: { memory: '2Gi' } }, true],
    [{ resources: { memory: '2G' } }, false],
  ])('and its published form agree on %j: %s', (manifest, isValid) => {
    expect(manifestSchema.safeParse(manifest).success).toBe(isValid);
    expect(validate(manifest)).toBe(isValid);
  });
});

describe('the memory a manifest asks for', () => {
  it.each([
    ['128Mi', 128],
    ['1Gi', 1024],
    ['10Gi', 10_240],
    ['1024Gi', 1024 * 1024],
  ])('as %s is %i MiB', (memory, mebibytes) => {
    expect(memoryMiB(manifestSchema.parse({ resources: { memory } }))).toBe(mebibytes);
  });

  it('is null when it asks for none', () => {
    expect(memoryMiB(manifestSchema.parse({}))).toBeNull();
  });

  it.each(['127Mi', '1025Gi', '1048577Mi', '0Gi', '1.5Gi', '1Ti', '1024'])(
    'may not be %s',
    (memory) => {
      expect(manifestSchema.safeParse({ resources: { memory } }).success).toBe(false);
    },
  );
});

describe('the GPU a manifest asks for', () => {
  it.each([
    ['none', null],
    ['T4', { name: 'T4', count: 1 }],
    ['any', { name: 'any', count: 1 }],
    ['A10G:4', { name: 'A10G', count: 4 }],
    ['RTX PRO 6000:2', { name: 'RTX PRO 6000', count: 2 }],
  ])('as %s is %j', (accelerator, gpu) => {
    expect(acceleratorOf(manifestSchema.parse({ resources: { accelerator } }))).toEqual(gpu);
  });
});

describe('what a schema cannot say and a manifest must keep', () => {
  it.each([
    { what: 'steps rise', rollout: { steps: [50, 10, 100] } },
    { what: 'steps end with all of the traffic', rollout: { steps: [10, 50] } },
    {
      what: 'the steps of a shift bake for two hours at most',
      rollout: { steps: [1, 50, 100], bakeSeconds: 2401 },
    },
    { what: 'so do those of a strategy', rollout: { strategy: 'linear', bakeSeconds: 1441 } },
    {
      what: 'all at once has no steps',
      rollout: { strategy: 'all-at-once', steps: [10, 100] },
    },
    { what: 'nor one of all', rollout: { strategy: 'all-at-once', steps: [100] } },
    { what: 'one step is no canary', rollout: { strategy: 'canary', steps: [100] } },
    { what: 'nor a line', rollout: { strategy: 'linear', steps: [100] } },
    { what: 'a line is even', rollout: { strategy: 'linear', steps: [10, 50, 100] } },
    {
      what: 'what is wished is allowed',
      placement: { target: 'fargate', allow: ['lambda'] },
    },
    { what: 'no more replicas than may run always run', scaling: { min: 3, max: 2 } },
    {
      what: 'a function holds the names of private fields',
      capture: { private: Array.from({ length: 8 }, (_, index) => `${index}`.padEnd(150, 'x')) },
    },
    { what: 'a peak is no less than the average', traffic: { requestsPerSecond: 2, peak: 1 } },
    ...['Mars/Base', '+01:00', 'utc', 'europe/berlin', 'EST5EDT'].map((timeZone) => ({
      what: `a time zone exists, unlike ${timeZone}, and is written as AWS takes it`,
      scaling: { schedules: [{ at: '08:00', min: 1, timeZone }] },
    })),
  ])('$what', ({ what: _, ...manifest }) => {
    expect(manifestSchema.safeParse(manifest).success).toBe(false);
  });

  it.each([
    { strategy: 'linear', steps: [33, 66, 100] },
    { strategy: 'linear', steps: [14, 29, 43, 57, 71, 86, 100] },
    { strategy: 'canary', steps: [10, 50, 100] },
    { steps: [100] },
    { strategy: 'all-at-once', bakeSeconds: 0 },
  ])('%j is no contradiction', (rollout) => {
    expect(manifestSchema.safeParse({ rollout }).success).toBe(true);
  });

  it('and no more than that', () => {
    const rollout = { steps: [1, 50, 100], bakeSeconds: 2400 };
    const zones = ['UTC', 'America/Sao_Paulo', 'America/Argentina/Buenos_Aires', 'Etc/GMT+1'];
    const schedules = zones.map((timeZone) => ({ at: '08:00', min: 1, timeZone }));

    expect(manifestSchema.safeParse({ rollout, scaling: { schedules } }).success).toBe(true);
    expect(manifestSchema.safeParse({ rollout: { bakeSeconds: 3600 } }).success).toBe(true);
  });
});
