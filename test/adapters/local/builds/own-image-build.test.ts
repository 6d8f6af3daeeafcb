import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMMANDS, run } from '../../../support/local/commands.ts';

const TAG = 'own-1';
const SHA256 = 'a'.repeat(64);
const PLACE = 's3://bucket/own-images/d1/secret';
const ORDER = {
  runtime: 'custom',
  wishes: {},
  environments: {},
  server: { port: 3000, healthPath: '/healthz', requestPath: '/predict' },
  startupSeconds: 1,
  // These facts keep the build from starting a container here.
  facts: { needsGpu: true, example: null },
};
const SMOKE = { startMs: 12, peakBytes: 3_000_000 };

/** The part of Docker that builds use: an image is a file, its archive the name and the file. */
const DOCKER = `#!/bin/sh
echo "$*" >> "$HOME/said"
at() { echo "$HOME/images/$(echo "$1" | tr '/:@' '___')"; }
case "$1 $2" in
"buildx build")
  while [ $# -gt 0 ]; do
    case "$1" in --tag) tag=$2 ;; --label) label=$2 ;; esac
    shift
  done
  printf '[{"Id":"sha256:1","Os":"linux","Architecture":"amd64","Config":{"Labels":{"%s":"%s"}}}]' \\
    "\${label%%=*}" "\${label#*=}" > "$(at "$tag")" ;;
"image inspect") [ "$3" = --format ] && shift 2; cat "$(at "$3")" ;;
"image rm") rm "$(at "$3")" ;;
save*) [ -e "$HOME/breaks" ] && { echo "no space left" >&2; exit 1; }; echo "$2"; cat "$(at "$2")" ;;
load*) read -r name && cat > "$(at "$name")" ;;
tag*) cp "$(at "$2")" "$(at "$3")" ;;
push*) touch "$HOME/pushed" ;;
history*) echo 700; echo 300 ;;
esac
`;

/** The AWS CLI, with a folder for the bucket. */
const AWS = `#!/bin/sh
for last; do from=$to; to=$last; done
case "$to" in
-) cat "$HOME/\${from#s3://}" 2>/dev/null || { echo "fatal error: 404 for $from" >&2; exit 1; } ;;
*) mkdir -p "$(dirname "$HOME/\${to#s3://}")" && cat > "$HOME/\${to#s3://}" ;;
esac
`;

