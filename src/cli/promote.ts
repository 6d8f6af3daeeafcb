import { resolve } from 'node:path';
import type { Slipway } from '#control/slipway.ts';
import { Failure } from '#domain/failure.ts';
import { type Release, readRelease } from '#domain/promotion/release.ts';
import type { AwsAccount } from '#operations/account/clients.ts';
import { openOneMachine } from './one-machine.ts';
import type { Output } from './output.ts';
import { byteWords } from './views/byte-words.ts';

export type PromoteOptions = {
  readonly from: string;
  readonly to: string;
  readonly version?: number;
  readonly profile?: string;
  readonly region?: string;
  readonly toProfile?: string;
  readonly toRegion?: string;
  readonly role?: string;
  readonly externalId?: string;
  readonly requireApproval?: boolean;
};

/** A Slipway that a version comes from or goes to, and a way to bring a release from one to the other. */
type Transfer = {
  readonly source: Slipway;
  readonly target: Slipway;
  carry(
    release: Release,
    output: Output,
  ): Promise<{ readonly key: string; readonly versionId: string }>;
};

/** Brings a version of a model from one Slipway to another, and asks that one to make it live; answers the Slipway and what it began. */
export async function promote(model: string, options: PromoteOptions, output: Output) {
  const { source, target, carry } = await transferBetween(options);
  const asked = { name: model, version: options.version, place: options.from };
  const release = readRelease(JSON.stringify(await source.readRelease(asked)));
  const { from, digest } = release;
  output.line(`${model} version ${from.version} of ${options.from} is ${digest}`);
  const { key, versionId } = await carry(release, output);
  const needsApproval = options.requireApproval ?? false;
  const ask = () => target.promote({ model, key, versionId, needsApproval });
  return { slipway: target, ask };
}

/** A folder has a dot or a slash in its name, which no stage has. */
function isFolder(place: string): boolean {
  return /[./\\]/.test(place);
}

async function transferBetween(options: PromoteOptions): Promise<Transfer> {
  const { from, to } = options;
  if (isFolder(from) !== isFolder(to)) {
    throw new Failure('InputInvalid', `${from} and ${to} are not of one kind`, {
      fix: 'Promote between two stages in AWS, or between two folders of this machine (./staging).',
    });
  }
  return isFolder(from) ? betweenFolders(options) : betweenAccounts(options);
}

function samePlace(place: string): Failure {
  return new Failure('InputInvalid', `${place} is where it comes from and where it goes`, {
    fix: 'Name two places; `slipway rollback` makes an earlier version live again in one.',
  });
}

async function betweenFolders({ from, to }: PromoteOptions): Promise<Transfer> {
  if (resolve(from) === resolve(to)) throw samePlace(from);
  const [source, target] = await Promise.all([openOneMachine(from), openOneMachine(to)]);
  const { carryBetweenFolders } = await import('#operations/promotion/folders.ts');
  return {
    source,
    target,
    carry: (release) => carryBetweenFolders(release, { from, to, target }),
  };
}

async function betweenAccounts(options: PromoteOptions): Promise<Transfer> {
  const { profile, region, role, externalId } = options;
  if (externalId !== undefined && role === undefined) {
    throw new Failure('InputInvalid', 'an external id is given, and no role to assume with it', {
      fix: 'Name the role with --role ARN.',
    });
  }
  const from: AwsAccount = { stage: options.from, profile, region };
  const to: AwsAccount = {
    stage: options.to,
    profile: options.toProfile ?? profile,
    region: options.toRegion ?? region,
    ...(role !== undefined && { role: { arn: role, externalId } }),
  };
  const isSame = from.profile === to.profile && from.region === to.region && role === undefined;
  if (isSame && from.stage === to.stage) throw samePlace(from.stage);
  const [{ openAwsAccount }, { carryBetweenAccounts }] = await Promise.all([
    import('#operations/account/account.ts'),
    import('#operations/account/carry-release.ts'),
  ]);
  const [source, target] = await Promise.all([openAwsAccount(from), openAwsAccount(to)]);
  return {
    source,
    target,
    async carry(release, output) {
      let copied = 0;
      const done = output.busy(() => [`copied ${byteWords(copied)} of its image`]);
      const onCopied = (bytes: number) => {
        copied = bytes;
      };
      try {
        return await carryBetweenAccounts(release, { from, to, onCopied });
      } finally {
        done();
        output.line(`copied ${byteWords(copied)} that ${options.to} did not have`);
      }
    },
  };
}
