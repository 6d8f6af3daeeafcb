import type { Environment, ModelServer, StartServer } from './model-sandbox.ts';
import { untilReady } from './web-adapter.ts';

type Started = {
  readonly server: ModelServer;
  readonly origin: string | undefined;
  readonly lines: readonly string[];
  readonly addresses: Set<string>;
};

/** The servers of the services' tasks, one for each target group: all its tasks are the same process. */
export function containerServers(start: StartServer) {
  const groups = new Map<string, Started>();

  return {
    /** Starts the server of a service; answers whether it got ready. */
    async start(group: string, environment: Environment): Promise<boolean> {
      await groups.get(group)?.server.stop();
      const lines: string[] = [];
      const server = start(environment, (line) => lines.push(line));
      let isOver = false;
      const ended = server.ended.then(() => {
        isOver = true;
        return undefined;
      });
      const readiness = { AWS_LWA_READINESS_CHECK_PATH: '/ping', ...HEALTHY };
      const ready = server.origin.then(async (origin) => {
        await untilReady(origin, readiness, () => isOver);
        return isOver ? undefined : origin;
      });
      const origin = await Promise.race([ready, ended]);
      groups.set(group, { server, origin, lines, addresses: new Set() });
      return origin !== undefined;
    },
    /** The output of a group's server. */
    lines: (group: string): readonly string[] => groups.get(group)?.lines ?? [],
    /** The origin of a group's server; undefined for a group without targets. */
    originOf(group: string): string | undefined {
      const started = groups.get(group);
      return started && started.addresses.size > 0 ? started.origin : undefined;
    },
    register(group: string, address: string): void {
      groups.get(group)?.addresses.add(address);
    },
    /** A service's server ends with its last task. */
    async deregister(group: string, address: string): Promise<void> {
      const started = groups.get(group);
      started?.addresses.delete(address);
      if (started?.addresses.size === 0) await started.server.stop();
    },
    async close(): Promise<void> {
      await Promise.all([...groups.values()].map(({ server }) => server.stop()));
    },
  };
}

const HEALTHY = { AWS_LWA_READINESS_CHECK_HEALTHY_STATUS: '200-399' };
