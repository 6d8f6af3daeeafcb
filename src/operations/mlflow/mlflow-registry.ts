import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import * as z from 'zod/mini';
import { Failure } from '#domain/failure.ts';

/** A registered model whose version has the alias `champion`, with the model's tags. */
export type Champion = {
  readonly model: string;
  readonly version: string;
  readonly tags: Readonly<Record<string, string>>;
};

/** A registry of MLflow. Fails with `PlatformUnavailable` where it does not answer, `PlatformDenied` where it refuses the caller, `InputInvalid` for what it refuses. */
export type MlflowRegistry = {
  champions(): Promise<readonly Champion[]>;
  /** Writes the files of a version to a folder; returns their paths in it. */
  download(model: string, version: string, folder: string): Promise<readonly string[]>;
  setModelTag(model: string, key: string, value: string): Promise<void>;
  setVersionTag(model: string, version: string, key: string, value: string): Promise<void>;
  /** Asks for a signed request to `url` whenever an alias moves, in place of an earlier one there; returns the id of this wish. */
  addWebhook(url: string, secret: string): Promise<string>;
  removeWebhook(id: string): Promise<void>;
};

const ALIAS = 'champion';
const TIMEOUT_MS = 30_000;
const DOWNLOAD_MS = 3_600_000;
const PAGE = 100;
const WEBHOOK = 'slipway';
// MLflow 3 takes 5,000 letters, MLflow 2 takes 500.
const TAG_LETTERS = 500;
const PROXIED = /^mlflow-artifacts:(?:\/\/[^/]*)?\/(.+)$/;

const pairs = z._default(z.array(z.object({ key: z.string(), value: z.string() })), []);
const found = z.object({
  registered_models: z._default(
    z.array(
      z.object({
        name: z.string(),
        tags: pairs,
        aliases: z._default(
          z.array(z.object({ alias: z.string(), version: z.coerce.string() })),
          [],
        ),
      }),
    ),
    [],
  ),
  next_page_token: z.optional(z.string()),
});
const listed = z.object({
  files: z._default(
    z.array(z.object({ path: z.string(), is_dir: z._default(z.boolean(), false) })),
    [],
  ),
});
const webhook = z.object({ webhook_id: z.string(), url: z.string() });

/**
 * The registry of an MLflow server, by its REST API: https://mlflow.org/docs/latest/api_reference/rest-api.html
 * `authorization` is sent with each request, if there is one.
 */
export function mlflowRegistry(origin: string, authorization?: string): MlflowRegistry {
  const base = `${origin.replace(/\/$/, '')}/api/2.0`;

  async function ask(path: string, init: RequestInit = {}, ms = TIMEOUT_MS): Promise<Response> {
    const headers = {
      ...(init.body ? { 'content-type': 'application/json' } : {}),
      ...(authorization && { authorization }),
    };
    const signal = AbortSignal.timeout(ms);
    const response = await fetch(`${base}${path}`, { ...init, headers, signal }).catch(
      (cause: unknown) => {
        throw new Failure('PlatformUnavailable', `MLflow at ${origin} does not answer`, { cause });
      },
    );
    if (response.ok) return response;
    throw await refusal(response, path);
  }

  async function read<Schema extends z.ZodMiniType>(
    schema: Schema,
    path: string,
  ): Promise<z.infer<Schema>> {
    return schema.parse(await (await ask(path)).json());
  }

  async function post(path: string, body: object): Promise<Response> {
    return ask(path, { method: 'POST', body: JSON.stringify(body) });
  }

  async function filesBelow(path: string, within = ''): Promise<readonly string[]> {
    const query = new URLSearchParams({ path });
    const { files } = await read(listed, `/mlflow-artifacts/artifacts?${query}`);
    const all = files.map(async ({ path: name, is_dir: isFolder }) => {
      // A name comes from the artifact store; it becomes a path here.
      if (!isPlain(name)) throw new Failure('InputInvalid', `MLflow lists the file ${name}`);
      return isFolder ? filesBelow(`${path}/${name}`, `${within}${name}/`) : [within + name];
    });
    return (await Promise.all(all)).flat();
  }

  return {
    async champions() {
      const champions: Champion[] = [];
      for (let token: string | undefined = ''; token !== undefined; ) {
        const query: URLSearchParams = new URLSearchParams({ max_results: String(PAGE) });
        if (token) query.set('page_token', token);
        const page = await read(found, `/mlflow/registered-models/search?${query}`);
        for (const { name, tags, aliases } of page.registered_models) {
          const version = aliases.find(({ alias }) => alias === ALIAS)?.version;
          const byKey = Object.fromEntries(tags.map(({ key, value }) => [key, value]));
          if (version !== undefined) champions.push({ model: name, version, tags: byKey });
        }
        token = page.next_page_token || undefined;
      }
      return champions;
    },

    async download(model, version, folder) {
      const query = new URLSearchParams({ name: model, version });
      const { artifact_uri: uri } = await read(
        z.object({ artifact_uri: z.string() }),
        `/mlflow/model-versions/get-download-uri?${query}`,
      );
      const [, root] = PROXIED.exec(uri) ?? [];
      if (root === undefined) {
        throw new Failure('InputInvalid', `MLflow does not hand on the files of ${uri}`, {
          fix: 'Start it with --serve-artifacts, and log the model again.',
        });
      }
      const files = await filesBelow(root);
      for (const file of files) {
        const path = [...root.split('/'), ...file.split('/')].map(encodeURIComponent).join('/');
        const { body } = await ask(`/mlflow-artifacts/artifacts/${path}`, {}, DOWNLOAD_MS);
        await mkdir(dirname(join(folder, file)), { recursive: true });
        await pipeline(body ? Readable.fromWeb(body) : [], createWriteStream(join(folder, file)));
      }
      return files;
    },

    async setModelTag(name, key, value) {
      await post('/mlflow/registered-models/set-tag', { name, key, value: cut(value) });
    },
    async setVersionTag(name, version, key, value) {
      await post('/mlflow/model-versions/set-tag', { name, version, key, value: cut(value) });
    },

    async addWebhook(url, secret) {
      const { webhooks } = await read(
        z.object({ webhooks: z._default(z.array(webhook), []) }),
        '/mlflow/webhooks',
      );
      for (const { webhook_id: id } of webhooks.filter((each) => each.url === url)) {
        await ask(`/mlflow/webhooks/${id}`, { method: 'DELETE' });
      }
      const events = ['CREATED', 'DELETED'].map((action) => ({
        entity: 'MODEL_VERSION_ALIAS',
        action,
      }));
      const made = await post('/mlflow/webhooks', { name: WEBHOOK, url, events, secret });
      return z.object({ webhook }).parse(await made.json()).webhook.webhook_id;
    },
    async removeWebhook(id) {
      await ask(`/mlflow/webhooks/${id}`, { method: 'DELETE' });
    },
  };
}

function isPlain(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\\\0]/.test(name);
}

function cut(value: string): string {
  return value.length <= TAG_LETTERS ? value : `${value.slice(0, TAG_LETTERS - 1)}…`;
}

async function refusal(response: Response, path: string): Promise<Failure> {
  const text = await response.text();
  const said = z.object({ message: z.string() }).safeParse(parsed(text));
  const why = said.success ? said.data.message : `it answered ${response.status}`;
  const { status } = response;
  const name =
    status === 401 || status === 403
      ? 'PlatformDenied'
      : status === 429 || status >= 500
        ? 'PlatformUnavailable'
        : 'InputInvalid';
  return new Failure(name, `MLflow refuses ${path.split('?', 1)[0]}: ${why}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
