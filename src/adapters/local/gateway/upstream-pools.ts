import { Pool } from 'undici';

export type UpstreamPools = {
  /** The keep-alive connections to the process at `origin`; dropped when the last one closes, since another process may get its port. */
  to(origin: string): Pool;
  close(): Promise<void>;
};

const OPTIONS = {
  // Below the 5 s after which Node's and uvicorn's servers close an idle connection, so that no request meets a closing one.
  keepAliveTimeout: 4_000,
  keepAliveMaxTimeout: 4_000,
  // The revision's own limit covers the whole request; these would cut one that is slow but within its limit.
  headersTimeout: 0,
  bodyTimeout: 0,
  connectTimeout: 5_000,
  allowH2: false,
} as const;

export function upstreamPools(): UpstreamPools {
  const pools = new Map<string, Pool>();

  const open = (origin: string) => {
    const pool = new Pool(origin, OPTIONS);
    const forget = () => {
      if (pool.stats.connected === 0 && pool.stats.size === 0) pools.delete(origin);
    };
    pool.on('disconnect', forget).on('connectionError', forget);
    pools.set(origin, pool);
    return pool;
  };

  return {
    to: (origin) => pools.get(origin) ?? open(origin),
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}
