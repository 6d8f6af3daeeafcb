import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../clock/eventually.ts';

/** Where Debian has it: a user's own PATH may lack this folder. */
export const NGINX = '/usr/sbin/nginx';

export const missingNginx = existsSync(NGINX) ? undefined : 'there is no nginx';

/** A free port, as long as nobody takes it meanwhile. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

/** Nginx with TLS, by a certificate that nobody signed: below `/ml/` at each of these ports is the server at the address beside it. */
export async function nginx(ports: ReadonlyMap<number, string>) {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-nginx-'));
  const pem = (name: string) => join(folder, `${name}.pem`);
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-days', '2', '-subj', '/CN=localhost', '-keyout', pem('key'), '-out', pem('cert')],
  ]);
  const servers = [...ports].map(
    ([port, to]) => `
    server {
      listen 127.0.0.1:${port} ssl;
      ssl_certificate ${pem('cert')};
      ssl_certificate_key ${pem('key')};
      location /ml/ {
        proxy_pass ${to}/;
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header X-Forwarded-Host $http_host;
        proxy_set_header X-Forwarded-Proto https;
        proxy_set_header X-Forwarded-Prefix /ml;
        proxy_buffering off;
        proxy_request_buffering off;
        client_max_body_size 0;
      }
    }`,
  );
  const config = `
    daemon off;
    pid ${folder}/pid;
    error_log stderr;
    events {}
    http {
      access_log off;
      ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ')}
      ${servers.join('\n')}
    }`;
  await writeFile(join(folder, 'nginx.conf'), config);
  const child = spawn(NGINX, ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}`);
    return existsSync(join(folder, 'pid')) || undefined;
  });
  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true });
    },
  };
}
