// What the gateway's process spends on one request, beside nginx and http-proxy-3 with the same load and the same server behind them, in turns.
// `node bench/gateway-cpu.ts [ROUNDS] [REQUESTS]`; needs nginx, and http-proxy-3 installed or its entry file in HTTP_PROXY_3.
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { row, spread } from './figures.ts';
import { nginxProxy, nginxServer, nodeProxy, type Served } from './proxies.ts';

const ROUNDS = Number(process.argv[2] ?? 7);
const REQUESTS = Number(process.argv[3] ?? 20_000);
const CONNECTIONS = 32;
const HEADERS = { 'content-type': 'application/json' };
const BODY = JSON.stringify({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 32], data: Array(113).fill(1) }],
});

if (spawnSync('nginx', ['-v']).error) throw new Error('nginx is missing: apt-get install nginx');
const folder = await mkdtemp(join(tmpdir(), 'slipway-gateway-cpu-'));
const backend = await nginxServer(folder);
const proxies = {
  nginx: await nginxProxy(folder, backend.origin),
  gateway: await nodeProxy('gateway', backend.origin),
  'http-proxy-3': await nodeProxy('http-proxy-3', backend.origin),
};
const reference = await answerOf(backend);

const micros: Record<string, number[]> = { nginx: [], gateway: [], 'http-proxy-3': [] };
for (const proxy of Object.values(proxies)) await load(proxy, REQUESTS);
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [name, proxy] of Object.entries(proxies)) {
    const before = proxy.cpuSeconds();
    await load(proxy, REQUESTS);
    micros[name]?.push(((proxy.cpuSeconds() - before) * 1e6) / REQUESTS);
  }
}
await Promise.all([...Object.values(proxies), backend].map((served) => served.stop()));
await rm(folder, { recursive: true });

console.log(
  `CPU of the proxy, ${ROUNDS} rounds of ${REQUESTS} POSTs of ${BODY.length} B, ${CONNECTIONS} connections, µs per request (min / median / max)`,
);
for (const [name, values] of Object.entries(micros)) console.log(row(name, spread(values, 1)));
console.log('ratios, round by round');
console.log(row('gateway / nginx', spread(ratios('gateway', 'nginx'), 2)));
console.log(row('http-proxy-3 / gateway', spread(ratios('http-proxy-3', 'gateway'), 2)));

function ratios(over: string, under: string): readonly number[] {
  return (micros[over] ?? []).map((value, round) => value / (micros[under]?.[round] ?? Number.NaN));
}

/** Sends the requests over connections that are kept, and holds each answer to the server's own. */
async function load({ origin, path }: Served, requests: number): Promise<void> {
  const pool = new Pool(origin, { connections: CONNECTIONS });
  let left = requests;
  const client = async () => {
    while (left > 0) {
      left -= 1;
      const answer = await pool.request({ method: 'POST', path, headers: HEADERS, body: BODY });
      const body = await answer.body.text();
      if (answer.statusCode !== 200 || body !== reference) throw new Error(`wrong: ${body}`);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, client));
  await pool.close();
}

async function answerOf({ origin }: Served): Promise<string> {
  return (await fetch(origin, { method: 'POST', headers: HEADERS, body: BODY })).text();
}
