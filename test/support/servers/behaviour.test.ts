import { existsSync } from 'node:fs';
import { manifestSchema } from '#domain/manifest/manifest.ts';
import { inspectFiles } from '#formats/inspect.ts';
import { identityModel } from '../models/onnx.ts';
import { BEHAVIOURS, behaving, behaviourOf } from './behaviour.ts';

describe('a model file that asks its server to misbehave', () => {
  it.each(BEHAVIOURS)('finds a server that %s', (behaviour) => {
    const server = new URL(`./${behaviourOf(behaving(behaviour))}.ts`, import.meta.url);

    expect(existsSync(server)).toBe(true);
  });

  it('is the same model to an inspection', async () => {
    const plain = identityModel({ datatype: 'FP32', shape: [1, 2] });

    const facts = await inspect(behaving('answers-wrong', plain));

    expect(facts.signature).toEqual((await inspect(plain)).signature);
  });

  it('asks for nothing without a mark', () => {
    expect(behaviourOf(identityModel({ datatype: 'FP32', shape: [1, 2] }))).toBeUndefined();
  });
});

function inspect(bytes: Uint8Array) {
  const open = async () => ({
    sizeBytes: bytes.length,
    read: async (start: number, length: number) => bytes.subarray(start, start + length),
  });
  const files = [{ name: 'digits.onnx', sizeBytes: bytes.length, open }];
  return inspectFiles(files, { maxBytes: 1_000_000, manifest: manifestSchema.parse({}) });
}
