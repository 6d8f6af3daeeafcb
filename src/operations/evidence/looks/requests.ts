import {
  APIGatewayClient,
  DeleteDeploymentCommand,
  GetDeploymentCommand,
  GetStageCommand,
} from '@aws-sdk/client-api-gateway';
import { asWritten, type Claim, notSeen, otherwise, refusedBy, type Scene } from '../claim.ts';

const UNAUTHORIZED = 401;
const FORBIDDEN = 403;

async function deploymentOf({ client, outputs }: Scene): Promise<string> {
  const stage = new GetStageCommand({ restApiId: outputs.Api, stageName: outputs.ApiStage });
  const { deploymentId = '' } = await client(APIGatewayClient).send(stage);
  return deploymentId;
}

export const REQUEST_CLAIMS: readonly Claim[] = [
  {
    row: "A request comes by the model's route to the revision that has the shares",
    look: async ({ ask, outputs, model, answered }) => {
      const url = `${outputs.Endpoint}/models/${model}/ping`;
      if (!answered.has('lambda')) return notSeen('the model was never live');
      const answers = [await ask(url), await ask(url, { 'x-api-key': 'nobody' })];
      const bodies = await Promise.all(answers.map((answer) => answer.text()));
      const what = answers.map(({ status }, at) => `${status} ${bodies[at]}`).join('; ');
      const isRight = answers.every(({ status }) => status === UNAUTHORIZED);
      return isRight && bodies.every(isOurs) ? asWritten(what) : otherwise(what);
    },
  },
  {
    row: '`/_probe` takes a request that is signed',
    look: async ({ ask, outputs, model }) => {
      const { status } = await ask(`${outputs.Endpoint}/_probe/models/${model}/ping`);
      const what = `${status} to a request that nobody has signed`;
      return status === FORBIDDEN ? asWritten(what) : otherwise(what);
    },
  },
  {
    row: '`GetDeployment?embed=apisummary` names each path',
    look: async (scene) => {
      if (!scene.answered.has('lambda')) return notSeen('the model was never live');
      const { apiSummary = {} } = await scene.client(APIGatewayClient).send(
        new GetDeploymentCommand({
          restApiId: scene.outputs.Api,
          deploymentId: await deploymentOf(scene),
          embed: ['apisummary'],
        }),
      );
      const paths = Object.keys(apiSummary);
      const isNamed = paths.some((path) => path.includes(`/models/${scene.model}`));
      const what = `${paths.length} paths`;
      return isNamed
        ? asWritten(`${what}, the model's too`)
        : otherwise(`${what}, not the model's`);
    },
  },
  {
    row: 'A deployment that no stage names is deleted, and one that a stage names is refused',
    look: async (scene) => {
      const deploymentId = await deploymentOf(scene);
      const restApiId = scene.outputs.Api;
      return refusedBy('BadRequestException', () =>
        scene
          .client(APIGatewayClient)
          .send(new DeleteDeploymentCommand({ restApiId, deploymentId })),
      );
    },
  },
];

/** An answer of the template itself: JSON with an `error`. */
function isOurs(body: string): boolean {
  try {
    return typeof JSON.parse(body).error === 'string';
  } catch {
    return false;
  }
}
