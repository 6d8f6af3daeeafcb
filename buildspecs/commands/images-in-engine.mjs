import { docker, LABELLED } from './docker.mjs';

/** The name of an environment's image in the engine. */
export const environmentInEngine = (tag) => `slipway-environment:${tag}`;

/** Images in one machine's Docker engine, used without a registry. */
export function imagesInEngine() {
  return {
    environment: environmentInEngine,
    hasEnvironment: async (tag) => (await look(environmentInEngine(tag))) !== undefined,
    /** {reference, digest, labels} of the image with this tag, or undefined. */
    find: (tag) => look(nameOf(tag)),
    /** The engine's name for an image built there. */
    built: nameOf,
    /** Keeps an image that was built under its name. */
    keep: (tag) => look(nameOf(tag)),
    /** Deletes an image that nobody will start. */
    discard: (tag) => docker(['image', 'rm', nameOf(tag)]),
    /** Makes the image: an environment with the files of `folder` as its last layer. */
    async append({ environment, folder, labels, tag }) {
      const container = await docker(['create', ...LABELLED, environmentInEngine(environment)]);
      const changes = Object.entries(labels).map(([name, value]) => `LABEL ${name}="${value}"`);
      try {
        await docker(['cp', `${folder}/.`, `${container}:/opt/`]);
        const said = changes.flatMap((change) => ['--change', change]);
        await docker(['commit', ...said, container, nameOf(tag)]);
      } finally {
        await docker(['rm', '--force', '--volumes', container]);
      }
      return look(nameOf(tag));
    },
  };
}

function nameOf(tag) {
  return `slipway/${tag}`;
}

async function look(reference) {
  const found = await docker(['image', 'inspect', reference]).catch(() => '[]');
  const [image] = JSON.parse(found);
  return image && { reference: image.Id, digest: image.Id, labels: image.Config.Labels ?? {} };
}
