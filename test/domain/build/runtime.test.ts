import { readdirSync } from 'node:fs';
import { FORMATS, pageOf } from '#domain/artifact/format.ts';
import {
  byRuntime,
  convertedBy,
  RUNTIME_NAMES,
  RUNTIMES,
  runtimeEnvironment,
  serverPlace,
  startupSeconds,
} from '#domain/build/runtime.ts';

const FOLDERS = new URL('../../../runtimes/', import.meta.url);

it('each folder of runtimes is one, and says of itself what it is', () => {
  expect([...RUNTIME_NAMES].sort()).toEqual(readdirSync(FOLDERS).sort());
  expect(byRuntime((name) => RUNTIMES[name].title)).toMatchObject({ onnx: 'the ONNX server' });
});

it.each(RUNTIME_NAMES)('%s makes its images of what it has', (name) => {
  const { image, convertsTo } = RUNTIMES[name];

  expect(['appending', 'dockerfile']).toContain(image.madeBy);
  expect(image.environments.some((each) => each.name === image.servesFrom)).toBe(
    image.madeBy === 'appending',
  );
  expect(convertedBy(name)).toBe(convertsTo ?? undefined);
});

it('each format is loaded by one that there is', () => {
  for (const format of FORMATS) expect(RUNTIME_NAMES).toContain(pageOf(format).runtime);
});

it('a server has as long to start as its manifest says, and no less than its runtime needs', () => {
  const within = (startupTimeoutSeconds: number) => ({ server: { startupTimeoutSeconds } });

  expect(startupSeconds('onnx', within(300))).toBe(300);
  expect(startupSeconds('vllm', within(300))).toBe(1200);
  expect(startupSeconds('vllm', within(3000))).toBe(3000);
});

it('a server listens where its manifest says, else where its runtime does', () => {
  expect(serverPlace('custom', { port: 3000, healthPath: '/healthz' })).toEqual({
    port: 3000,
    healthPath: '/healthz',
    requestPath: '/invocations',
  });
  expect(serverPlace('onnx')).toEqual({ port: 8080, healthPath: '/ping', requestPath: null });
});

it('a server is told what its runtime has variables for, and nothing that its revision lacks', () => {
  const spec = { gpuServing: { maxModelLen: 8192, gpuMemoryUtilization: null } };

  expect(runtimeEnvironment({ ...spec, runtime: 'vllm' })).toEqual({ MAX_MODEL_LEN: '8192' });
  expect(runtimeEnvironment({ ...spec, runtime: 'onnx' })).toEqual({});
});
