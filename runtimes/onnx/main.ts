import { once } from 'node:events';
import { extname } from 'node:path';
import { openCapture } from './capture/capture.ts';
import type { Fields } from './capture/fields.ts';
import { type Config, readConfig } from './config.ts';
import { readImageFolder } from './images/folder.ts';
import { isImages, openImages } from './images/model.ts';
import { isFolder, readFolder } from './language/folder.ts';
import { isLanguage, openLanguage, openStatic } from './language/model.ts';
import { readStaticFolder } from './language/static/folder.ts';
import { drainOnSignal, openChannel } from './serving/lifecycle.ts';
import { createRoutes, SERVER_NAME } from './serving/routes.ts';
import { createModelServer } from './serving/server.ts';
import { openSession, type Session, sessionThread } from './session/session.ts';
import { messageOf } from './values/json.ts';
import type { Signature } from './values/tensors.ts';
import { worded } from './worded.ts';

// onnxruntime sends usage events unless this is set before it loads.
process.env['ORT_DISABLE_TELEMETRY'] = '1';

const channel = openChannel(process.env);
const isSpare = Boolean(process.env['AWAIT_MODEL']);
// In the bundle, this file contains everything but that thread's script.
const script = new URL(`./session-worker${extname(import.meta.url)}`, import.meta.url);
const thread = sessionThread(script, isSpare);
if (isSpare) Object.assign(process.env, await channel.environment());
const config = configure();
// The environment of a spare server does not say which model it serves.
if (isSpare) process.title = `${SERVER_NAME} ${config.revision}`;
const opening = openModel(config).catch(exitWith(1));
let session: Session | undefined;
const routes = createRoutes(config, () => session);
const capture = config.capture && openCapture(config.capture, config.revision);
const server = createModelServer(routes, config, capture && { capture, fields });
drainOnSignal(server, idle, config.drainSeconds);

server.once('error', exitWith(2));
const { listening: fd, port, host } = config;
server.listen(fd === null ? { port, host } : { fd });
await once(server, 'listening');
const address = server.address();
if (address && typeof address === 'object') {
  console.log(worded('listensOn', config.name, config.host, address.port));
  channel.tell({ listening: address.port });
}
session = await opening;
console.log(`${config.name} is ready`);
channel.tell({ ready: true });

/** Opens a model over images or texts from a folder, which also holds the settings that prepare its inputs; else a single file. */
async function openModel({ modelPath: path, batchRows }: Config): Promise<Session> {
  if (!(await isFolder(path))) return openSession(thread, path, exitWith(1), batchRows);
  const images = await readImageFolder(path);
  if (images) return openImages(await openSession(thread, images.modelPath, exitWith(1)), images);
  const table = await readStaticFolder(path);
  if (table) return openStatic(table);
  const folder = await readFolder(path);
  return openLanguage(await openSession(thread, folder.modelPath, exitWith(1)), folder);
}

async function idle(): Promise<void> {
  await (await opening).idle();
  capture?.flush();
}

/** The fields of a request that may be kept. */
function fields(): Fields {
  if (!session) throw new Error('no model is loaded');
  const names = (specs: Signature['inputs']) => specs.map(({ name }) => name);
  return {
    inputs: names(session.signature.inputs),
    outputs: names(session.signature.outputs),
    hasTask: isLanguage(session) || isImages(session),
  };
}

function configure(): Config {
  try {
    return readConfig(process.env);
  } catch (error) {
    return exitWith(2)(error);
  }
}

function exitWith(code: number): (error: unknown) => never {
  return (error) => {
    console.error(messageOf(error));
    process.exit(code);
  };
}
