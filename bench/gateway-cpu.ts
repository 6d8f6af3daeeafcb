// Measures the CPU time of the gateway's process per request, beside nginx, http-proxy-3 and a bare proxy of the same parts with the same load and the same server behind them, in turns.
// `node bench/gateway-cpu.ts [ROUNDS] [REQUESTS]`; needs nginx, and http-proxy-3 installed or its entry file in HTTP_PROXY_3.
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { row, spread } from './figures.ts';
import { nginxProxy, nginxServer, nodeProxy, type Served } from './proxies.ts';

// Many short rounds: whatever else the machine does then falls on all sides alike.
const ROUNDS = Number(process.argv[2] ?? 70);
const REQUESTS = Number(process.argv[3] ?? 400);
const CONNECTIONS = 32;
const WARM_UP_ROUNDS = 25;
const HEADERS = { 'content-type': 'application/json' };
const BODY = JSON.stringify({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 32], data: Array(113).fill(1) }],
});

if (spawnSync('nginx', ['-v']).error) throw new Error('nginx is missing: apt-get install nginx');
const NAMES = ['nginx', 'bare', 'gateway', 'http-proxy-3'] as const;
type Name = (typeof NAMES)[number];

const folder = await mkdtemp(join(tmpdir(), 'slipway-gateway-cpu-'));
const running: Served[] = [];
const micros: Record<Name, number[]> = {
  nginx: [],
  bare: [],
  gateway: [],
  'http-proxy-3': [],
};
try {
  await measure();
} finally {
  await Promise.all(running.map((served) => served.stop()));
  await rm(folder, { recursive: true });
}

console.log(
  `CPU of the proxy, ${ROUNDS} rounds of ${REQUESTS} POSTs of ${BODY.length} B, ${CONNECTIONS} connections, µs per request (min / median / max)`,
);
for (const [name, values] of Object.entries(micros)) console.log(row(name, spread(values, 1)));
console.log('ratios, round by round');
console.log(row('gateway / bare', spread(ratios('gateway', 'bare'), 2)));
console.log(row('gateway / nginx', spread(ratios('gateway', 'nginx'), 2)));
console.log(row('http-proxy-3 / gateway', spread(ratios('http-proxy-3', 'gateway'), 2)));
console.log(row('http-proxy-3 / bare', spread(ratios('http-proxy-3', 'bare'), 2)));

async function measure(): Promise<void> {
  const backend = await kept(nginxServer(folder));
  const reference = await (await fetch(backend.origin, { method: 'POST', body: BODY })).text();
  const proxies: Record<Name, Served> = {
    nginx: await kept(nginxProxy(folder, backend.origin)),
    bare: await kept(nodeProxy('bare', backend.origin)),
    gateway: await kept(nodeProxy('gateway', backend.origin)),
    'http-proxy-3': await kept(nodeProxy('http-proxy-3', backend.origin)),
  };
  const pools = new Map(
    NAMES.map((name) => [name, new Pool(proxies[name].origin, { connections: CONNECTIONS })]),
  );
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round += 1) {
    for (const [name, pool] of pools) {
      const before = proxies[name].cpuSeconds();
      await load(pool, proxies[name].path, reference);
      const spent = ((proxies[name].cpuSeconds() - before) * 1e6) / REQUESTS;
      if (round >= 0) micros[name].push(spent);
    }
  }
  await Promise.all([...pools.values()].map((pool) => pool.close()));
}

async function kept(starting: Promise<Served>): Promise<Served> {
  const served = await starting;
  running.push(served);
  return served;
}

function ratios(over: Name, under: Name): readonly number[] {
  return micros[over].map((value, round) => value / (micros[under][round] ?? Number.NaN));
}

/** Sends the requests over kept connections, and compares each answer with the server's own. */
async function load(pool: Pool, path: string, reference: string): Promise<void> {
  let left = REQUESTS;
  const client = async () => {
    while (left > 0) {
      left -= 1;
      const answer = await pool.request({ method: 'POST', path, headers: HEADERS, body: BODY });
      const body = await answer.body.text();
      if (answer.statusCode !== 200 || body !== reference) throw new Error(`wrong: ${body}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, client));
}
