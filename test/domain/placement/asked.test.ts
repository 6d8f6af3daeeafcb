import { askedOf } from '#domain/placement/asked.ts';
import { NO_CAPS } from '#domain/placement/caps.ts';
import type { Needs } from '#domain/placement/choose-target.ts';
import { pricesWith, SHIPPED_PRICES } from '#domain/placement/unit-prices.ts';
import { parseManifest } from '#formats/manifest/manifest-yaml.ts';

const MIB = 2 ** 20;
const NEEDS: Needs = {
  imageBytes: 1,
  memoryBytes: 4000 * MIB,
  memoryMiB: null,
  lambdaStart: { coldStartSeconds: 2, notedStarts: 0 },
  accelerator: null,
  replicas: 1,
};
const RUNS = [{ vcpus: 1, rows: 1, requests: 3, ms: 100, cpuMs: null }];

function askedFor(needs: Needs) {
  return askedOf({
    manifest: parseManifest('', ''),
    timed: { by: 'quota', runs: RUNS, serverMs: 0 },
    needs,
    caps: NO_CAPS,
    before: undefined,
    lighter: { what: 'a file in Q8_0', savedBytes: 1500.9 * MIB },
    lambdaConcurrency: null,
    fargateVcpus: null,
    ec2Vcpus: null,
  });
}

describe('the question of a placement', () => {
  it('has the memory that weights of eight bits would save', () => {
    expect(askedFor(NEEDS).measured).toMatchObject({
      memoryMiB: 4000,
      lighter: { what: 'a file in Q8_0', savedMiB: 1500 },
    });
  });

  it('has nothing to save where the manifest says how much memory there is', () => {
    const { measured } = askedFor({ ...NEEDS, memoryMiB: 4096 });

    expect(measured.memoryMiB).toBe(4096);
    expect(measured).not.toHaveProperty('lighter');
  });

  it('keeps the prices by which it is asked, also where those of the region were never read', () => {
    const prices = pricesWith({ apiRequest: 1 }, { region: 'eu-central-1', asOf: '2026-12-01' });

    expect(askedFor({ ...NEEDS, prices }).prices).toBe(prices);
    expect(askedFor(NEEDS).prices).toBe(SHIPPED_PRICES);
  });
});
