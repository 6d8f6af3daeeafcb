import { execFileSync } from 'node:child_process';
import { containerLabel } from '#adapters/local/servers/container-servers.ts';
import { eventually } from '../support/clock/eventually.ts';
import { type RunningSlipway, startSlipway } from '../support/slipway/running.ts';
import { dockerFolder, removeContainers, removeImages } from './docker.ts';
import { emulatedLambda } from './emulated-lambda.ts';
import { startRegistry } from './registry.ts';

const DOCKER = { config: { engine: 'docker', gatewayPort: 0, controlPort: 0 } } as const;

const docker = (...args: readonly string[]) => execFileSync('docker', args).toString().trim();
const running = () =>
  docker('ps', '--quiet', '--filter', 'label=slipway.data').split('\n').filter(Boolean);

/** A server as a user might have it: its own port, health path and request path, and nothing of Slipway. */
const SERVER = `
import json, os, pathlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STATE = os.environ.get("STATE")
if STATE:
    pathlib.Path(STATE).write_text("started")

class Handler(BaseHTTPRequestHandler):
    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.answer(200 if self.path == "/healthz" else 404, {"path": self.path})

    def do_POST(self):
        if self.path != "/predict":
            return self.answer(404, {"path": self.path})
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.answer(200, {"total": sum(asked["values"]) + int(os.environ["CONSTANT"])})

    def log_message(self, *args):
        pass

ThreadingHTTPServer(("", 3000), Handler).serve_forever()
`;

const dockerfile = (constant: number, more = '') => `
FROM public.ecr.aws/docker/library/python:3.13-slim-trixie
COPY server.py /app/server.py
ENV CONSTANT=${constant}
${more}
CMD ["python", "/app/server.py"]
`;

const PLACE = 'port: 3000, healthPath: /healthz, requestPath: /predict';

const manifest = (total: number, image = '') => `
runtime: { ${image}${PLACE} }
examples: [{ request: { values: [1, 2] }, expect: { total: ${total} } }]
rollout: { bakeSeconds: 1 }
`;

/** Drops a folder with a Dockerfile; its manifest last, which begins it. */
function dropFolder(slipway: RunningSlipway, folder: string, constant: number, more = ''): void {
  const drop = (name: string, text: string) => slipway.drop(`models/own/${folder}/${name}`, text);
  drop('server.py', SERVER);
  drop('Dockerfile', dockerfile(constant, more));
  drop('model.yaml', manifest(3 + constant));
}

async function ask(slipway: RunningSlipway): Promise<unknown> {
  const answer = await fetch(`${slipway.gateway}/models/own/predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ values: [10, 20] }),
  });
  return {
    status: answer.status,
    revision: answer.headers.get('x-slipway-revision'),
    body: await answer.json(),
  };
}

afterAll(removeImages);
afterEach(async () => void (await eventually(() => running().length === 0)));

describe('an image of one’s own', () => {
  it('leaves no network behind, also of a build that was killed', async () => {
    await using folder = await dockerFolder();
    const label = containerLabel(folder.path);
    docker('network', 'create', '--internal', '--label', label, 'slipway-smoke-left');

    await using _ = await startSlipway(folder.path, DOCKER);

    expect(docker('network', 'ls', '--quiet', '--filter', 'name=slipway-smoke-left')).toBe('');
  });

  it('is built of its Dockerfile, proven by its example, upgraded and rolled back', async () => {
    await using folder = await dockerFolder();
    await using slipway = await startSlipway(folder.path, DOCKER);

    dropFolder(slipway, 'v1', 0);
    const first = await slipway.ending('own', 1);
    expect(first.detail).toMatchObject({ state: 'Live' });
    expect(await ask(slipway)).toEqual({ status: 200, revision: 'own-v1', body: { total: 30 } });

    const [image = ''] = docker('image', 'ls', '--quiet', 'slipway/own-*').split('\n');
    const server = { port: 3000, healthPath: '/healthz' };
    const lambda = await emulatedLambda(image, { name: 'own', modelFile: '.', server });
    const answer = await lambda.post('predict', { values: [5] });
    expect(answer).toMatchObject({ statusCode: 200, body: '{"total": 5}' });
    await removeContainers();

    dropFolder(slipway, 'v2', 1000);
    const second = await slipway.ending('own', 2);
    expect(second.detail).toMatchObject({ state: 'Live' });
    expect(await ask(slipway)).toMatchObject({ revision: 'own-v2', body: { total: 1030 } });

    dropFolder(slipway, 'v3', 7, 'ENV CONSTANT=8');
    const third = await slipway.ending('own', 3);
    expect(third.detail).toMatchObject({ state: expect.stringMatching(/Failed|RolledBack/) });
    expect(await ask(slipway)).toMatchObject({ revision: 'own-v2', body: { total: 1030 } });

    expect(await slipway.command('rollback', 'own')).toMatchObject({ code: 0 });
    expect(await ask(slipway)).toMatchObject({ revision: 'own-v1', body: { total: 30 } });
  });

  it('is one that is there already, by its digest, also where Lambda would not start it', async () => {
    await using folder = await dockerFolder();
    await using slipway = await startSlipway(folder.path, DOCKER);
    const registry = await startRegistry();
    // It writes to its own file system as it starts, which it could not on Lambda.
    const name = `${registry.host}/team/own`;
    execFileSync('docker', ['build', '--quiet', '--tag', name, '-'], {
      input: `FROM public.ecr.aws/docker/library/python:3.13-slim-trixie
RUN mkdir /app
COPY <<EOF /app/server.py
${SERVER.replaceAll('$', '\\$')}
EOF
ENV CONSTANT=5 STATE=/app/state
CMD ["python", "/app/server.py"]
`,
    });
    docker('push', '--quiet', name);
    const named = docker('image', 'inspect', '--format', '{{join .RepoDigests " "}}', name);
    const image = named.split(' ').find((each) => each.startsWith(name));
    docker('image', 'rm', '--force', docker('image', 'inspect', '--format', '{{.Id}}', name));

    slipway.drop('models/own/v1/model.yaml', manifest(8, `image: "${image}", `));
    const live = await slipway.ending('own', 1);
    await registry.close();

    expect(live.detail).toMatchObject({ state: 'Live', reason: '' });
    expect(await ask(slipway)).toMatchObject({ status: 200, body: { total: 35 } });
    const { out } = await slipway.command('explain', 'own');
    expect(out).toMatch(/\* fargate/);
    expect(out).toMatch(
      /lambda .* on Lambda an image runs as Lambda's own user .*Read-only file system/,
    );
  });

  it('fails with its own words where it does not start, and with the pull’s where it is nowhere', async () => {
    await using folder = await dockerFolder();
    await using slipway = await startSlipway(folder.path, DOCKER);

    dropFolder(slipway, 'v1', 0, 'ENV CONSTANT=none');
    const broken = await slipway.ending('own', 1);
    expect(broken.detail.reason).toMatch(/did not load, or did not answer.*500|ValueError/s);

    const nowhere = `localhost:1/none@sha256:${'0'.repeat(64)}`;
    slipway.drop('models/own/v2/model.yaml', manifest(3, `image: "${nowhere}", `));
    const missing = await slipway.ending('own', 2);
    expect(missing.detail).toMatchObject({ state: 'Failed' });
    expect(missing.detail.reason).toMatch(/the image that model.yaml names cannot be pulled/);
  });
});
