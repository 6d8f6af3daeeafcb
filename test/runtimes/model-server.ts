import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CHANNEL_FD,
  type ChannelMessage,
  type ModelChannel,
  modelChannel,
} from '#adapters/local/servers/model-channel.ts';
import type { Env, Runtime, TestModels } from './runtime.ts';

/** `text` is the body as it came, for numbers that JSON.parse would round; `json` is the body read. */
export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: ReturnType<typeof JSON.parse>;
};

export type ModelServer = {
  readonly url: string;
  readonly child: ChildProcess;
  /** The message with which the server says that its model is loaded. */
  readonly ready: Promise<ChannelMessage>;
  readonly get: (path: string, init?: RequestInit) => Promise<Answer>;
  readonly post: (path: string, body: unknown, headers?: Env) => Promise<Answer>;
  /** Everything the process has written to stderr. */
  readonly stderr: () => string;
};

/** One of the models for tests, by its name and its parameters. */
export type Wanted = {
  readonly [Name in keyof TestModels]-?: readonly [Name, ...Parameters<Required<TestModels>[Name]>];
}[keyof TestModels];

// A server has a dozen threads, and a user may have no more than 512.
const MOST_SHARED = 12;

const started: ChildProcess[] = [];
const folders: string[] = [];
const shared = new Map<string, Promise<ModelServer>>();

/** A folder with these files, which goes when the test file ends. */
export async function modelFolder(
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-model-'));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

/** The environment that a server is started with, beside the place of its model. */
export function serverEnv(runtime: Runtime, env: Env): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...runtime.env,
    MODEL_NAME: 'm',
    PORT: '0',
    CHANNEL_FD: String(CHANNEL_FD),
    ...env,
  };
}

/** Starts the server of a model, named `m`, on a free port, and waits until it listens. */
export async function startListening(
  runtime: Runtime,
  model: Env | Promise<Env>,
  env: Env = {},
): Promise<ModelServer> {
  const [command, ...args] = runtime.command;
  const child = spawn(command, args, {
    env: serverEnv(runtime, { ...(await model), ...env }),
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const channel = modelChannel(child);
  started.push(child);
  child.stdout?.resume();
  let stderr = '';
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the server ended with ${code}: ${stderr}`);
  });
  const ready = Promise.race([messageWith(channel, 'ready'), ended]);
  // Only callers that wait for it learn that it will never be ready.
  ready.catch(() => undefined);
  const listening = await Promise.race([messageWith(channel, 'listening'), ended]);
  const port = 'listening' in listening && listening.listening;
  const url = `http://127.0.0.1:${port}`;
  const call = async (path: string, init?: RequestInit) => answerOf(await fetch(url + path, init));
  return {
    url,
    child,
    ready,
    get: call,
    post: (path, body, headers = {}) =>
      call(path, {
        method: 'POST',
        body: typeof body === 'string' || body instanceof Blob ? body : JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      }),
    stderr: () => stderr,
  };
}

/** Does the same as `startListening`, and waits until the model is loaded. */
export async function startModel(
  runtime: Runtime,
  model: Env | Promise<Env>,
  env: Env = {},
): Promise<ModelServer> {
  const server = await startListening(runtime, model, env);
  await server.ready;
  return server;
}

/** Does the same as `startModel` for the first caller; all others of this test file get the same server. It must not be ended or changed. */
export function sharedModel(runtime: Runtime, wanted: Wanted, env: Env = {}): Promise<ModelServer> {
  const key = JSON.stringify([runtime.serverName, wanted, env]);
  const [name, ...given] = wanted;
  const make = runtime.models[name] as (...given: readonly unknown[]) => Promise<Env>;
  const server = shared.get(key) ?? startModel(runtime, make(...given), env);
  // The one that was asked for last comes last.
  shared.delete(key);
  shared.set(key, server);
  return server;
}

/** When it returns, the server has read whatever was sent to it before. */
export async function caughtUp(server: { readonly url: string }): Promise<void> {
  for (let i = 0; i < 10; i += 1) await fetch(`${server.url}/ping`);
}

/** Kills the servers of this test file that later tests do not share: all but the shared ones that were asked for last. */
export async function stopMostServers(): Promise<void> {
  for (const key of [...shared.keys()].slice(0, -MOST_SHARED)) shared.delete(key);
  const servers = await Promise.allSettled(shared.values());
  const kept = servers.flatMap((it) => (it.status === 'fulfilled' ? [it.value.child] : []));
  for (const child of started.filter((it) => !kept.includes(it))) child.kill('SIGKILL');
  started.splice(0, started.length, ...kept);
}

/** Kills every server of this test file and removes its folders. */
export async function stopServers(): Promise<void> {
  shared.clear();
  for (const child of started.splice(0)) child.kill('SIGKILL');
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
}

function messageWith(channel: ModelChannel, key: string): Promise<ChannelMessage> {
  return new Promise((resolve) => {
    channel.onMessage((message) => {
      if (key in message) resolve(message);
    });
  });
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: text ? JSON.parse(text) : undefined,
  };
}
