import { awaitApproval } from '#steps/await-approval.ts';
import { type MemoryWorld, memoryWorld } from '../support/worlds/memory.ts';
import { promotion } from '../support/worlds/promotion.ts';

const HOUR_MS = 3_600_000;
const OTHER = `sha256:${'0'.repeat(64)}`;

async function admitted({ needsApproval = true } = {}) {
  const staging = memoryWorld();
  await staging.deploy();
  const prod = memoryWorld();
  const request = await promotion(staging, prod, { needsApproval });
  await prod.steps.AdmitPromotion({ request, execution: 'execution-p' });
  const { deploymentId } = request;
  const { digest } = (await prod.recordOf(request)).work.promotion!;
  return {
    prod,
    digest,
    deploymentId,
    look: (attempt = 0) => awaitApproval(prod.deps)({ deploymentId, attempt }),
    answer: (verdict: 'approved' | 'refused', said = digest) =>
      prod.registry.answerApproval(deploymentId, { verdict, digest: said, by: 'ada' }),
  };
}

const told = async (world: MemoryWorld, deploymentId: string) =>
  (await world.told(deploymentId)).map(({ state, reason, fix }) => ({ state, reason, fix }));

describe('awaiting an approval', () => {
  it('goes on at once where none is asked for', async () => {
    const { look } = await admitted({ needsApproval: false });

    expect(await look()).toEqual({ kind: 'approved', retrySeconds: 0, attempt: 1 });
  });

  it('tells once that a person is waited for, what to type, and of which digest', async () => {
    const { prod, look, deploymentId, digest } = await admitted();

    await look();
    const again = await look(1);
    const asked = await prod.registry.askApproval(deploymentId);

    expect(again).toEqual({ kind: 'pending', retrySeconds: 1, attempt: 2 });
    expect(asked).toEqual(await prod.recordOf({ deploymentId }));
    expect((await prod.told(deploymentId)).at(-1)?.data).toEqual({
      digest,
      from: 'staging',
      fromVersion: 1,
    });
    expect((await told(prod, deploymentId)).slice(1)).toEqual([
      {
        state: 'AwaitingApproval',
        reason: `version 1 of staging waits for a person's approval, for 24 h: ${digest}`,
        fix: 'Approve it with `slipway approve digits --version 1`, or refuse it with `slipway reject digits --version 1`.',
      },
    ]);
  });

  it('looks ever more rarely, at least every fifteen minutes', async () => {
    const { prod, look } = await admitted();
    await look();
    prod.clock.advance(3 * HOUR_MS);

    expect(await look(1)).toMatchObject({ kind: 'pending', retrySeconds: 900 });
  });

  it('goes on once a person has approved the digest', async () => {
    const { look, answer } = await admitted();
    await look();

    await answer('approved');

    expect(await look(1)).toEqual({ kind: 'approved', retrySeconds: 0, attempt: 2 });
  });

  it('ends as rejected when a person refuses, and stays so', async () => {
    const { prod, look, answer, deploymentId } = await admitted();
    await look();
    await answer('refused');

    const first = await look(1);
    const second = await look(2);

    expect([first.kind, second.kind]).toEqual(['refused', 'refused']);
    expect((await told(prod, deploymentId)).slice(2)).toEqual([
      { state: 'Rejected', reason: 'ada refused version 1', fix: '' },
    ]);
    expect((await prod.recordOf({ deploymentId })).endedAtMs).not.toBeNull();
  });

  it('ends after a day without an answer, and says what to do', async () => {
    const { prod, look, deploymentId } = await admitted();
    await look();
    prod.clock.advance(24 * HOUR_MS);

    expect((await look(1)).kind).toBe('refused');
    expect((await told(prod, deploymentId)).at(-1)).toEqual({
      state: 'Rejected',
      reason: 'nobody approved version 1 within 24 h',
      fix: 'Promote digits again, and have somebody approve it.',
    });
  });

  it('ends when it is aborted', async () => {
    const { prod, look, deploymentId } = await admitted();
    await look();
    await prod.registry.requestAbort(deploymentId, { name: 'Aborted', reason: 'enough', fix: '' });

    expect((await look(1)).kind).toBe('refused');
    expect((await told(prod, deploymentId)).at(-1)).toMatchObject({ reason: 'enough' });
  });

  it('does not take what was approved for what is there, should the two ever differ', async () => {
    const { prod, look, deploymentId, digest } = await admitted();
    await look();
    const { work } = await prod.recordOf({ deploymentId });
    const approval = { verdict: 'approved', digest: OTHER, by: 'ada', atMs: 1 } as const;
    const lying = {
      ...prod.deps,
      registry: {
        ...prod.registry,
        deployment: async () => ({
          ...(await prod.recordOf({ deploymentId })),
          work: { ...work, promotion: { ...work.promotion!, approval } },
        }),
      },
    };

    const { kind } = await awaitApproval(lying)({ deploymentId, attempt: 1 });

    expect(kind).toBe('refused');
    expect((await told(prod, deploymentId)).at(-1)?.reason).toBe(
      `ada approved ${OTHER}, and this is ${digest}`,
    );
  });
});

describe('an approval', () => {
  it('is of one digest: another is refused', async () => {
    const { look, answer, digest } = await admitted();
    await look();

    await expect(answer('approved', OTHER)).rejects.toMatchObject({
      name: 'PhaseConflict',
      message: `digits version 1 is ${digest}, not ${OTHER}`,
      fix: 'See what waits with `slipway explain digits --version 1`, and approve that.',
    });
    expect((await look(1)).kind).toBe('pending');
  });

  it('given again changes nothing, and is not taken back by the other', async () => {
    const { prod, look, answer } = await admitted();
    await look();
    const first = await answer('approved');
    prod.clock.advance(1000);

    expect(await answer('approved')).toEqual(first);
    for (const [verdict, said] of [['refused'], ['approved', OTHER]] as const) {
      await expect(answer(verdict, said)).rejects.toThrow(
        'digits version 1 does not wait for approval: ada has approved it',
      );
    }
  });

  it('is not taken before it is asked for, nor for what is no promotion', async () => {
    const { prod, answer } = await admitted();
    const upload = await prod.before('InspectArtifact');
    const given = { verdict: 'approved', digest: OTHER, by: 'ada' } as const;

    await expect(answer('approved')).rejects.toThrow(
      'digits version 1 does not wait for approval: it is Admitted',
    );
    await expect(prod.registry.answerApproval(upload.deploymentId, given)).rejects.toThrow(
      /is not a promotion$/,
    );
    await expect(prod.registry.answerApproval('d0', given)).rejects.toThrow(
      'there is no deployment d0',
    );
  });
});
