import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { localCertificate } from '../../../support/bytes/certificate.ts';
import { COMMANDS, run } from '../../../support/local/commands.ts';

const sha256 = (bytes: string) => createHash('sha256').update(bytes).digest('hex');

describe('fetching an artifact', () => {
  let root: string;
  let folder: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'slipway-fetch-'));
    folder = join(root, 'artifact');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  type Part = { name: unknown; content?: string; sizeBytes?: number; url?: string };

  /** Each file comes from a separate URL whose name says nothing. */
  function fetchParts(...parts: readonly Part[]) {
    const files = parts.map(({ name, content = '', ...given }, index) => {
      const path = join(root, String(index));
      writeFileSync(path, content);
      return { name, sizeBytes: content.length, url: String(pathToFileURL(path)), ...given };
    });
    return fetchList(JSON.stringify(files));
  }

  function fetchList(list: string, env = {}) {
    const path = join(root, 'list.json');
    writeFileSync(path, `{"order":{"runtime":"python"},"files":${list}}`);
    // The user who runs it may keep new files to himself; bash reads its rc file when its input is a socket.
    const shell = ['--norc', '-c', 'umask 077; exec "$0" "$@"'];
    const script = [process.execPath, join(COMMANDS, 'fetch-artifact.mjs'), folder];
    return run('bash', [...shell, ...script], `${pathToFileURL(path)}\n`, env);
  }

  it('answers the sha256 of a single file', async () => {
    const { code, out } = await fetchParts({ name: 'model.onnx', content: 'weights' });

    expect(code).toBe(0);
    expect(out).toBe(`${sha256('weights')}\n`);
    expect(readFileSync(join(folder, 'model.onnx'), 'utf8')).toBe('weights');
  });

  describe('by a list in a bucket', () => {
    // Stands for the AWS CLI in a build's image: it prints its arguments, and answers with the list.
    function fetchByRole(answer: string) {
      const programs = mkdtempSync(join(root, 'programs-'));
      const asked = join(root, 'asked');
      writeFileSync(join(programs, 'aws'), `#!/bin/sh\necho "$@" > ${asked}\n${answer}\n`, {
        mode: 0o755,
      });
      const script = [join(COMMANDS, 'fetch-artifact.mjs'), folder];
      const PATH = `${programs}:/usr/bin:/bin`;
      const url = 's3://bucket/builds/d1/secret.json';
      return run(process.execPath, script, `${url}\n`, { PATH }).then((ended) => ({
        ...ended,
        url,
        asked: readFileSync(asked, 'utf8').trim(),
      }));
    }

    it('reads it by the role of the build', async () => {
      const part = join(root, 'part');
      writeFileSync(part, 'weights');
      const files = [{ name: 'model.onnx', sizeBytes: 7, url: String(pathToFileURL(part)) }];
      writeFileSync(join(root, 'list.json'), JSON.stringify({ order: {}, files }));

      const { out, asked, url } = await fetchByRole(`cat ${join(root, 'list.json')}`);

      expect(out).toBe(`${sha256('weights')}\n`);
      expect(asked).toBe(`s3 cp --only-show-errors ${url} -`);
    });

    it('ends without it after the third time, and does not print its URL', async () => {
      const { code, out, err, url } = await fetchByRole(
        'echo "download failed: $4 to - (403) Forbidden" >&2; exit 1',
      );

      expect(code).toBe(1);
      expect(err).toContain('the list of files: download failed: it to - (403) Forbidden');
      expect(out + err).not.toContain(url);
    });
  });

  it('puts what is ordered beside it', async () => {
    await fetchParts({ name: 'model.onnx', content: 'weights' });

    const order = JSON.parse(readFileSync(join(root, 'order.json'), 'utf8'));
    expect(order).toEqual({ runtime: 'python' });
  });

  it('answers for many files what sha256sum says of them, sorted by name', async () => {
    const { out } = await fetchParts(
      { name: 'weights/b', content: 'b' },
      { name: 'model.onnx', content: 'model' },
      { name: 'Z', content: '' },
    );

    const listing = `cd "${folder}" && find -type f -printf '%P\\n' | LC_ALL=C sort | xargs sha256sum | sha256sum`;
    const byHand = await run('bash', ['-c', listing]);
    expect(out.trim()).toBe(byHand.out.split(' ')[0]);
    expect(readFileSync(join(folder, 'weights/b'), 'utf8')).toBe('b');
  });

  it('leaves what every user can read', async () => {
    await fetchParts({ name: 'a/model.onnx', content: 'weights' });

    const modes = ['', 'a', 'a/model.onnx'].map(
      (name) => statSync(join(folder, name)).mode & 0o777,
    );
    expect(modes).toEqual([0o755, 0o755, 0o644]);
  });

  it.each([
    '../outside',
    '/etc/passwd',
    'a/../../outside',
    'a//b',
    './a',
    '.',
    '',
    'a/',
    'a\\b',
    'a\0b',
    'a\nb',
    7,
    null,
  ])('refuses the name %j and writes nothing', async (name) => {
    const { code, out, err } = await fetchParts({ name: 'model.onnx' }, { name });

    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toContain(`${JSON.stringify(name)} is not a path inside an artifact`);
    expect(existsSync(folder)).toBe(false);
  });

  it('refuses a name that comes twice, and one that is also a folder', async () => {
    const twice = await fetchParts({ name: 'a' }, { name: 'a' });
    const folderToo = await fetchParts({ name: 'b' }, { name: 'b/c' });

    expect(twice.err).toContain('a is in the list twice');
    expect(folderToo.code).toBe(1);
  });

  it.each([
    ['longer', 4, 'it is more bytes; the list says 4'],
    ['shorter', 9, 'it is 7 bytes; the list says 9'],
  ])('refuses a file that is %s than the list says', async (_, sizeBytes, reason) => {
    const { code, err } = await fetchParts({ name: 'm.onnx', content: 'weights', sizeBytes });

    expect(code).toBe(1);
    expect(err).toBe(`fetch-artifact: m.onnx: ${reason}\n`);
  });

  it.each([
    ['{}', 'the list names no files'],
    ['<html>', 'the list of files'],
    ['[{"name":"a","sizeBytes":-1,"url":"file:///a"}]', 'a has no size or URL'],
    ['[{"name":"a","sizeBytes":1}]', 'a has no size or URL'],
  ])('refuses the list %s', async (list, reason) => {
    const { code, err } = await fetchList(list);

    expect(code).toBe(1);
    expect(err).toContain(reason);
  });

  it.each([
    ['http://127.0.0.1:1/a?X-Amz-Signature=secret', 'http: is neither https: nor file:'],
    ['no url?X-Amz-Signature=secret', 'a: Invalid URL'],
    ['file:///nowhere?X-Amz-Signature=secret', 'ENOENT'],
  ])('never prints the signature of %s', async (url, reason) => {
    const { code, out, err } = await fetchParts({ name: 'a', url, sizeBytes: 1 });

    expect(code).toBe(1);
    expect(err).toContain(reason);
    expect(out + err).not.toContain('secret');
  });

  describe('over https', () => {
    let server: Server;
    let origin: string;
    let requests: number;
    let answers: readonly number[];
    beforeEach(async () => {
      const certificate = localCertificate();
      writeFileSync(join(root, 'cert.pem'), certificate.cert);
      requests = 0;
      server = createServer(certificate, (_, response) => {
        response.statusCode = answers[requests] ?? 200;
        requests += 1;
        response.end(response.statusCode === 200 ? 'weights' : '<Error/>');
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    afterEach(() => void server.close());

    function fetchFile() {
      const url = `${origin}/a?X-Amz-Signature=secret`;
      const list = JSON.stringify([{ name: 'a', sizeBytes: 7, url }]);
      return fetchList(list, { NODE_EXTRA_CA_CERTS: join(root, 'cert.pem') });
    }

    it('fetches, and tries again what the server may do later', async () => {
      answers = [503];

      const { code, out } = await fetchFile();

      expect(code).toBe(0);
      expect(out).toBe(`${sha256('weights')}\n`);
    });

    it('takes a refusal for final, and does not print the signature', async () => {
      answers = [403];

      const { code, out, err } = await fetchFile();

      expect(code).toBe(1);
      expect(requests).toBe(1);
      expect(err).toBe(`fetch-artifact: a: ${origin.slice(8)} answered 403\n`);
      expect(out + err).not.toContain('secret');
    });
  });
});
