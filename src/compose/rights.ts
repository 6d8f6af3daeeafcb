/** The rights of a function, each as words: names in infra/grants.cjs and infra/container-grants.cjs. */
export type Rights = {
  readonly grants: readonly string[];
  /** Its additional rights where the stack has containers. */
  readonly containerGrants?: readonly string[];
};

// Rights that functions have in common.

export const LOOK_AT_EXECUTIONS = 'lookAtDeploys lookAtPromotions lookAtRollbacks lookAtUndeploys';
export const MAKE_FUNCTIONS = 'findVersions readFunctions makeFunctions';
export const REMOVE_FUNCTIONS = 'readFunctions removeVersions unmarkLatest';
export const REMOVE_ROUTE = [
  'findVersions readShares readRoutes readStage apiLease publishRoutes',
  'listRoutes recordRoutes removeRoutes removeAliases forgetRoutes',
];
// Makes the endpoint of a route that an older Slipway has made without one, or that a dead deployment has begun.
export const MEND_ROUTES = 'apiLease publishRoutes makeRoutes allowRoutes listRoutes recordRoutes';

export const MAKE_CONTAINERS =
  'readContainers readRules makeContainers scaleContainers stopContainers';
export const MAKE_SERVICES = 'readServices makeServices stopServices';
export const MAKE_HOSTED = 'readHostedServices makeHostedServices stopHostedServices makeHosts';
export const READ_CONTAINERS = 'readContainers readServices readHostedServices';
export const STOP_CONTAINERS = 'stopContainers stopServices stopHostedServices removeContainers';
export const LOOK_AT_CONTAINERS = [READ_CONTAINERS, 'readHealth readTasks'];
// When a model has moved to another kind of target, its resources on the old one are removed once they get no more requests.
export const CLEAR = 'removeAliases readMetrics';

/** The rights of the functions beside the workflows. */
export const BESIDE: Readonly<Record<string, Rights>> = {
  Sweep: {
    grants: [
      'registry listModels listVersions findDeployments endDeployments',
      `listArtifacts ${LOOK_AT_EXECUTIONS} startExecutions sweepDeadLetters fence`,
      ...REMOVE_ROUTE,
      'listFunctions readFunctions invokeFunctions countProbes readModelLog',
      'removeVersions unmarkLatest removeImages settleStage makePreflights readMetrics readProbes',
      'limitFunctions',
    ],
    containerGrants: [
      ...LOOK_AT_CONTAINERS,
      'readRules listContainers readGroups listMetrics',
      STOP_CONTAINERS,
      'probeContainers limitContainers',
    ],
  },
  PublishEvents: { grants: ['outbox stream bus'] },
  Authorize: { grants: ['keys'] },
};
