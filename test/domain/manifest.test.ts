import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as z from 'zod/mini';
import { manifestSchema, memoryMiB } from '#domain/manifest.ts';

const PUBLISHED = JSON.parse(
  readFileSync(new URL('../../docs/model.schema.json', import.meta.url), 'utf8'),
);

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
    [{ server: { startupTimeoutSeconds: 0 } }, false],
    [{ server: { startupTimeoutSeconds: 3600 } }, true],
    [{ rollout: { bakeSeconds: 3600 } }, true],
    [{ rollout: { bakeSeconds: 3601 } }, false],
    [{ resources: { memory: '2Gi' } }, true],
    [{ resources: { memory: '2G' } }, false],
  ])('and its published form agree on %j: %s', (manifest, isValid) => {
    const validate = new Ajv2020().compile(PUBLISHED);

    expect(manifestSchema.safeParse(manifest).success).toBe(isValid);
    expect(validate(manifest)).toBe(isValid);
  });
});

describe('the memory a manifest asks for', () => {
  it.each([
    ['128Mi', 128],
    ['1Gi', 1024],
    ['10Gi', 10_240],
    ['10240Mi', 10_240],
  ])('as %s is %i MiB', (memory, mebibytes) => {
    expect(memoryMiB(manifestSchema.parse({ resources: { memory } }))).toBe(mebibytes);
  });

  it('is null when it asks for none', () => {
    expect(memoryMiB(manifestSchema.parse({}))).toBeNull();
  });

  it.each(['127Mi', '11Gi', '10241Mi', '0Gi', '1.5Gi', '1Ti', '1024'])(
    'may not be %s',
    (memory) => {
      expect(manifestSchema.safeParse({ resources: { memory } }).success).toBe(false);
    },
  );
});