describe('the image of a Dockerfile', () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'slipway-own-image-'));
    for (const folder of ['bin', 'images', 'artifact/model']) {
      await mkdir(join(home, folder), { recursive: true });
    }
    await writeFile(join(home, 'bin/docker'), DOCKER, { mode: 0o755 });
    await writeFile(join(home, 'bin/aws'), AWS, { mode: 0o755 });
  });
  afterEach(() => rm(home, { recursive: true }));

  const inBucket = (ending: string) => join(home, 'bucket/own-images/d1', `secret.${ending}`);
  const said = () => readFile(join(home, 'said'), 'utf8');

  async function build(order: object, env: Readonly<Record<string, string>> = {}) {
    const artifact = join(home, 'artifact');
    await writeFile(join(artifact, 'order.json'), JSON.stringify({ ...ORDER, ...order }));
    return run(process.execPath, [join(COMMANDS, 'build-image.mjs'), artifact], '', {
      HOME: home,
      PATH: `${join(home, 'bin')}:${process.env['PATH']}`,
      IMAGE_TAG: TAG,
      ARTIFACT_SHA256: SHA256,
      ...env,
    });
  }

  /** Writes the files that a build of a Dockerfile leaves. */
  async function leave(change: object = {}, labels: object = {}): Promise<void> {
    const Labels = { 'slipway.artifact-sha256': SHA256, ...labels };
    const image = { Id: 'sha256:1', Os: 'linux', Architecture: 'amd64', Config: { Labels } };
    await mkdir(join(home, 'bucket/own-images/d1'), { recursive: true });
    await writeFile(
      inBucket('tar'),
      `slipway/${TAG}\n${JSON.stringify([{ ...image, ...change }])}`,
    );
    await writeFile(inBucket('json'), JSON.stringify({ smoke: SMOKE }));
  }

  describe('that is built apart', () => {
    it('is left with its test, for the build that pushes it, and pushed nowhere', async () => {
      const { code, err } = await build({ leavesImageAt: PLACE });

      expect([code, err]).toEqual([0, expect.any(String)]);
      const archive = await readFile(inBucket('tar'), 'utf8');
      expect(archive).toMatch(new RegExp(`^slipway/${TAG}\n.*${SHA256}`));
      expect(JSON.parse(await readFile(inBucket('json'), 'utf8'))).toEqual({ smoke: null });
      expect(await said()).not.toMatch(/^(?:push|login)/m);
    });

    it('is not passed on where it could not be left whole', async () => {
      await writeFile(join(home, 'breaks'), '');

      const { code, err } = await build({ leavesImageAt: PLACE });

      expect(code).toBe(1);
      expect(err).toContain('no space left');
      expect(err).not.toContain('secret');
      expect(existsSync(inBucket('json'))).toBe(false);
    });
  });

  describe('that was left', () => {
    let registry: Server;
    let env: Readonly<Record<string, string>>;
    /** The labels of an image that the registry has before anything is pushed. */
    let there: object | undefined;
    beforeEach(async () => {
      there = undefined;
      const digest = `sha256:${'b'.repeat(64)}`;
      registry = createServer(({ url = '' }, answer) => {
        const Labels = there ?? { 'slipway.artifact-sha256': SHA256 };
        const isThere = there !== undefined || existsSync(join(home, 'pushed'));
        answer.statusCode = isThere ? 200 : 404;
        const layer = {
          mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
          digest,
          size: 90,
        };
        answer.end(
          JSON.stringify(
            url.includes('/manifests/')
              ? { schemaVersion: 2, config: { digest, size: 10 }, layers: [layer] }
              : { config: { Labels } },
          ),
        );
      }).listen(0, '127.0.0.1');
      await new Promise((resolve) => registry.once('listening', resolve));
      const host = `127.0.0.1:${(registry.address() as AddressInfo).port}`;
      env = { REPOSITORY: `${host}/models`, ENVIRONMENTS: `${host}/environments` };
    });
    afterEach(() => void registry.close());

    it('is pushed without anything of it being started, by a build that measures it itself', async () => {
      await leave();

      const { code, out, err } = await build({ takesImageFrom: PLACE }, env);

      expect([code, err]).toEqual([0, expect.any(String)]);
      expect(JSON.parse(out)).toMatchObject({
        compressedBytes: 100,
        uncompressedBytes: 1000,
        artifactSha256: SHA256,
        proof: null,
        smoke: SMOKE,
      });
      const verbs = (await said())
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0]);
      expect([...new Set(verbs)].toSorted()).toEqual(['history', 'image', 'load', 'push', 'tag']);
    });

    it('is adopted where another build has pushed it, without being started either', async () => {
      await leave();
      there = { 'slipway.artifact-sha256': SHA256 };

      const { code, out } = await build({ takesImageFrom: PLACE }, env);

      expect(code).toBe(0);
      expect(JSON.parse(out)).toMatchObject({ smoke: SMOKE });
      expect(await said()).not.toMatch(/^(?:push|run|create|start|buildx|pull)/m);
    });

    it('is what its build says of itself in nothing that others go by', async () => {
      const proof = Buffer.from('{"runtime":"onnx"}').toString('base64');
      there = {
        'slipway.artifact-sha256': SHA256,
        'slipway.proof': proof,
        'slipway.unpacked-bytes': '1',
      };

      const { out } = await build({}, env);

      expect(JSON.parse(out)).toMatchObject({ proof: null, uncompressedBytes: 1000 });
    });

    it.each([
      { what: 'another platform', change: { Architecture: 'arm64' }, says: 'is of linux/arm64' },
      {
        what: 'another artifact',
        labels: { 'slipway.artifact-sha256': 'c'.repeat(64) },
        says: 'is of another artifact, cccc',
      },
    ])('is refused where it is of $what', async ({ change, labels, says }) => {
      await leave(change, labels);

      const { code, err } = await build({ takesImageFrom: PLACE }, env);

      expect(code).toBe(1);
      expect(err).toContain(says);
      expect(await said()).not.toContain('push');
    });

    it('is not there: the build ends, and does not print where it looked', async () => {
      const { code, err } = await build({ takesImageFrom: PLACE }, env);

      expect(code).toBe(1);
      expect(err).toContain('the test of the image: ');
      expect(err).not.toContain('secret');
    });
  });
});
