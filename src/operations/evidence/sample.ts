import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Target } from '#domain/placement/target.ts';
import type { Placed } from './prove.ts';

/** ONNX files by version: each answers `x` plus its version as `y`. */
const ADDS: Readonly<Record<number, string>> = {
  1: 'CAgSDHNsaXB3YXlwcm92ZTpJChAKAXgKAWMSAXkiA0FkZDoAEgRtYWluKgsQAUIBY0oEAACAP1oQCgF4EgsKCQgBEgUKAxIBbmIQCgF5EgsKCQgBEgUKAxIBbkIECgAQEQ==',
  2: 'CAgSDHNsaXB3YXlwcm92ZTpJChAKAXgKAWMSAXkiA0FkZDoAEgRtYWluKgsQAUIBY0oEAAAAQFoQCgF4EgsKCQgBEgUKAxIBbmIQCgF5EgsKCQgBEgUKAxIBbkIECgAQEQ==',
};

/** A request to any version, in the Open Inference Protocol. */
export const SAMPLE_REQUEST = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [2], data: [1, 2] }],
} as const;

const EXTRA: Readonly<Record<Target, object>> = {
  lambda: {},
  fargate: {},
  // Only a model that requests a GPU has a host with one.
  ec2: { resources: { accelerator: 'any' } },
};

/** Writes a version's model and manifest into the folder. The manifest declares the version's answer, since another version answers differently. */
export async function writeSample(
  folder: string,
  {
    name,
    target,
    version,
  }: { readonly name: string; readonly target: Target; readonly version: number },
): Promise<readonly Placed[]> {
  const manifest = {
    examples: [
      {
        request: SAMPLE_REQUEST,
        expect: { outputs: [{ name: 'y', data: [1 + version, 2 + version] }] },
      },
    ],
    placement: { target },
    ...EXTRA[target],
  };
  const model = join(folder, `${name}-${version}.onnx`);
  await writeFile(model, Buffer.from(ADDS[version] ?? '', 'base64'));
  await writeFile(`${model}.yaml`, JSON.stringify(manifest));
  const key = `models/${name}/model.onnx`;
  return [
    { key: `${key}.yaml`, file: `${model}.yaml` },
    { key, file: model },
  ];
}
