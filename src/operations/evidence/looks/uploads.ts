import {
  BatchGetBuildsCommand,
  CodeBuildClient,
  ListBuildsForProjectCommand,
} from '@aws-sdk/client-codebuild';
import { HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  paginateListExecutions,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { compareOrder } from '#domain/deployment.ts';
import { objectCreated } from '#domain/workflow.ts';
import { asWritten, type Claim, notSeen, otherwise, refusedBy, type Scene } from '../claim.ts';

type Started = {
  readonly arn: string;
  readonly name: string;
  readonly key: string;
  readonly versionId: string;
  readonly sequencer: string;
};

/** The executions that uploads of the model started, in the order of the uploads. */
async function startedOf(scene: Scene): Promise<readonly Started[]> {
  return ofUploads(scene, await executionsOf(scene));
}

function ofUploads({ uploads }: Scene, all: readonly Started[]): readonly Started[] {
  return uploads.flatMap(({ versionId }) => all.find((each) => each.versionId === versionId) ?? []);
}

// Four looks request them one after the other, and before the first, all uploads are complete.
const known = new WeakMap<Scene, Promise<readonly Started[]>>();

/** The executions whose input is an event of S3; listed once for all looks at a scene. */
function executionsOf(scene: Scene): Promise<readonly Started[]> {
  const before = known.get(scene);
  if (before) return before;
  const found = listExecutions(scene);
  known.set(scene, found);
  // The next look requests them again.
  found.catch(() => known.delete(scene));
  return found;
}

async function listExecutions({ client, outputs }: Scene): Promise<readonly Started[]> {
  const sfn = client(SFNClient);
  const stateMachineArn = outputs.StateMachine;
  const found: Started[] = [];
  for await (const { executions = [] } of paginateListExecutions(
    { client: sfn },
    { stateMachineArn },
  )) {
    for (const { executionArn: arn = '', name = '' } of executions) {
      const { input = '{}' } = await sfn.send(new DescribeExecutionCommand({ executionArn: arn }));
      const event = objectCreated.safeParse(JSON.parse(input));
      if (!event.success) continue;
      const { key, 'version-id': versionId = '', sequencer = '' } = event.data.detail.object;
      found.push({ arn, name, key, versionId, sequencer });
    }
  }
  return found;
}

export const UPLOAD_CLAIMS: readonly Claim[] = [
  {
    row: "EventBridge starts the deploy machine with S3's event",
    look: async (scene) => {
      if (scene.uploads.length === 0) return notSeen('nothing was uploaded');
      const all = await executionsOf(scene);
      const started = ofUploads(scene, all);
      const versions = all.map(({ versionId }) => versionId || 'none');
      const what = `${started.length} of ${scene.uploads.length} uploads are the input of an execution; the executions name the versions ${versions.join(', ') || 'of no upload'}`;
      return started.length === scene.uploads.length ? asWritten(what) : otherwise(what);
    },
  },
  {
    row: "S3's sequencers grow within a key",
    look: async (scene) => {
      const [first, second] = await startedOf(scene);
      if (!first || !second) return notSeen('two uploads of one key have not started executions');
      const what = `${first.sequencer}, then ${second.sequencer}`;
      // Only the key and the sequencer are passed, so that nothing else decides which is newer.
      const order = ({ key, sequencer }: Started) =>
        ({ key, sequencer, versionId: '', lastModifiedMs: 0 }) as const;
      return compareOrder(order(second), order(first)) > 0 ? asWritten(what) : otherwise(what);
    },
  },
  {
    row: 'Versions, delete markers, ranged reads',
    look: async ({ client, outputs, uploads }) => {
      const [upload] = uploads;
      if (!upload) return notSeen('nothing was uploaded');
      const head = await client(S3Client).send(
        new HeadObjectCommand({
          Bucket: outputs.Bucket,
          Key: upload.key,
          VersionId: upload.versionId,
          ChecksumMode: 'ENABLED',
        }),
      );
      const what = `CRC64NVME ${head.ChecksumCRC64NVME}, of ${head.ChecksumType}`;
      const isWhole = head.ChecksumCRC64NVME && head.ChecksumType === 'FULL_OBJECT';
      return isWhole && head.VersionId === upload.versionId ? asWritten(what) : otherwise(what);
    },
  },
  {
    row: '`codebuild:startBuild.sync` answers',
    look: async (scene) => {
      const build = await buildAnswer(scene);
      if (build === undefined) return notSeen('no build of an upload has ended well');
      const variables = build['ExportedEnvironmentVariables'];
      const what = `Build has ${Object.keys(build).length} fields`;
      return Array.isArray(variables) && variables.length > 0
        ? asWritten(`${what}, and ${variables.length} exported variables`)
        : otherwise(`${what}, and no exported variables`);
    },
  },
  {
    row: 'CodeBuild runs `buildspecs/environment.yml`',
    look: async (scene) => {
      const build = await buildAnswer(scene);
      return build === undefined
        ? notSeen('no build of an upload has ended well')
        : asWritten('a version that it built has answered');
    },
  },
  {
    row: '`BatchGetBuilds` answers the variables with which a build was started',
    look: async ({ client, stage }) => {
      const codeBuild = client(CodeBuildClient);
      const list = new ListBuildsForProjectCommand({ projectName: `slipway-${stage}-image` });
      const { ids = [] } = await codeBuild.send(list);
      if (ids.length === 0) return notSeen('there was no build');
      const { builds = [] } = await codeBuild.send(
        new BatchGetBuildsCommand({ ids: ids.slice(0, 1) }),
      );
      const [build] = builds;
      const variables = build?.environment?.environmentVariables ?? [];
      const phases = build?.phases ?? [];
      const what = `${variables.length} variables, ${phases.length} phases, the log ${build?.logs?.groupName}`;
      const isTold = variables.length > 0 && phases.length > 0 && build?.logs?.groupName;
      return isTold ? asWritten(what) : otherwise(what);
    },
  },
  {
    row: 'A name is taken again only while it runs',
    look: async (scene) => {
      const [first] = await startedOf(scene);
      if (!first) return notSeen('no upload has started an execution');
      const again = {
        stateMachineArn: scene.outputs.StateMachine,
        name: first.name,
        input: '{}',
      };
      return refusedBy('ExecutionAlreadyExists', () =>
        scene.client(SFNClient).send(new StartExecutionCommand(again)),
      );
    },
  },
];

type Build = Readonly<Record<string, unknown>>;

/** The first execution's answer from its build of an image. */
async function buildAnswer(scene: Scene): Promise<Build | undefined> {
  const [first] = await startedOf(scene);
  if (!first) return undefined;
  const { events = [] } = await scene
    .client(SFNClient)
    .send(new GetExecutionHistoryCommand({ executionArn: first.arn, maxResults: 1000 }));
  const answers = events.flatMap(({ taskSucceededEventDetails: details }) =>
    details?.resourceType === 'codebuild' ? [JSON.parse(details.output ?? '{}')] : [],
  );
  return answers.at(-1)?.Build;
}
