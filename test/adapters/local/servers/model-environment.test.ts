import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { serverEnvironment } from '#adapters/aws/server-environment.ts';
import { modelEnvironment } from '#adapters/local/servers/model-environment.ts';
import { CORS } from '#domain/cors.ts';
import { openPlatform, platformFolder, slotOf } from '../../../support/local/platform.ts';
import { revisionSpec } from '../../../support/worlds/revision-spec.ts';

it('tells a model server where its model is, and nothing that is Slipway’s own', async () => {
  const folder = platformFolder();
  const environment = { PATH: '/bin', TZ: 'UTC', AWS_SECRET_ACCESS_KEY: 'x', NODE_OPTIONS: '--a' };
  const platform = openPlatform(folder, { environment });
  const spec = folder.spec('answers', { version: 7 });
  await platform.create(spec, 1);
  const slot = await slotOf(platform, spec.revision);

  const told: Record<string, unknown> = JSON.parse(await (await fetch(slot.origin)).text());

  slot.release('done');
  const home = join(folder.revisions, 'digits-v7');
  // Node itself hands this one down where coverage is measured.
  const { NODE_V8_COVERAGE: _, ...inherited } = told['environment'] as Record<string, string>;
  expect(inherited).toEqual({
    PATH: '/bin',
    TZ: 'UTC',
    MODEL_PATH: join(home, 'artifact', 'digits.onnx'),
    MODEL_NAME: 'digits',
    MODEL_VERSION: '7',
    SLIPWAY_REVISION: 'digits-v7',
    HOST: '127.0.0.1',
    PORT: '0',
    CHANNEL_FD: '3',
    LISTENING_FD: '4',
    HOME: join(home, 'scratch'),
    TMPDIR: join(home, 'scratch'),
    ORT_DISABLE_TELEMETRY: '1',
    GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
  });
  expect(told['directory']).toBe(realpathSync(home));
  expect(told['nodeOptions']).toEqual([]);
  await platform.close();
  folder.delete();
});

it('tells a model server what the manifest says of its answers and its names, and which MLflow wrote its model', () => {
  const artifact = '/r/artifact';
  const folder = { path: '/r', artifact, modelPath: `${artifact}/m.onnx`, scratch: '/r/scratch' };
  const spec = revisionSpec('1', {
    extraColumns: 'refuse',
    batchRows: 64,
    aliases: ['gpt-4o', 'org/model'],
    mlflowVersion: '3.17.2',
  });
  const told = {
    EXTRA_COLUMNS: 'refuse',
    BATCH_ROWS: '64',
    MODEL_ALIASES: 'gpt-4o,org/model',
    MLFLOW_VERSION: '3.17.2',
  };

  expect(modelEnvironment(spec, folder, {})).toMatchObject(told);
  expect(serverEnvironment(spec, 'sha256:1', { corsOrigins: [] })).toMatchObject(told);
});

it('tells a model server in an account whose pages may read its answers, and by the gateway’s rules what of them', () => {
  const spec = revisionSpec('1');
  const corsOrigins = ['https://app.example', 'http://localhost:3000'];

  const told = serverEnvironment(spec, 'sha256:1', { corsOrigins });

  expect(told).toMatchObject({
    CORS_ORIGINS: 'https://app.example,http://localhost:3000',
    CORS_EXPOSED_HEADERS: CORS.exposedHeaders,
  });
  expect(serverEnvironment(spec, 'sha256:1', { corsOrigins: [] })).not.toHaveProperty(
    'CORS_ORIGINS',
  );
});

it('tells a model server where Node keeps what it has compiled', () => {
  const artifact = '/r/artifact';
  const folder = { path: '/r', artifact, modelPath: `${artifact}/m.onnx`, scratch: '/r/scratch' };
  const own = { NODE_COMPILE_CACHE: '/compiled' };

  expect(modelEnvironment(revisionSpec('1'), folder, own)).toMatchObject(own);
});
