import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '#domain/failure.ts';
import { followChampions } from '../../../src/operations/mlflow/follow-champions.ts';
import type { MlflowRegistry } from '../../../src/operations/mlflow/mlflow-registry.ts';

/** A registry with models whose champion a test sets, and the tags that were written there. */
function mlflow(champions: Record<string, string>) {
  const modelTags = new Map<string, Record<string, string>>();
  const versionTags = new Map<string, string>();
  const registry: MlflowRegistry = {
    champions: async () =>
      Object.entries(champions).map(([model, version]) => ({
        model,
        version,
        tags: { ...modelTags.get(model) },
      })),
    async download(_, version, folder) {
      if (version === '9')
        throw new Failure('InputInvalid', 'not handed on', { fix: 'Log again.' });
      if (version === '8') throw new Failure('PlatformUnavailable', 'MLflow does not answer');
      await writeFile(join(folder, 'model.onnx'), version);
      return ['model.onnx'];
    },
    async setModelTag(model, key, value) {
      modelTags.set(model, { ...modelTags.get(model), [key]: value });
    },
    async setVersionTag(model, version, key, value) {
      versionTags.set(`${model} ${version} ${key}`, value);
    },
    addWebhook: async () => 'hook',
    removeWebhook: async () => {},
  };
  return { registry, champions, versionTags };
}

type Version = { version: number; state: string; artifact: string };

/** A Slipway whose deployments end when a test says so. */
function slipway() {
  const models = new Map<string, Version[]>();
  const deployments = new Map<
    string,
    { model: string; artifact: string; to?: number; phase: string }
  >();
  const live = new Map<string, number>();
  const did: string[] = [];
  const begin = (what: string, of: { model: string; artifact: string; to?: number }) => {
    did.push(what);
    const id = `d${deployments.size + 1}`;
    deployments.set(id, { ...of, phase: 'Building' });
    return id;
  };
  function finish(phase: string) {
    for (const each of deployments.values()) {
      if (each.phase !== 'Building') continue;
      each.phase = phase;
      if (phase !== 'Live') continue;
      const versions = models.get(each.model) ?? [];
      // The version before still drains: its state is Live until then.
      const known = versions.find(({ version }) => version === each.to);
      const version = known?.version ?? versions.length + 1;
      if (known) known.state = 'Live';
      else versions.unshift({ version, state: 'Live', artifact: each.artifact });
      live.set(each.model, version);
      models.set(each.model, versions);
    }
  }
  const operations = {
    endpoint: (model: string) => `http://here/models/${model}`,
    listModels: async () => ({
      models: [...models].map(([name, versions]) => ({
        name,
        live: versions.find(({ version }) => version === live.get(name)) ?? null,
        newest: [...deployments.values()].findLast(({ model }) => model === name) ?? null,
      })),
    }),
    listVersions: async ({ name }: { name: string }) => ({ versions: models.get(name) ?? [] }),
    async readDeployment({ id }: { id: string }) {
      const found = deployments.get(id);
      if (!found) throw new Failure('InputInvalid', `no deployment ${id}`, { isAbsent: true });
      const trouble =
        found.phase === 'Rejected' ? { name: 'x', reason: 'bad', fix: 'Mend it.' } : null;
      return { phase: found.phase, version: 1, trouble };
    },
    async rollBack({ name, to }: { name: string; to: number }) {
      const deploymentId = begin(`rollback ${name} ${to}`, { model: name, artifact: '', to });
      return { kind: 'begun', deploymentId, after: '', says: 'goes back' };
    },
    async upload({ key }: { key: string }) {
      const isLast = key.endsWith('/model.yaml');
      const model = key.split('/')[1] ?? '';
      const deploymentId = isLast ? begin(`deploy ${key}`, { model, artifact: key }) : null;
      return { key, versionId: 'v', sizeBytes: 1, deploymentId };
    },
  };
  return { operations, did, finish, live };
}

