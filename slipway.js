#!/usr/bin/env node
// The command, published and in a clone. Slipway needs Node 22.18; below that it runs on the Node which it brings along as a dependency.
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, existsSync, constants as files } from 'node:fs';
import module from 'node:module';
import { constants, homedir } from 'node:os';
import { join } from 'node:path';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';

// A clone runs its TypeScript as it is, whatever bundle an earlier packing has left there; what is published has the bundle alone.
const SOURCE = new URL('src/cli/main.ts', import.meta.url);
const MAIN = existsSync(SOURCE) ? SOURCE : new URL('dist/cli/main.js', import.meta.url);
if (MAIN === SOURCE && !existsSync(new URL('node_modules', import.meta.url))) installClone();
if (MAIN !== SOURCE && process.argv[2] === 'start') installRuntime();
const [major, minor] = process.versions.node.split('.').map(Number);

reachThisMachine();
if (process.channel) endWithParent();
if (major > 22 || (major === 22 && minor >= 18)) {
  // Without it two thirds of what a command takes is compiling. The user's own folder: what others may write must not be run.
  const home = ownHome();
  const caches = process.env.XDG_CACHE_HOME || join(home, '.cache');
  module.enableCompileCache(join(caches, 'slipway', 'compiled'));
  await import(MAIN);
} else {
  const child = spawn(ownNode(), [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    // The channel carries nothing: it closes when this process is gone, however it ended.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  // A Ctrl-C at a terminal reaches both, and a second one would end the other at once; from elsewhere it reaches this one alone.
  const hasTerminal = [0, 1, 2].some((stream) => isatty(stream));
  process.on('SIGINT', () => hasTerminal || child.kill('SIGINT'));
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
  child.on('error', giveUp);
}

/** Where Node asks by a proxy (NODE_USE_ENV_PROXY), it would ask that for this machine too: a command for its Slipway, and Slipway for its models. */
function reachThisMachine() {
  const name = process.env.no_proxy === undefined ? 'NO_PROXY' : 'no_proxy';
  const spared = process.env[name];
  if (spared !== '*')
    process.env[name] = [...(spared ? [spared] : []), '127.0.0.1,localhost,::1'].join();
}

/** A user without an account, as in many containers, may have no home; then nothing is cached. Libraries that ask for one, and fail where there is none, get the same answer. */
function ownHome() {
  try {
    return homedir();
  } catch {
    process.env.HOME = '/nonexistent';
    return process.env.HOME;
  }
}

/** Who started this on another Node may be killed: then this stops as by SIGTERM, where it would go on unseen and keep its ports. */
function endWithParent() {
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel.unref();
}

/** A fresh clone gets what one machine needs; what is said goes where no program reads. */
function installClone() {
  const cwd = fileURLToPath(new URL('.', import.meta.url));
  process.stderr.write('slipway: installing what a fresh clone needs\n');
  const install = spawnSync(process.execPath, ['install.js', '--omit=dev'], {
    cwd,
    stdio: ['ignore', 2, 2],
  });
  if (install.status !== 0) process.exit(1);
}

/**
 * The published package goes without ONNX Runtime where its install script fails, which downloads GPU libraries that nothing here uses; what a CPU needs is in the package itself.
 * It is put beside the bundle, where that finds it; a user who may not write there is told who can.
 */
function installRuntime() {
  const require = module.createRequire(MAIN);
  const { optionalDependencies } = require('../../package.json');
  const wanted = Object.entries(optionalDependencies).filter(
    ([name]) => !isInstalled(require, name),
  );
  if (wanted.length === 0) return;
  const folder = fileURLToPath(new URL('dist', import.meta.url));
  const names = wanted.map(([name, version]) => `${name}@${version}`);
  const command = `npm install --no-save --ignore-scripts --prefix "${folder}" ${names.join(' ')}`;
  if (!mayWrite(folder)) {
    process.stderr.write(
      `slipway: ${names.join(', ')} is missing, and this user may not write to ${folder}, where it belongs\n` +
        `→ Once, as the user who installed Slipway: ${command}\n`,
    );
    process.exit(1);
  }
  process.stderr.write(`slipway: installing ${names.join(', ')} without its install script\n`);
  const install = spawnSync(`${command} --no-audit --no-fund --loglevel=error`, {
    shell: true,
    stdio: ['ignore', 2, 2],
  });
  if (install.status !== 0) process.exit(1);
}

function mayWrite(folder) {
  try {
    accessSync(folder, files.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Found by its entry, since the exports of a package may hide its other files. */
function isInstalled(require, name) {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}

function ownNode() {
  try {
    return module.createRequire(import.meta.url).resolve('node/bin/node');
  } catch {
    return giveUp();
  }
}

function giveUp() {
  process.stderr.write(
    `slipway: Node ${process.versions.node} is too old, and the package \`node\` is not installed; use Node 22.18 or later\n`,
  );
  process.exit(1);
}
