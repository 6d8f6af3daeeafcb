import type { ModelVersion } from '#domain/deployment.ts';
import { rollbackGoal } from '#domain/rollout/rollback-goal.ts';

function version(number: number, liveAtMs: number, state: ModelVersion['state']): ModelVersion {
  return {
    model: 'digits',
    version: number,
    revision: `digits-v${number}`,
    deploymentId: `d${number}`,
    target: 'lambda',
    state,
    liveAtMs,
  };
}

const LIVE = version(4, 40, 'Live');
const VERSIONS = [
  LIVE,
  version(3, 30, 'Removed'),
  version(2, 10, 'Retired'),
  version(1, 20, 'Retired'),
];
const MODEL = { name: 'digits', live: LIVE, newestDeploymentId: 'd4' };

describe('a rollback goes', () => {
  it('to the version that was live last before, whatever its number', () => {
    expect(rollbackGoal(MODEL, VERSIONS, null)).toMatchObject({ version: { version: 1 } });
  });

  it('to the version that is asked for', () => {
    expect(rollbackGoal(MODEL, VERSIONS, 2)).toMatchObject({ version: { version: 2 } });
  });

  it('nowhere when no other version is left', () => {
    expect(rollbackGoal(MODEL, [LIVE], null)).toEqual({
      kind: 'none',
      isWrong: false,
      reason: 'digits has no version to go back to',
    });
  });

  it('nowhere when the version is live already', () => {
    expect(rollbackGoal(MODEL, VERSIONS, 4)).toMatchObject({ kind: 'none', isWrong: false });
  });

  it.each([3, 9])(
    'nowhere when version %s is gone, or never was, and says that it is wrong',
    (to) => {
      expect(rollbackGoal(MODEL, VERSIONS, to)).toMatchObject({ kind: 'none', isWrong: true });
    },
  );

  it('to a kept version of a model that has no live one', () => {
    expect(rollbackGoal({ ...MODEL, live: null }, VERSIONS, null)).toMatchObject({
      version: { version: 4 },
    });
  });
});
