import { crowdedAccount } from '../support/worlds/crowded-account.ts';

const MODELS = Array.from({ length: 20 }, (_, index) => `model-${index + 1}`);
const CANARY = 'rollout: { strategy: canary, bakeSeconds: 180 }';

describe('an account whose control plane of Lambda is crowded', () => {
  // The quota is 15 requests a second for all functions of an account, and cannot be raised.
  it('releases 20 canaries at once beside 10 requests a second of somebody else', async () => {
    const account = crowdedAccount({ others: 10, seed: 3 });
    for (const model of MODELS) await account.execute(account.upload({ model }));
    const before = account.refused();
    const canaries = MODELS.map((model) => account.upload({ model, manifest: CANARY }));

    await Promise.all(canaries.map(account.execute));

    const lives = await Promise.all(MODELS.map((model) => account.registry.model(model)));
    expect(lives.map((model) => model?.live?.version)).toEqual(MODELS.map(() => 2));
    expect(account.refused()).toBeGreaterThan(before);
  });
});
