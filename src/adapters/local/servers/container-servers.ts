import { createHash } from 'node:crypto';
import { docker } from '#adapters/local/images/docker.ts';
import { removeImage } from '#adapters/local/images/docker-images.ts';
import { ownImage } from '#adapters/local/images/own-image.ts';
import { Failure } from '#domain/failure.ts';
import { startModelContainer } from './model-container.ts';
import { type ModelServers, stillborn } from './model-server.ts';

// An internal network: its containers reach nothing beyond this machine.
const NETWORK = 'slipway-models';

const NO_IMAGE = 'was deployed without an image';
const NO_IMAGE_FIX = 'Start Slipway with --engine process, or upload the model again.';

/** The label of all containers that Slipway starts for this data folder. */
export function containerLabel(dataDir: string): string {
  return `slipway.data=${createHash('sha256').update(dataDir).digest('hex').slice(0, 16)}`;
}

/**
 * Model servers as containers of prebuilt images. Fails with `PlatformUnavailable` when no Docker engine answers.
 * First ends the containers that an earlier Slipway on the same data folder left running.
 */
export async function containerServers(dataDir: string): Promise<ModelServers> {
  const label = containerLabel(dataDir);
  await ensureNetwork();
  await removeContainers(label);
  // Left by builds killed while they started an image; an engine has room for about thirty networks.
  await docker('network', 'prune', '--force', '--filter', `label=${label}`);
  // Weights of which a killed build made no image: buildspecs/commands/images-in-engine.mjs.
  const left = [`label=${label}`, 'label=slipway.weights', 'label!=slipway.artifact-sha256'];
  await docker('image', 'prune', '--force', ...left.flatMap((each) => ['--filter', each]));

  return {
    async prepare({ revision, image }) {
      if (!image)
        throw new Failure('RevisionFailed', `${revision} ${NO_IMAGE}`, { fix: NO_IMAGE_FIX });
      await docker('image', 'inspect', '--format', '{{.Id}}', image.digest);
    },
    start(spec, log) {
      const { image } = spec;
      // A revision left by an earlier Slipway that ran models as processes.
      if (!image) return stillborn(NO_IMAGE);
      return startModelContainer({ spec, log, label, image, network: NETWORK });
    },
    async discard(revision, specs) {
      const image = ownImage(revision, specs);
      if (!image) return;
      // If it cannot be removed yet, the sweep removes it later.
      await removeImage(image.tag).catch(() => undefined);
    },
    close: () => removeContainers(label),
  };
}

async function ensureNetwork(): Promise<void> {
  const names = await docker('network', 'ls', '--format', '{{.Name}}');
  if (names.split('\n').includes(NETWORK)) return;
  await docker('network', 'create', '--internal', NETWORK);
}

async function removeContainers(label: string): Promise<void> {
  const ids = await docker('ps', '--all', '--quiet', '--filter', `label=${label}`);
  if (ids) await docker('rm', '--force', ...ids.split('\n'));
}
