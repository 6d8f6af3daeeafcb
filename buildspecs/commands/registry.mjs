// A client for registries that implement the OCI distribution specification with Basic credentials, as ECR does.
// https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md · https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { home } from './caches.mjs';

const MANIFESTS = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

/** @typedef {AsyncIterable<Uint8Array> | Iterable<Uint8Array>} Chunks */
/** @typedef {{ headers?: Record<string, string>, body?: Buffer<ArrayBuffer>, stream?: Chunks }} Request */
/** @typedef {Awaited<ReturnType<typeof openRepository>>} Repository */

/**
 * A repository, named `HOST/PATH`. Digests are `sha256:…`; errors carry the registry's own message.
 * @param {string} repository
 */
export async function openRepository(repository) {
  const [host = '', ...path] = repository.split('/');
  const name = path.join('/');
  const ask = asker(host, await credentials(host));
  /** @param {string} kind */
  const at = (kind) => `/v2/${name}/${kind}`;

  /**
   * Calls `digest` after the whole body has been read.
   * @param {Response} started
   * @param {Chunks} body
   * @param {() => string} digest
   */
  async function upload(started, body, digest) {
    const sent = await ask('PATCH', locationOf(started), { stream: body });
    const end = locationOf(sent);
    end.searchParams.set('digest', digest());
    await ask('PUT', end, { headers: { 'content-length': '0' } });
  }

  return {
    name,
    /**
     * The manifest of a tag as stored; undefined when there is none.
     * @param {string} tag
     */
    async manifest(tag) {
      const headers = { accept: MANIFESTS.join(', ') };
      const answer = await ask('GET', at(`manifests/${tag}`), { headers }, [404]);
      return answer.ok ? Buffer.from(await answer.arrayBuffer()) : undefined;
    },
    /** @param {string} digest */
    async blob(digest) {
      const answer = await ask('GET', at(`blobs/${digest}`));
      return Buffer.from(await answer.arrayBuffer());
    },
    /** @param {string} digest */
    async has(digest) {
      return (await ask('HEAD', at(`blobs/${digest}`), {}, [404])).ok;
    },
    /**
     * Takes a blob from another repository of this registry: mounted if the registry supports that, else copied through this process.
     * @param {string} digest
     * @param {string} from
     */
    async take(digest, from) {
      if (await this.has(digest)) return;
      const query = new URLSearchParams({ mount: digest, from });
      const answer = await ask('POST', at(`blobs/uploads/?${query}`));
      if (answer.status === 201) return;
      const source = await ask('GET', `/v2/${from}/blobs/${digest}`);
      await upload(answer, source.body ?? [], () => digest);
    },
    /**
     * Stores a new blob from its chunks.
     * @param {Chunks} body
     * @param {() => string} digest
     */
    async put(body, digest) {
      await upload(await ask('POST', at('blobs/uploads/')), body, digest);
    },
    /**
     * Throws with `isTaken` when the tag already exists and is immutable.
     * @param {string} tag
     * @param {Buffer<ArrayBuffer>} body
     * @param {string} mediaType
     */
    async putManifest(tag, body, mediaType) {
      const headers = { 'content-type': mediaType };
      await ask('PUT', at(`manifests/${tag}`), { headers, body }).catch((error) => {
        throw Object.assign(error, { isTaken: isTaken(error.message) });
      });
    },
  };
}

/**
 * Whether the registry said that a tag already exists. https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
 * @param {string} said
 */
export function isTaken(said) {
  return /already exists|immutable/i.test(said);
}

/** @param {Uint8Array} bytes */
export function digestOf(bytes) {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

const ATTEMPTS = 3;
/** @param {number} status */
const isPassing = (status) => status === 429 || status >= 500;

/**
 * Sends requests to a registry, and retries while it is too busy; fails with its message unless the status is a success or accepted. A stream is sent only once.
 * @param {string} host
 * @param {string | undefined} authorization
 */
function asker(host, authorization) {
  // As in Docker: only a registry on this machine may use plain HTTP.
  const scheme = /^(localhost|127\.0\.0\.1)(:\d+)?$/.test(host) ? 'http' : 'https';
  return async (
    /** @type {string} */ method,
    /** @type {string | URL} */ place,
    /** @type {Request} */ request = {},
    /** @type {readonly number[]} */ accepted = [],
  ) => {
    const url = new URL(place, `${scheme}://${host}`);
    // A registry may redirect its clients to another host, which must not get the password.
    const secret = url.host === host && authorization ? { authorization } : {};
    const headers = { ...request.headers, ...secret };
    const asked = request.stream
      ? patch(url, headers, request.stream)
      : insistently(() => fetch(url, { ...request, method, headers }));
    const answer = await asked.catch((error) => {
      throw new Error(`${host}: ${error.cause?.message || error.message}`);
    });
    if (answer.ok || accepted.includes(answer.status)) return answer;
    const said = `${host} answered ${answer.status} to ${method} ${url.pathname}`;
    throw new Error(`${said}: ${await answer.text()}`);
  };
}

/** @param {() => Promise<Response>} ask */
async function insistently(ask) {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await ask().catch((error) => {
      if (attempt === ATTEMPTS) throw error;
      return undefined;
    });
    if (answer && (attempt === ATTEMPTS || !isPassing(answer.status))) return answer;
    await answer?.body?.cancel();
    await sleep(1000 * attempt);
  }
}

/**
 * Returns a Response like `fetch`, which takes half as long again to send a stream.
 * @param {URL} url
 * @param {Record<string, string>} headers
 * @param {Chunks} stream
 */
async function patch(url, headers, stream) {
  const { request } = url.protocol === 'http:' ? http : https;
  const type = { 'content-type': 'application/octet-stream' };
  const sent = request(url, { method: 'PATCH', headers: { ...type, ...headers } });
  const [[answer]] = await Promise.all([once(sent, 'response'), pipeline(stream, sent)]);
  const body = await text(answer);
  const { statusCode: status, headers: said } = answer;
  return Object.defineProperty(
    new Response(status === 204 ? null : body, {
      status,
      headers: { location: said.location ?? '' },
    }),
    'url',
    { value: String(url) },
  );
}

/** @param {Response} answer */
function locationOf(answer) {
  return new URL(answer.headers.get('location') ?? '', answer.url);
}

/**
 * The credentials stored by `docker login`.
 * @param {string} host
 * @returns {Promise<string | undefined>}
 */
async function credentials(host) {
  const folder = process.env.DOCKER_CONFIG || join(home(), '.docker');
  const config = await readFile(join(folder, 'config.json'), 'utf8').catch(() => '{}');
  const auth = JSON.parse(config).auths?.[host]?.auth;
  return auth && `Basic ${auth}`;
}
