import { turns } from '#adapters/local/concurrency/turns.ts';
import type { Clock } from '#ports/clock.ts';
import type { EnvironmentImages, UnusedEnvironments } from '#ports/environment-images.ts';
import type { ModelImages } from '#ports/model-images.ts';
import { docker } from './docker.ts';

// The names that buildspecs/commands/images-in-engine.mjs gives.
const MODELS = 'slipway';
const ENVIRONMENTS = 'slipway-environment';
/** On a model's image: the tags of the environments that it was built from and proven in, separated by spaces. */
const LABEL = 'slipway.environments';
// A failed build is retried, and should then find what took minutes to make.
const FRESH_MS = 3_600_000;

type Options = {
  /** Marks everything built for one data folder; another Slipway may use the same engine. */
  readonly label: string;
  readonly clock: Clock;
};

/** The environment images in this machine's Docker engine. */
export function dockerEnvironments({
  label,
  clock,
}: Options): EnvironmentImages & UnusedEnvironments {
  const inTurn = turns(1);

  async function isFresh(tag: string): Promise<boolean> {
    const format = '{{json .Metadata.LastTagTime}}';
    const made = await docker('image', 'inspect', '--format', format, `${ENVIRONMENTS}:${tag}`);
    return clock.now() - Date.parse(JSON.parse(made)) < FRESH_MS;
  }

  async function unused(): Promise<readonly string[]> {
    const own = ['--filter', `label=${label}`, '--format', '{{.Tag}}', ENVIRONMENTS];
    const used = await usedEnvironments();
    const left = (await lines('image', 'ls', ...own)).filter((tag) => !used.has(tag));
    const isOld = await Promise.all(left.map(async (tag) => !(await isFresh(tag))));
    return left.filter((_, index) => isOld[index]);
  }

  return {
    missing: (tags) =>
      inTurn(ENVIRONMENTS, async () => {
        const there = new Set(await lines('image', 'ls', '--format', '{{.Tag}}', ENVIRONMENTS));
        return tags.filter((tag) => !there.has(tag));
      }),
    clear: (isBusy) =>
      inTurn(ENVIRONMENTS, async () => {
        if (await isBusy()) return [];
        const gone = await unused();
        for (const tag of gone) await docker('image', 'rm', `${ENVIRONMENTS}:${tag}`);
        return gone;
      }),
  };
}

/** The model images in this machine's Docker engine. */
export function dockerModelImages({ label }: Pick<Options, 'label'>): ModelImages {
  return {
    async all() {
      const format = '{{.Repository}} {{.ID}}';
      const own = ['--no-trunc', '--filter', `label=${label}`, '--format', format, `${MODELS}/*`];
      return (await lines('image', 'ls', ...own)).map((line) => {
        const [name = '', digest = ''] = line.split(' ');
        return { tag: name.slice(MODELS.length + 1), digest };
      });
    },
    async remove({ tag }) {
      await removeImage(tag);
      return true;
    },
  };
}

/** Removes a model's image. Idempotent; an image that a container still runs is `PlatformUnavailable`. */
export async function removeImage(tag: string): Promise<void> {
  // Removes by name, which belongs to one data folder: the same image stays under another folder's name.
  const image = `${MODELS}/${tag}`;
  if ((await lines('image', 'ls', '--quiet', image)).length === 0) return;
  await docker('image', 'rm', image);
}

/** The environments that any model's image uses, including those of other data folders. */
async function usedEnvironments(): Promise<ReadonlySet<string>> {
  const ids = await lines('image', 'ls', '--quiet', '--filter', `label=${LABEL}`);
  if (ids.length === 0) return new Set();
  const format = `{{index .Config.Labels "${LABEL}"}}`;
  const made = await lines('image', 'inspect', '--format', format, ...new Set(ids));
  return new Set(made.flatMap((tags) => tags.split(' ')));
}

async function lines(...args: readonly string[]): Promise<readonly string[]> {
  return (await docker(...args)).split('\n').filter(Boolean);
}
