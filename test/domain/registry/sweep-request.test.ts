import type { Model, ModelVersion } from '#domain/deployment.ts';
import { repairRequest, undeployRequest } from '#domain/registry/sweep-request.ts';

const HOUR_MS = 3_600_000;
const live: ModelVersion = {
  model: 'digits',
  version: 2,
  revision: 'digits-v2',
  deploymentId: 'd2',
  target: 'lambda',
  state: 'Live',
  liveAtMs: 5,
};
const model: Model = { name: 'digits', live: null, newestDeploymentId: 'd2' };

const reason = 'it drifted';
const repair = async (version: Partial<ModelVersion>, nowMs: number, inARow = 0) =>
  (await repairRequest({ ...live, ...version }, { reason, inARow }, nowMs)).name;
const undeploy = async (known: Partial<Model>, nowMs: number) =>
  (await undeployRequest({ ...model, ...known }, nowMs)).name;

describe('what the sweep asks for', () => {
  it('is the same within an hour', async () => {
    expect(await repair({}, 2 * HOUR_MS)).toBe(await repair({}, 3 * HOUR_MS - 1));
    expect(await undeploy({}, 2 * HOUR_MS)).toBe(await undeploy({}, 3 * HOUR_MS - 1));
  });

  it('is another in the next hour', async () => {
    expect(await repair({}, 2 * HOUR_MS)).not.toBe(await repair({}, 3 * HOUR_MS));
    expect(await undeploy({}, 2 * HOUR_MS)).not.toBe(await undeploy({}, 3 * HOUR_MS));
  });

  it('is another once the model has changed', async () => {
    expect(await repair({}, 0)).not.toBe(await repair({ liveAtMs: 6 }, 0));
    expect(await repair({}, 0)).not.toBe(await repair({ revision: 'digits-v3' }, 0));
    expect(await undeploy({}, 0)).not.toBe(await undeploy({ newestDeploymentId: 'd3' }, 0));
  });

  it('is another after each repair that was admitted', async () => {
    expect(await repair({}, 0, 1)).not.toBe(await repair({}, 0, 2));
  });

  it('says why a version is repaired', async () => {
    const { workflow, input } = await repairRequest(live, { reason, inARow: 0 }, 0);

    expect({ workflow, input }).toMatchObject({
      workflow: 'rollback',
      input: { kind: 'repair', model: 'digits', to: 2, reason: 'it drifted' },
    });
  });
});
