import type { EnvironmentImages } from '#ports/environment-images.ts';
import { docker } from './docker.ts';

// As buildspecs/commands/images-in-engine.mjs names them.
const MODELS = 'slipway';
const ENVIRONMENTS = 'slipway-environment';
/** Of a model's image: the tags of the environments that it was made of and proven in, with spaces between. */
const LABEL = 'slipway.environments';

/** The images of environments in this machine's Docker engine. */
export function dockerEnvironments(): EnvironmentImages {
  return {
    async missing(tags) {
      const listed = await docker('image', 'ls', '--format', '{{.Tag}}', ENVIRONMENTS);
      const there = new Set(listed.split('\n'));
      return tags.filter((tag) => !there.has(tag));
    },
  };
}

/** Takes away the image of a model, and the environments that no other one needs. What is gone already is success. */
export async function removeImage(tag: string): Promise<void> {
  // By its name, which is of one data folder: under another's name the same image stays.
  const image = `${MODELS}/${tag}`;
  const made = await environmentsOf(image);
  await docker('image', 'rm', image).catch(() => undefined);
  const used = new Set((await otherImages()).flat());
  for (const unused of made.filter((each) => !used.has(each))) {
    await docker('image', 'rm', `${ENVIRONMENTS}:${unused}`).catch(() => undefined);
  }
}

async function otherImages(): Promise<readonly (readonly string[])[]> {
  const ids = await docker('image', 'ls', '--quiet', '--filter', `label=${LABEL}`);
  return Promise.all(ids.split('\n').filter(Boolean).map(environmentsOf));
}

async function environmentsOf(image: string): Promise<readonly string[]> {
  const format = `{{index .Config.Labels "${LABEL}"}}`;
  const listed = await docker('image', 'inspect', '--format', format, image).catch(() => '');
  return listed.split(' ').filter(Boolean);
}
