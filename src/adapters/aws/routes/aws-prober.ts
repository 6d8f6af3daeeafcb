import { modelRoute } from '#adapters/aws/api/model-api.ts';
import { type Probe, type Probes, readProbeAddress } from '#adapters/aws/api/probe-address.ts';
import { type RouteRecords, served } from '#adapters/aws/api/route-records.ts';
import { testRulePath } from '#adapters/aws/ecs/test-rule.ts';
import type { FunctionProbed } from '#adapters/aws/lambda/lambda-prober.ts';
import { modelOf } from '#domain/identity.ts';
import { pathOf } from '#domain/rollout/golden-request.ts';
import type { ProbeAnswer, Prober } from '#ports/prober.ts';

export type AwsProberOptions = {
  readonly functions: Probes<FunctionProbed>;
  readonly containers: Probes<string>;
  /** Says which of the two a model's route leads to. */
  readonly records: Pick<RouteRecords, 'read'>;
};

/** Probes functions by invoking them, and containers through the API. */
export function awsProber({ functions, containers, records }: AwsProberOptions): Prober {
  async function ask(address: string, probe: Probe, timeoutMs: number): Promise<ProbeAnswer> {
    const to = readProbeAddress(address);
    switch (to.kind) {
      case 'function': {
        const { revision } = to;
        return functions({ model: modelOf(revision), of: { revision } }, probe, timeoutMs);
      }
      case 'container':
        return containers(testRulePath(to.revision), probe, timeoutMs);
      case 'route': {
        const { model } = to;
        const mechanism = served(await records.read(model));
        return mechanism === 'container'
          ? containers(modelRoute(model), probe, timeoutMs)
          : functions({ model, of: { kind: mechanism } }, probe, timeoutMs);
      }
    }
  }

  return {
    send: (address, model, golden, timeoutMs) => {
      const path = pathOf(golden, model);
      return ask(address, { method: 'POST', path, body: JSON.stringify(golden.body) }, timeoutMs);
    },
    ready: (address, path, timeoutMs) => ask(address, { method: 'GET', path }, timeoutMs),
  };
}
