import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

// The settings in which Docker keeps logins and the programs that know some. https://docs.docker.com/reference/cli/docker/login/#description
const LOGINS = ['auths', 'credHelpers', 'credsStore'];
// Docker Hub's tokens are kept here too, beside the configuration.
const SECRET_FILES = new Set(['config.json', '.token_seed', '.token_seed.lock']);

/**
 * Calls `build` with an environment in which Docker has no login to any registry: public images can be pulled, and nothing else.
 * Everything else that the user has set for Docker stays: plugins, contexts and builders.
 * @template Result
 * @param {(environment: NodeJS.ProcessEnv) => Promise<Result>} build
 * @returns {Promise<Result>}
 */
export async function withoutLogin(build, environment = process.env) {
  const own = environment.DOCKER_CONFIG || join(environment.HOME || homedir(), '.docker');
  const folder = await mkdtemp(join(tmpdir(), 'slipway-docker-'));
  try {
    await mkdir(folder, { recursive: true });
    for (const name of await readdir(own).catch(absent)) {
      if (!SECRET_FILES.has(name)) await symlink(join(own, name), join(folder, name));
    }
    const set = await readFile(join(own, 'config.json'), 'utf8').catch(() => '{}');
    const kept = Object.entries(JSON.parse(set)).filter(([name]) => !LOGINS.includes(name));
    await writeFile(join(folder, 'config.json'), JSON.stringify(Object.fromEntries(kept)));
    const { DOCKER_AUTH_CONFIG: _, ...others } = environment;
    return await build({ ...others, DOCKER_CONFIG: folder });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * @param {NodeJS.ErrnoException} error
 * @returns {string[]}
 */
function absent(error) {
  if (error.code === 'ENOENT') return [];
  throw error;
}
