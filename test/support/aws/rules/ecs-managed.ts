import {
  type CapacityProvider,
  type CreateCapacityProviderCommandInput,
  type DescribeCapacityProvidersCommandInput,
  DescribeClustersCommand,
} from '@aws-sdk/client-ecs';
import type { AwsCall, AwsRule, Refusal, Ruling } from './rules.ts';

type Made = CapacityProvider & { readonly cluster: string; looks: number };

export type EcsManaged = {
  readonly rules: readonly AwsRule[];
  /** The names of the capacity providers that are there. */
  providers(): readonly string[];
};

const SOURCE =
  'CreateCapacityProvider, DescribeCapacityProviders and DeleteCapacityProvider in @aws-sdk/client-ecs; in use: aws/containers-roadmap#631';

/** Capacity providers of ECS Managed Instances, which moto does not have. `used` are those of services. */
export function ecsManaged(used: () => readonly string[]): EcsManaged {
  const providers = new Map<string, Made>();

  async function make({ input, send }: AwsCall): Promise<Ruling> {
    const {
      name = '',
      cluster = '',
      managedInstancesProvider,
      tags,
    } = input as unknown as CreateCapacityProviderCommandInput;
    const { clusters = [] } = await send(DescribeClustersCommand, { clusters: [cluster] });
    if (clusters.every(({ status }) => status !== 'ACTIVE')) {
      return { name: 'ClusterNotFoundException', message: 'Cluster not found.', status: 400 };
    }
    if (providers.has(name)) return clientError('The specified capacity provider already exists.');
    const made = { name, cluster, tags, managedInstancesProvider, status: 'PROVISIONING' as const };
    providers.set(name, { ...made, looks: 0 });
    return { output: { capacityProvider: made } };
  }

  function describe({ input }: AwsCall): Ruling {
    const { capacityProviders: names, cluster } = input as DescribeCapacityProvidersCommandInput;
    const found = [...providers.values()].filter(
      (each) => each.cluster === cluster && (names?.includes(each.name ?? '') ?? true),
    );
    for (const each of found) {
      each.looks += 1;
      if (each.looks > 1) each.status = 'ACTIVE';
    }
    return { output: { capacityProviders: found.map(({ looks, ...each }) => each) } };
  }

  function remove({ input }: AwsCall): Ruling {
    const name = String(input['capacityProvider']);
    if (!providers.has(name)) return clientError('The specified capacity provider does not exist.');
    if (used().includes(name)) {
      return clientError('The specified capacity provider is in use and cannot be removed.');
    }
    providers.delete(name);
    return { output: {} };
  }

  const answers: Readonly<Record<string, (call: AwsCall) => Ruling | Promise<Ruling>>> = {
    CreateCapacityProvider: make,
    DescribeCapacityProviders: describe,
    DeleteCapacityProvider: remove,
  };
  return {
    providers: () => [...providers.keys()],
    rules: [
      {
        name: 'ecs: a capacity provider of managed instances is in one cluster, takes a while to be made, and stays while it is used',
        service: 'ECS',
        commands: Object.keys(answers),
        source: SOURCE,
        before: (call) => answers[call.command]?.(call),
      },
      {
        name: 'ecs: the list of a cluster’s providers is replaced as a whole, and one in use cannot be left out',
        service: 'ECS',
        commands: ['PutClusterCapacityProviders'],
        source: 'PutClusterCapacityProviders in @aws-sdk/client-ecs; aws/containers-roadmap#631',
        before({ input }) {
          const kept = input['capacityProviders'] as readonly string[];
          if (used().every((name) => kept.includes(name))) return undefined;
          const message = 'The specified capacity provider is in use and cannot be removed.';
          return { name: 'ResourceInUseException', message, status: 400 };
        },
      },
      {
        name: 'ecs: a cluster with capacity providers of its own is not deleted',
        service: 'ECS',
        commands: ['DeleteCluster'],
        source: 'ClusterContainsCapacityProviderException in @aws-sdk/client-ecs',
        before({ input }) {
          const isEmpty = [...providers.values()].every(
            ({ cluster }) => cluster !== input['cluster'],
          );
          if (isEmpty) return undefined;
          const message = 'The cluster contains capacity providers.';
          return { name: 'ClusterContainsCapacityProviderException', message, status: 400 };
        },
      },
    ],
  };
}

function clientError(message: string): Refusal {
  return { name: 'ClientException', message, status: 400 };
}
