import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { localCertificate } from '../support/bytes/certificate.ts';
import { eventually } from '../support/clock/eventually.ts';
import { missingNginx, NGINX } from '../support/fronts/nginx.ts';
import { addConstantModel } from '../support/models/onnx.ts';
import { needing } from '../support/needs.ts';
import { REQUEST } from '../support/slipway/clients.ts';
import { startSlipway, temporaryFolder } from '../support/slipway/running.ts';
import { freePort } from '../support/stack/free-port.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/server.md'), 'utf8');
const [, SERVERS = ''] = /```nginx\n(.*?)```/s.exec(PAGE) ?? [];

/** Runs nginx with the servers that docs/server.md shows, on other ports. */
async function nginx(folder: string, ports: Readonly<Record<string, number>>) {
  const { cert, key } = localCertificate();
  writeFileSync(join(folder, 'models.example.pem'), cert);
  writeFileSync(join(folder, 'models.example.key'), key);
  const servers = Object.entries(ports).reduce(
    (config, [from, to]) =>
      config
        .replace(`listen ${from} ssl`, `listen 127.0.0.1:${to} ssl`)
        .replace(`127.0.0.1:${from};`, `127.0.0.1:${to};`),
    SERVERS.replaceAll('/etc/ssl/', `${folder}/`),
  );
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; pid ${folder}/nginx.pid; error_log stderr; events {}\nhttp { access_log off; ${temporary.join(' ')}\n${servers} }`,
  );
  const child = spawn(NGINX, ['-c', join(folder, 'nginx.conf'), '-e', 'stderr'], {
    stdio: 'ignore',
  });
  return {
    async [Symbol.asyncDispose]() {
      child.kill();
      await once(child, 'exit');
    },
  };
}

type Sent = {
  readonly key?: string;
  readonly method?: string;
  readonly body?: Uint8Array | string;
};

/** Asks models.example at a port of this machine. */
function ask(port: number, path: string, { key, method = 'GET', body }: Sent = {}) {
  return new Promise<{ status: number; said: string }>((resolve, reject) => {
    const asking = httpsRequest({
      host: '127.0.0.1',
      port,
      path,
      method,
      agent: false,
      rejectUnauthorized: false,
      headers: {
        host: 'models.example',
        'x-forwarded-for': '192.0.2.66',
        ...(key && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
      },
    });
    asking.on('error', reject);
    asking.on('response', (answer) => {
      text(answer).then((said) => resolve({ status: answer.statusCode ?? 0, said }), reject);
    });
    asking.end(body);
  });
}

needing(missingNginx, () => {
  it('a team drops and calls a model through nginx as docs/server.md has it', async () => {
    await using folder = await temporaryFolder();
    const data = join(folder.path, 'data');
    const [calls, control] = [await freePort(), await freePort()];
    const [othersPort, othersControlPort] = [await freePort(), await freePort()];
    const first = await startSlipway(data, { config: { bakeSeconds: 0 } });
    const made = await first.command(
      ...['keys', 'create', 'alice', '--models', 'team-a-*'],
      ...['--role', 'see,drop,call', '--json'],
    );
    const { key } = JSON.parse(made.out);
    await first.stop();
    const config = {
      bakeSeconds: 0,
      othersHost: '127.0.0.1',
      othersPort,
      othersControlPort,
      allowedHosts: ['models.example'],
      publicUrl: 'https://models.example',
    };
    await using slipway = await startSlipway(data, { config });
    const ports = { 443: calls, 8443: control, 8083: othersPort, 8084: othersControlPort };
    await using _front = await nginx(folder.path, ports);
    const isThere = () =>
      ask(control, '/healthz').then(
        ({ status }) => status === 401,
        () => false,
      );
    await eventually(isThere);

    const body = addConstantModel({ constant: 10 });
    const path = '/objects/models/team-a-adder/adder.onnx';
    const dropped = await ask(control, path, { key, method: 'PUT', body });
    expect(dropped.status).toBe(200);
    await slipway.ending('team-a-adder', 1);
    const shown = JSON.parse((await ask(control, '/models', { key })).said);
    const sent = { method: 'POST', body: JSON.stringify(REQUEST) };
    const infer = '/models/team-a-adder/v2/models/team-a-adder/infer';
    const answer = await ask(calls, infer, { ...sent, key });

    expect(shown.models).toMatchObject([
      { name: 'team-a-adder', endpoint: 'https://models.example/models/team-a-adder' },
    ]);
    expect(JSON.parse(answer.said)).toMatchObject({ outputs: [{ data: [11, 12] }] });
    expect((await ask(calls, infer, sent)).status).toBe(401);
    const noted = JSON.parse((await slipway.command('audit', '--json')).out);
    // This client is on the machine itself, whose word is believed as that of a proxy.
    expect(noted.at(-1)).toMatchObject({ by: 'alice', action: 'putObject', address: '192.0.2.66' });
  });
});
