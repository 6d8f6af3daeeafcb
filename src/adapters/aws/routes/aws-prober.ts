import { modelRoute } from '#adapters/aws/api/model-api.ts';
import { type Probe, type Probes, readProbeAddress } from '#adapters/aws/api/probe-address.ts';
import { type RouteRecords, served } from '#adapters/aws/api/route-records.ts';
import { testRulePath } from '#adapters/aws/ecs/test-rule.ts';
import type { FunctionProbed } from '#adapters/aws/lambda/lambda-prober.ts';
import type { CountedAt, ProbeCounts } from '#adapters/aws/registry/probe-counts.ts';
import { modelOf } from '#domain/identity.ts';
import { pathOf, sentBody } from '#domain/rollout/golden-request.ts';
import type { ProbeAnswer, Prober } from '#ports/prober.ts';

export type AwsProberOptions = {
  readonly functions: Probes<FunctionProbed>;
  readonly containers: Probes<string>;
  /** Says which of the two a model's route leads to. */
  readonly records: Pick<RouteRecords, 'read'>;
  /** Counts the probes that CloudWatch counts with the requests of clients. */
  readonly counts: Pick<ProbeCounts, 'add'>;
};

/** Probes functions by invoking them, and containers through the API. */
export function awsProber({ functions, containers, records, counts }: AwsProberOptions): Prober {
  async function counted(at: CountedAt, asked: Promise<ProbeAnswer>): Promise<ProbeAnswer> {
    const [answer] = await Promise.all([asked, counts.add(at)]);
    return answer;
  }

  /** Which target group counts a probe of the route is known by its answer. */
  async function askRoute(model: string, asked: Promise<ProbeAnswer>): Promise<ProbeAnswer> {
    const answer = await asked;
    const revision = answer.kind === 'answer' ? answer.revision : null;
    if (revision) await counts.add({ model, at: { revision } });
    return answer;
  }

  async function ask(address: string, probe: Probe, timeoutMs: number): Promise<ProbeAnswer> {
    const to = readProbeAddress(address);
    switch (to.kind) {
      case 'function': {
        const { revision } = to;
        // It names a version, so no alias counts it.
        return functions({ model: modelOf(revision), of: { revision } }, probe, timeoutMs);
      }
      case 'container':
        return counted(
          { model: modelOf(to.revision), at: to },
          containers(testRulePath(to.revision), probe, timeoutMs),
        );
      case 'route': {
        const { model } = to;
        const mechanism = served(await records.read(model));
        return mechanism === 'container'
          ? askRoute(model, containers(modelRoute(model), probe, timeoutMs))
          : counted(
              { model, at: 'function' },
              functions({ model, of: { kind: mechanism } }, probe, timeoutMs),
            );
      }
    }
  }

  return {
    send: (address, model, golden, timeoutMs) => {
      const path = pathOf(golden, model);
      return ask(address, { method: 'POST', path, sent: sentBody(golden) }, timeoutMs);
    },
    ready: (address, path, timeoutMs) => ask(address, { method: 'GET', path }, timeoutMs),
  };
}
