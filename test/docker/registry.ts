import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { removeImagesFrom } from './docker.ts';

/** `host` is the first part of an image's name. `close` also removes the images that the engine took from it. */
export type Registry = { readonly host: string; close(): Promise<void> };

/** Debian's docker-registry, empty, on a free port. */
export async function startRegistry(): Promise<Registry> {
  const root = mkdtempSync(join(tmpdir(), 'slipway-registry-'));
  const config = join(root, 'config.yml');
  writeFileSync(
    config,
    `version: 0.1\nstorage: { filesystem: { rootdirectory: ${root} } }\nhttp: { addr: 127.0.0.1:0 }\n`,
  );
  const child = spawn('docker-registry', ['serve', config], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  let host = '';
  for await (const line of createInterface(child.stderr)) {
    host = line.match(/listening on (127\.0\.0\.1:\d+)/)?.[1] ?? '';
    if (host) break;
  }
  child.stderr.resume();
  return {
    host,
    async close() {
      await removeImagesFrom(host);
      child.kill();
      await exited;
      rmSync(root, { recursive: true });
    },
  };
}

/**
 * A front of `registry` as ECR with immutable tags looks to a build that loses a race: `tag` is not there yet,
 * then somebody else has pushed it. https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
 */
export async function startRaceLost(registry: Registry, tag: string): Promise<Registry> {
  let isPushed = false;
  return startFront(registry, (incoming, refuse) => {
    const isTag = incoming.url?.endsWith(`/manifests/${tag}`);
    if (isTag && incoming.method === 'PUT') {
      isPushed = true;
      incoming.resume();
      refuse(400, 'TAG_INVALID', `The image tag '${tag}' already exists and is immutable.`);
    } else if (isTag && !isPushed) refuse(404, 'MANIFEST_UNKNOWN', 'Requested image not found');
  });
}

/** A front of `registry` that mounts no blob of another repository, as a registry may. */
export async function startMountless(registry: Registry): Promise<Registry> {
  return startFront(registry, (incoming) => {
    incoming.url = incoming.url?.replace(/\?mount=.*$/, '');
  });
}

/** A front of `registry` that is too busy for the first request of each kind and place, as ECR may be; requests that only a pulling engine makes are answered. */
export async function startBusy(registry: Registry): Promise<Registry> {
  const seen = new Set<string>();
  return startFront(registry, ({ method, url }, refuse) => {
    const asked = `${method} ${url?.replace(/[?].*$/, '')}`;
    if (!/^(POST|PUT) |^GET .*manifests\/(?!sha256)/.test(asked) || seen.has(asked)) return;
    seen.add(asked);
    refuse(429, 'TOOMANYREQUESTS', 'Rate exceeded');
  });
}

/** A front of `registry`, and the bytes that were uploaded through it. */
export async function startCounting(
  registry: Registry,
): Promise<Registry & { uploadedBytes(): number }> {
  let bytes = 0;
  const front = await startFront(registry, (incoming) => {
    if (incoming.method !== 'PATCH') return;
    incoming.on('data', (chunk) => {
      bytes += chunk.length;
    });
  });
  return { ...front, uploadedBytes: () => bytes };
}

type Refuse = (status: number, code: string, message: string) => void;

/** Passes on the requests that `look` has not refused. */
async function startFront(
  registry: Registry,
  look: (incoming: IncomingMessage, refuse: Refuse) => void,
): Promise<Registry> {
  const server = createServer((incoming, response) => {
    look(incoming, (status, code, message) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ errors: [{ code, message }] }));
    });
    if (response.headersSent) return;
    const [hostname, port] = registry.host.split(':');
    const { method, url: path, headers } = incoming;
    const onward = request({ hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(onward);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    async close() {
      await removeImagesFrom(host);
      server.close();
      server.closeAllConnections();
    },
  };
}