function followed(champions: Record<string, string>, place = 'slipway') {
  const there = mlflow(champions);
  const here = slipway();
  const told: string[] = [];
  const look = () =>
    followChampions({
      registry: there.registry,
      slipway: here.operations as never,
      place,
      report: (line) => void told.push(line),
      signal: new AbortController().signal,
    });
  return { ...there, ...here, told, look };
}

it('a champion is deployed, its outcome is written back, and one that was before is brought back without its files', async () => {
  const { champions, versionTags, look, finish, did } = followed({ Iris: '1' });

  expect(await look()).toBe(true);
  finish('Live');
  expect(await look()).toBe(false);
  champions['Iris'] = '2';
  await look();
  finish('Live');
  await look();
  champions['Iris'] = '1';
  await look();
  finish('Live');
  await look();

  expect(did).toEqual([
    'deploy models/iris/mlflow-1/model.yaml',
    'deploy models/iris/mlflow-2/model.yaml',
    'rollback iris 1',
  ]);
  expect(versionTags.get('Iris 1 slipway.state')).toBe('Live');
  expect(versionTags.get('Iris 1 slipway.endpoint')).toBe('http://here/models/iris');
});

it('a champion that is live until the move before it has ended is brought back after that', async () => {
  const { champions, look, finish, did, live } = followed({ Iris: '1' });
  for (const version of ['1', '2', '1']) {
    champions['Iris'] = version;
    await look();
    if (did.length < 3) finish('Live');
    await look();
  }

  champions['Iris'] = '2';
  expect(await look()).toBe(true);
  finish('Live');
  expect(live.get('iris')).toBe(1);
  await look();
  finish('Live');

  expect(await look()).toBe(false);
  expect(live.get('iris')).toBe(2);
  expect(did.slice(2)).toEqual(['rollback iris 1', 'rollback iris 2']);
});

it('a move is made once, however often it is looked at, and whatever became of it', async () => {
  const { champions, look, finish, did, versionTags } = followed({ Iris: '1' });
  for (const [version, phase] of [
    ['1', 'Live'],
    ['2', 'Rejected'],
    ['3', 'Live'],
  ] as const) {
    champions['Iris'] = version;
    for (let time = 0; time < 333; time += 1) await look();
    finish(phase);
    for (let time = 0; time < 333; time += 1) await look();
  }

  expect(did).toHaveLength(3);
  expect(versionTags.get('Iris 2 slipway.state')).toBe('Rejected');
  expect(versionTags.get('Iris 2 slipway.reason')).toBe('bad → Mend it.');
});

it('a rollback in Slipway stays until the alias moves again', async () => {
  const { champions, look, finish, did, live } = followed({ Iris: '1' });
  await look();
  finish('Live');
  champions['Iris'] = '2';
  await look();
  finish('Live');
  await look();
  live.set('iris', 1);

  await look();
  champions['Iris'] = '1';
  await look();

  expect(did).toHaveLength(2);
});

it('files that MLflow never hands on are a failure in its tags; where it only does not answer, the next look tries again', async () => {
  const { champions, look, did, versionTags, told } = followed({ Iris: '9', Wine: '8' });
  await look();
  await look();
  champions['Wine'] = '1';
  await look();

  expect(versionTags.get('Iris 9 slipway.state')).toBe('Failed');
  expect(versionTags.get('Iris 9 slipway.reason')).toBe('not handed on → Log again.');
  expect(told.filter((line) => line === 'Wine: MLflow does not answer')).toHaveLength(2);
  expect(did).toEqual(['deploy models/wine/mlflow-1/model.yaml']);
});

it('two models with one name in Slipway are both left alone, and so is one without a name', async () => {
  const { look, did, told } = followed({ 'My Model': '1', my_model: '1', '!!!': '1', Other: '1' });
  await look();

  expect(did).toEqual(['deploy models/other/mlflow-1/model.yaml']);
  expect(told).toEqual([
    'My Model: My Model and my_model would both be the model my-model',
    'my_model: my_model and My Model would both be the model my-model',
    "!!!: !!! has no letter or digit for a model's name",
    'Other version 1: other is uploaded',
  ]);
});
