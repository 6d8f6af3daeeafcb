import { once } from 'node:events';
import { type Config, readConfig } from './config.ts';
import { messageOf } from './json.ts';
import { drainOnSignal, endWithParent } from './lifecycle.ts';
import { createRoutes } from './routes.ts';
import { createModelServer } from './server.ts';
import { openSession, type Session } from './session.ts';

// onnxruntime sends usage events unless this stands in the environment before it loads.
process.env['ORT_DISABLE_TELEMETRY'] = '1';

endWithParent(process.env);
const config = configure();
const opening = openSession(config.modelPath, exitWith(1)).catch(exitWith(1));
let session: Session | undefined;
const routes = createRoutes(config, () => session);
const server = createModelServer(routes, config);
drainOnSignal(server, async () => (await opening).idle(), config.drainSeconds);

server.once('error', exitWith(2));
const { listening: fd, port, host } = config;
server.listen(fd === null ? { port, host } : { fd });
await once(server, 'listening');
const address = server.address();
if (address && typeof address === 'object') {
  console.log(`${config.name} listens on http://${config.host}:${address.port}`);
  process.send?.({ listening: address.port });
}
session = await opening;
console.log(`${config.name} is ready`);
process.send?.({ ready: true });

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
